import type { Actor, AttachmentBrief, Mention, Pinned, Reaction } from '@shared/contract'
import type { Dialect } from '../dialect'

/** What they say. */
export function messagesTables(d: Dialect) {
  const messages = d.table(
    'messages',
    {
      id: d.id().primaryKey(),
      channelId: d.id().notNull(),
      target: d.str(200).notNull(),
      /** Empty at the top level: an index on NULLs would not page. */
      threadId: d.id().notNull(),
      kind: d.str(16).$type<'note' | 'decision' | 'blocker' | 'status'>().notNull(),
      senderKind: d.str(16).$type<Actor['kind']>().notNull(),
      senderId: d.id().notNull(),
      senderName: d.str(64).notNull(),
      senderDisplayName: d.str(255).notNull(),
      content: d.text().notNull(),
      mentions: d.json<Mention[]>().notNull(),
      system: d.json<{ type: string; data: Record<string, unknown> }>(),
      runId: d.id(),
      requestId: d.str(128),
      replyCount: d.int().notNull(),
      lastReplyAt: d.ms(),
      /** With the message, and bounded, so that a page of messages needs no second query. */
      reactions: d.json<Reaction[]>().notNull(),
      attachments: d.json<AttachmentBrief[]>().notNull(),
      pinned: d.json<Pinned>(),
      metadata: d.json<Record<string, unknown>>(),
      editedAt: d.ms(),
      deletedAt: d.ms(),
      createdAt: d.ms().notNull(),
    },
    (t) => [
      // With the sender in it the unread messages of others are counted without looking at a row.
      d.index('messages_page').on(t.channelId, t.threadId, t.id, t.senderId),
      d.index('messages_channel').on(t.channelId, t.id),
      d.index('messages_run').on(t.runId),
    ],
  )

  /** One row a mention of a person, so that mention counts need no scan of message text. */
  const mentions = d.table(
    'mentions',
    { messageId: d.id().notNull(), kind: d.str(16).notNull(), memberId: d.id().notNull(), channelId: d.id().notNull() },
    (t) => [d.primaryKey({ columns: [t.kind, t.memberId, t.channelId, t.messageId] })],
  )

  /** What a message said before each of its edits. */
  const messageEdits = d.table(
    'message_edits',
    {
      messageId: d.id().notNull(),
      version: d.int().notNull(),
      content: d.text().notNull(),
      /** When it was written, and when something else took its place. */
      writtenAt: d.ms().notNull(),
      replacedAt: d.ms().notNull(),
    },
    (t) => [d.primaryKey({ columns: [t.messageId, t.version] })],
  )

  /** Which messages of a channel are pinned; who pinned one stands with it. */
  const pins = d.table(
    'pins',
    { channelId: d.id().notNull(), messageId: d.id().notNull(), createdAt: d.ms().notNull() },
    (t) => [d.primaryKey({ columns: [t.channelId, t.messageId] })],
  )

  /** Which prompts a message went into, so that it can be taken out of them. */
  const promptMessages = d.table('prompt_messages', { messageId: d.id().notNull(), runId: d.id().notNull() }, (t) => [
    d.primaryKey({ columns: [t.messageId, t.runId] }),
    d.index('prompt_messages_run').on(t.runId),
  ])

  return { messages, mentions, messageEdits, pins, promptMessages }
}
