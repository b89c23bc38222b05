import { and, asc, desc, eq, gt, lt, sql } from 'drizzle-orm'
import type { Database, Tx } from '../db/database'
import type { MessageRow } from './view'

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

  async insertMentions(tx: Tx, row: MessageRow): Promise<void> {
    const rows = row.mentions.map((m) => ({
      messageId: row.id,
      kind: m.kind,
      memberId: m.id,
      channelId: row.channelId,
    }))
    await tx.insert(this.db.t.mentions, ...rows)
  }

  async get(id: string): Promise<MessageRow | undefined> {
    const { messages } = this.db.t
    const [row] = await this.db.q.select().from(messages).where(eq(messages.id, id))
    return row
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
