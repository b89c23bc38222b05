import { and, asc, desc, eq, gt, inArray, lt, sql } from 'drizzle-orm'
import type { Database, Query, Tx } from '../db/database'
import type { Row } from '../db/tables'
import type { MessageRow } from './view'

type EditRow = Row<'messageEdits'>
/** Somebody whom a message calls by name. */
export interface Called {
  kind: 'human' | 'agent'
  id: string
}

/** Rows that one statement inserts. */
const BATCH = 500

export interface PageOf {
  channelId: string
  /** Empty: the top level. */
  threadId: string
  limit: number
  before?: string | undefined
  after?: string | undefined
}

export class MessageStore {
  constructor(private readonly db: Database) {}

  insert(tx: Tx, row: MessageRow): Promise<void> {
    return tx.insert(this.db.t.messages, row)
  }

  async update(tx: Tx, id: string, set: Partial<MessageRow>): Promise<void> {
    const { messages } = this.db.t
    await tx.q.update(messages).set(set).where(eq(messages.id, id))
  }

  async insertMentions(tx: Tx, row: MessageRow, called: readonly Called[]): Promise<void> {
    const rows = called.map(({ kind, id }) => ({ messageId: row.id, kind, memberId: id, channelId: row.channelId }))
    for (let at = 0; at < rows.length; at += BATCH) await tx.insert(this.db.t.mentions, ...rows.slice(at, at + BATCH))
  }

  async deleteMentions(tx: Tx, row: MessageRow, called: readonly Called[]): Promise<void> {
    const { mentions: t } = this.db.t
    for (const kind of ['human', 'agent'] as const) {
      const ids = called.flatMap((one) => (one.kind === kind ? one.id : []))
      if (!ids.length) continue
      await tx.q
        .delete(t)
        .where(and(eq(t.kind, kind), inArray(t.memberId, ids), eq(t.channelId, row.channelId), eq(t.messageId, row.id)))
    }
  }

  async get(id: string, q: Query = this.db.q): Promise<MessageRow | undefined> {
    const { messages } = this.db.t
    const [row] = await q.select().from(messages).where(eq(messages.id, id))
    return row
  }

  /** These messages, in no order. */
  async named(ids: readonly string[], q: Query = this.db.q): Promise<MessageRow[]> {
    const { messages } = this.db.t
    if (!ids.length) return []
    return q
      .select()
      .from(messages)
      .where(inArray(messages.id, [...ids]))
  }

  /** What a message said before, oldest first. */
  async edits(messageId: string, q: Query = this.db.q): Promise<EditRow[]> {
    const { messageEdits: t } = this.db.t
    return q.select().from(t).where(eq(t.messageId, messageId)).orderBy(asc(t.version))
  }

  insertEdit(tx: Tx, row: EditRow): Promise<void> {
    return tx.insert(this.db.t.messageEdits, row)
  }

  async deleteEdits(tx: Tx, messageId: string): Promise<void> {
    const { messageEdits: t } = this.db.t
    await tx.q.delete(t).where(eq(t.messageId, messageId))
  }

  /** Ids of a channel's pinned messages, the latest pinned first. */
  async pins(channelId: string, q: Query = this.db.q): Promise<string[]> {
    const { pins: t } = this.db.t
    const rows = await q.select().from(t).where(eq(t.channelId, channelId))
    return rows.toSorted((a, b) => b.createdAt - a.createdAt).map((row) => row.messageId)
  }

  insertPin(tx: Tx, row: Row<'pins'>): Promise<void> {
    return tx.insert(this.db.t.pins, row)
  }

  async deletePin(tx: Tx, { channelId, id }: MessageRow): Promise<void> {
    const { pins: t } = this.db.t
    await tx.q.delete(t).where(and(eq(t.channelId, channelId), eq(t.messageId, id)))
  }

  /** Counts a reply on the thread's first message. */
  async countReply(tx: Tx, rootId: string, at: number): Promise<MessageRow | undefined> {
    const { messages } = this.db.t
    await tx.q
      .update(messages)
      .set({ replyCount: sql`${messages.replyCount} + 1`, lastReplyAt: at })
      .where(eq(messages.id, rootId))
    const [row] = await tx.q.select().from(messages).where(eq(messages.id, rootId))
    return row
  }

  /** Newest first, or oldest first after a message. */
  async page({ channelId, threadId, limit, before, after }: PageOf): Promise<MessageRow[]> {
    const { messages } = this.db.t
    const where = and(
      eq(messages.channelId, channelId),
      eq(messages.threadId, threadId),
      before === undefined ? undefined : lt(messages.id, before),
      after === undefined ? undefined : gt(messages.id, after),
    )
    return this.db.q
      .select()
      .from(messages)
      .where(where)
      .orderBy(after === undefined ? desc(messages.id) : asc(messages.id))
      .limit(limit)
  }

  /** Of a channel with its threads, between two messages, newest first. */
  async between(channelId: string, after: string, before: string, limit: number): Promise<MessageRow[]> {
    const { messages: t } = this.db.t
    return this.db.q
      .select()
      .from(t)
      .where(and(eq(t.channelId, channelId), gt(t.id, after), lt(t.id, before)))
      .orderBy(desc(t.id))
      .limit(limit)
  }

  /** The last message that a run's agent wrote by itself where it was asked. */
  async lastOfRun(tx: Tx, runId: string, channelId: string): Promise<string | null> {
    const { messages } = this.db.t
    const [row] = await tx.q
      .select({ id: messages.id })
      .from(messages)
      .where(and(eq(messages.runId, runId), eq(messages.channelId, channelId)))
      .orderBy(desc(messages.id))
      .limit(1)
    return row?.id ?? null
  }
}
