import { z } from 'zod'
import { Actor, Flag, Handle, Id, PageQuery, Target, Time, page } from './common'
import { MemberKind } from './channels'
import { routes } from './route'
import { Delivery, Run } from './runs'
import { SearchSort, SearchText } from './search'

export const MessageKind = z.enum(['note', 'decision', 'blocker', 'status'])
export type MessageKind = z.infer<typeof MessageKind>

/** Longest message, in UTF-16 code units. */
export const MAX_CONTENT = 40_000

export const Mention = z.object({ kind: MemberKind, id: Id, name: Handle })
export type Mention = z.infer<typeof Mention>

export const Message = z.object({
  id: Id,
  target: Target,
  /** The first message of the thread that this one is in; null at the top level. */
  threadId: z.string().nullable(),
  kind: MessageKind,
  sender: Actor,
  content: z.string(),
  mentions: z.array(Mention),
  /** What a system message is about, for a reader's own words: `channel.member_added`, `guard.tripped` … */
  system: z.object({ type: z.string(), data: z.record(z.string(), z.unknown()) }).nullable(),
  /** The run whose answer this is. */
  runId: z.string().nullable(),
  /** Of a thread's first message. */
  replyCount: z.number().int(),
  lastReplyAt: Time.nullable(),
  createdAt: Time,
})
export type Message = z.infer<typeof Message>

/** A page of messages with what became of them, so that one request draws the screen. */
export const MessagePage = page(Message).extend({ deliveries: z.array(Delivery), runs: z.array(Run) })
export type MessagePage = z.infer<typeof MessagePage>

export const messageRoutes = routes({
  'GET /api/messages': {
    summary: 'Messages of a channel or a thread, newest first',
    tag: 'messages',
    who: ['user', 'agent'],
    query: PageQuery.extend({
      target: Target,
      threadId: Id.optional(),
      /** Messages after this one, oldest first: for catching up. */
      after: Id.optional(),
      /** Messages around this one, newest first: for a permalink. */
      around: Id.optional(),
    }),
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
    body: z.strictObject({
      target: Target,
      content: z.string().min(1).max(MAX_CONTENT),
      threadId: Id.optional(),
      kind: MessageKind.optional(),
      /** Makes a repeated request safe; the header `Idempotency-Key` does the same. */
      requestId: z.string().min(1).max(128).optional(),
    }),
    response: z.object({ message: Message, deliveries: z.array(Delivery) }),
    errors: ['idempotency_conflict', 'channel_archived'],
  },
})
