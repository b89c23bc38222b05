import { z } from 'zod'
import { AttachmentBrief, MAX_ATTACHMENTS } from './attachments'
import { Actor, ChannelFields, Flag, Handle, Id, PageQuery, Target, Time, page, targetIn } from './common'
import { MemberKind } from './channels'
import { routes } from './route'
import { Delivery, Run } from './runs'
import { SearchSort, SearchText } from './search'
import { MAX_CONTENT } from './lengths'

export { MAX_CONTENT }

export * from './notice'

export const MessageKind = z.enum(['note', 'decision', 'blocker', 'status'])
export type MessageKind = z.infer<typeof MessageKind>

/** Names that call everybody in a channel, or everybody in it who is here. They never start an agent. */
export const GROUP_NAMES = ['channel', 'here'] as const

/** `channel`: `@channel` or `@here`, which only people can say; `id` is then the channel's. */
export const Mention = z.object({ kind: z.enum([...MemberKind.options, 'channel']), id: Id, name: Handle })
export type Mention = z.infer<typeof Mention>

/** Different emoji on one message, and reactions on it altogether. */
export const MAX_EMOJI = 20
export const MAX_REACTIONS = 500
/** Pinned messages of a channel. */
export const MAX_PINS = 100
/** Earlier versions of a message that are kept; after so many edits it stays as it is. */
export const MAX_EDITS = 100
/** Length of a message's metadata as JSON, in UTF-16 code units. */
export const MAX_METADATA = 16_384

