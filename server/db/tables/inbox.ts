import type { Dialect } from '../dialect'

/** What concerns one reader: threads that are followed, what waits for a look, what is kept and what is not sent yet. */
export function inboxTables(d: Dialect) {
  /** A message that was replied to. Its latest reply is its place in time. */
  const threads = d.table(
    'threads',
    { id: d.id().primaryKey(), channelId: d.id().notNull(), lastMessageId: d.id().notNull() },
    (t) => [d.index('threads_channel').on(t.channelId, t.lastMessageId), d.index('threads_last').on(t.lastMessageId)],
  )

  const threadFollows = d.table(
    'thread_follows',
    {
      threadId: d.id().notNull(),
      kind: d.str(16).$type<'human' | 'agent'>().notNull(),
      memberId: d.id().notNull(),
      channelId: d.id().notNull(),
      /** `auto`: by taking part. `on` and `off` were said, and nothing but saying so changes them. */
      state: d.str(8).$type<'auto' | 'on' | 'off'>().notNull(),
    },
    (t) => [
      d.primaryKey({ columns: [t.threadId, t.kind, t.memberId] }),
      d.index('thread_follows_member').on(t.kind, t.memberId, t.threadId),
    ],
  )

  /** One row for each thread that a person follows, each message that mentions them and each task that concerns them. */
  const inbox = d.table(
    'inbox',
    {
      id: d.id().primaryKey(),
      userId: d.id().notNull(),
      kind: d.str(16).$type<'thread' | 'mention' | 'approval' | 'task'>().notNull(),
      /** Of a task; empty for everything else. */
      reason: d.str(16).$type<'' | 'assigned' | 'review' | 'comment'>().notNull(),
      /** The thread, the message, the request or the task. */
      subjectId: d.id().notNull(),
      channelId: d.id().notNull(),
      /** Empty at the top level. */
      threadId: d.id().notNull(),
      /** The latest message that it is about. */
      messageId: d.id().notNull(),
      /** 2: unread, 1: read, 0: done, or nothing has happened yet. A number, because unread comes first. */
      state: d.int().notNull(),
      /** Messages since it was read. */
      unread: d.int().notNull(),
      at: d.ms().notNull(),
    },
    (t) => [
      d.unique('inbox_one').on(t.userId, t.kind, t.subjectId),
      d.index('inbox_page').on(t.userId, t.state, t.at, t.id),
      d.index('inbox_subject').on(t.kind, t.subjectId),
    ],
  )

  const savedMessages = d.table(
    'saved_messages',
    {
      id: d.id().primaryKey(),
      kind: d.str(16).$type<'human' | 'agent'>().notNull(),
      memberId: d.id().notNull(),
      messageId: d.id().notNull(),
      channelId: d.id().notNull(),
      createdAt: d.ms().notNull(),
    },
    (t) => [
      d.unique('saved_messages_one').on(t.kind, t.memberId, t.messageId),
      d.index('saved_messages_page').on(t.kind, t.memberId, t.id),
    ],
  )

  const drafts = d.table(
    'drafts',
    {
      userId: d.id().notNull(),
      channelId: d.id().notNull(),
      /** Empty at the top level. */
      threadId: d.id().notNull(),
      content: d.text().notNull(),
      updatedAt: d.ms().notNull(),
    },
    (t) => [d.primaryKey({ columns: [t.userId, t.channelId, t.threadId] })],
  )

  return { threads, threadFollows, inbox, savedMessages, drafts }
}
