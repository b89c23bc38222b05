import { and, desc, eq, isNotNull, isNull, lt } from 'drizzle-orm'
import type { Database, Query, Tx } from '../db/database'
import type { Row } from '../db/tables'

export type TopicRow = Row<'topics'>
/** With what its thread’s first message knows about the replies. */
export interface Listed {
  topic: TopicRow
  replyCount: number | null
  lastReplyAt: number | null
}

export class TopicStore {
  constructor(private readonly db: Database) {}

  insert(tx: Tx, row: TopicRow): Promise<void> {
    return tx.insert(this.db.t.topics, row)
  }

  async update(tx: Tx, threadId: string, set: Partial<TopicRow>): Promise<void> {
    const { topics } = this.db.t
    await tx.q.update(topics).set(set).where(eq(topics.threadId, threadId))
  }

  async ofThread(tx: Tx, threadId: string): Promise<TopicRow | undefined> {
    const { topics } = this.db.t
    const [row] = await tx.q.select().from(topics).where(eq(topics.threadId, threadId))
    return row
  }

  /** The number of a channel’s latest topic; 0 when it has none. */
  async last(tx: Tx, channelId: string): Promise<number> {
    const { topics: t } = this.db.t
    const [row] = await tx.q
      .select({ number: t.number })
      .from(t)
      .where(eq(t.channelId, channelId))
      .orderBy(desc(t.number))
      .limit(1)
    return row?.number ?? 0
  }

  async get(channelId: string, number: number, q: Query = this.db.q): Promise<Listed | undefined> {
    const { topics: t } = this.db.t
    const [row] = await this.#select(q).where(and(eq(t.channelId, channelId), eq(t.number, number)))
    return row
  }

  async list(f: {
    channelId: string
    closed: boolean | undefined
    before: number | undefined
    limit: number
  }): Promise<Listed[]> {
    const { topics: t } = this.db.t
    return this.#select(this.db.q)
      .where(
        and(
          eq(t.channelId, f.channelId),
          f.closed === undefined ? undefined : f.closed ? isNotNull(t.closedAt) : isNull(t.closedAt),
          f.before === undefined ? undefined : lt(t.number, f.before),
        ),
      )
      .orderBy(desc(t.number))
      .limit(f.limit)
  }

  #select(q: Query) {
    const { topics, messages } = this.db.t
    return q
      .select({ topic: topics, replyCount: messages.replyCount, lastReplyAt: messages.lastReplyAt })
      .from(topics)
      .leftJoin(messages, eq(messages.id, topics.threadId))
  }
}