/** Starts with a picture, a flag, a keycap or a pictogram, and goes on with what belongs to one picture. */
const PICTURE =
  /^(?:\p{RI}\p{RI}|[0-9#*]\uFE0F?\u20E3|\p{ExtPict}(?:\p{EMod}|\uFE0F)?(?:\u200D\p{ExtPict}(?:\p{EMod}|\uFE0F)?)*[\u{E0020}-\u{E007F}]*)$/u

/** One emoji as it is written, such as 👍 or 👩‍💻: no text, no second one. */
export const Emoji = z
  .string()
  .min(1)
  .max(32)
  .refine((text) => PICTURE.test(text) && !/^[\x20-\x7e]$/.test(text), 'use one emoji')

export const Reaction = z.object({
  emoji: Emoji,
  /** Who, in the order in which they reacted; each once. */
  by: z.array(z.object({ kind: MemberKind, id: Id })),
})
export type Reaction = z.infer<typeof Reaction>

export const Pinned = z.object({ by: Actor, at: Time })
export type Pinned = z.infer<typeof Pinned>

export const Message = z.object({
  id: Id,
  target: Target,
  /** The first message of the thread that this one is in; null at the top level. */
  threadId: z.string().nullable(),
  kind: MessageKind,
  sender: Actor,
  /** Markdown, as it was written. Empty when the message was deleted. */
  content: z.string(),
  mentions: z.array(Mention),
  /** What a system message is about, for a reader's own words: `channel.member_added`, `guard.tripped` … */
  system: z.object({ type: z.string(), data: z.record(z.string(), z.unknown()) }).nullable(),
  /** The run whose answer this is. */
  runId: z.string().nullable(),
  /** Of a thread's first message. */
  replyCount: z.number().int(),
  lastReplyAt: Time.nullable(),
  attachments: z.array(AttachmentBrief),
  reactions: z.array(Reaction),
  pinned: Pinned.nullable(),
  /** What a program added to it; never shown as text and never an instruction. */
  metadata: z.record(z.string(), z.unknown()).nullable(),
  /** The path of its page in the console. */
  permalink: z.string(),
  editedAt: Time.nullable(),
  /** When it was deleted: its place and its replies stay, what it said is gone. */
  deletedAt: Time.nullable(),
  createdAt: Time,
})
export type Message = z.infer<typeof Message>

/** A page of messages with what became of them, so that one request draws the screen. */
export const MessagePage = page(Message).extend({ deliveries: z.array(Delivery), runs: z.array(Run) })
export type MessagePage = z.infer<typeof MessagePage>

/** What a message said until it was edited. */
export const MessageVersion = z.object({ content: z.string(), writtenAt: Time, replacedAt: Time })
export type MessageVersion = z.infer<typeof MessageVersion>

const One = z.object({ id: Id })
const Metadata = z
  .record(z.string(), z.unknown())
  .refine((value) => JSON.stringify(value).length <= MAX_METADATA, 'metadata is too long')

export const messageRoutes = routes({
  'GET /api/messages': {
    summary: 'Messages of a channel or a thread, newest first',
    tag: 'messages',
    who: ['user', 'agent'],
    query: PageQuery.extend({
      ...ChannelFields,
      threadId: Id.optional(),
      /** Messages after this one, oldest first: for catching up. `0`: from the first one on. */
      after: z.union([Id, z.literal('0')]).optional(),
      /** Messages around this one, newest first: for a permalink. */
      around: Id.optional(),
    }).transform(targetIn),
    response: MessagePage,
  },
  'GET /api/messages/search': {
    summary: 'Search the messages that the caller may see',
    tag: 'messages',
    who: ['user', 'agent'],
    query: PageQuery.extend({
      q: SearchText,
      target: Target.optional(),
      /** A name; the same as `from:` in the text. */
      sender: Handle.optional(),
      hasAttachment: Flag.optional(),
      /** Default `recent`. */
      sort: SearchSort.optional(),
    }),
    response: page(Message),
    errors: ['invalid_search'],
  },
  'GET /api/messages/{id}': {
    summary: 'One message with its deliveries',
    tag: 'messages',
    who: ['user', 'agent'],
    params: z.object({ id: Id }),
    response: z.object({ message: Message, deliveries: z.array(Delivery), runs: z.array(Run) }),
  },
  'POST /api/messages': {
    summary: 'Write a message; mentioned agents get a delivery',
    tag: 'messages',
    who: ['user', 'agent'],
    role: 'member',
    status: 201,
    body: z
      .strictObject({
        ...ChannelFields,
        /** May be empty when there are files. */
        content: z.string().max(MAX_CONTENT),
        /** Names that are put in front of the text as `@name` where they are not in it. */
        mentions: z.array(Handle).max(50).optional(),
        /** The caller’s own name: nobody writes in another’s. */
        sender: Handle.optional(),
        /** The caller’s own files, uploaded for this target, that no message carries yet. */
        attachmentIds: z.array(Id).max(MAX_ATTACHMENTS).optional(),
        threadId: Id.optional(),
        kind: MessageKind.optional(),
        metadata: Metadata.optional(),
        /** Makes a repeated request safe; the header `Idempotency-Key` does the same. */
        requestId: z.string().min(1).max(128).optional(),
      })
      .transform(targetIn),
    response: z.object({ message: Message, deliveries: z.array(Delivery) }),
    errors: [
      'idempotency_conflict',
      'sender_mismatch',
      'mention_unknown',
      'channel_archived',
      'too_many_mentioned',
      'attachment_unknown',
      'attachment_elsewhere',
      'attachment_used',
    ],
  },
  'PATCH /api/messages/{id}': {
    summary: 'Change what an own message says; agents that it mentions for the first time get a delivery',
    tag: 'messages',
    who: ['user', 'agent'],
    role: 'member',
    params: One,
    body: z.strictObject({ content: z.string().min(1).max(MAX_CONTENT) }),
    response: z.object({ message: Message, deliveries: z.array(Delivery) }),
    errors: ['not_author', 'message_deleted', 'channel_archived', 'too_many_edits', 'too_many_mentioned'],
  },
  'DELETE /api/messages/{id}': {
    summary: 'Delete an own message, or any message of a channel as its admin; its replies stay',
    tag: 'messages',
    who: ['user', 'agent'],
    role: 'member',
    params: One,
    response: Message,
    errors: ['not_author', 'channel_archived'],
  },
  'GET /api/messages/{id}/edits': {
    summary: 'What a message said before its edits, oldest first',
    tag: 'messages',
    who: ['user', 'agent'],
    params: One,
    response: page(MessageVersion),
  },
  'PUT /api/messages/{id}/reactions/{emoji}': {
    summary: 'React with an emoji',
    tag: 'messages',
    who: ['user', 'agent'],
    role: 'member',
    params: One.extend({ emoji: Emoji }),
    response: Message,
    errors: ['message_deleted', 'channel_archived', 'too_many_reactions'],
  },
  'DELETE /api/messages/{id}/reactions/{emoji}': {
    summary: 'Take a reaction back',
    tag: 'messages',
    who: ['user', 'agent'],
    role: 'member',
    params: One.extend({ emoji: Emoji }),
    response: Message,
  },
  'PUT /api/messages/{id}/pin': {
    summary: 'Pin a message to its channel',
    tag: 'messages',
    who: ['user', 'agent'],
    role: 'member',
    params: One,
    response: Message,
    errors: ['message_deleted', 'channel_archived', 'too_many_pins'],
  },
  'DELETE /api/messages/{id}/pin': {
    summary: 'Unpin a message',
    tag: 'messages',
    who: ['user', 'agent'],
    role: 'member',
    params: One,
    response: Message,
  },
  'GET /api/channels/{target}/pins': {
    summary: 'Pinned messages, the latest pinned first',
    tag: 'messages',
    who: ['user', 'agent'],
    params: z.object({ target: Target }),
    response: page(Message),
  },
})
