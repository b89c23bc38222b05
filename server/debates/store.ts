import type { Debate, DebateState } from '@shared/contract'
import { and, count, desc, eq, inArray, lt } from 'drizzle-orm'
import type { Database, Query, Tx } from '../db/database'
import type { Row } from '../db/tables'

export type DebateRow = Row<'debates'>

/** @param target of its channel, as it is called now */
export const debateView = (r: DebateRow, target: string): Debate => ({
  id: r.id,
  target,
  threadId: r.threadId,
  topic: r.topic,
  agents: r.agents,
  turns: r.turns,
  turn: r.turn,
  state: r.state,
  deliveryId: r.deliveryId,
  reason: r.reason,
  summaryMessageId: r.summaryMessageId,
  createdBy: r.createdBy,
  createdAt: r.createdAt,
  updatedAt: r.updatedAt,
  endedAt: r.endedAt,
})

export class DebateStore {
  constructor(private readonly db: Database) {}

  insert(tx: Tx, row: DebateRow): Promise<void> {
    return tx.insert(this.db.t.debates, row)
  }

  async update(tx: Tx, id: string, set: Partial<DebateRow>): Promise<void> {
    const { debates } = this.db.t
    await tx.q.update(debates).set(set).where(eq(debates.id, id))
  }

  async get(id: string, q: Query = this.db.q): Promise<DebateRow | undefined> {
    const { debates } = this.db.t
    const [row] = await q.select().from(debates).where(eq(debates.id, id))
    return row
  }

  /** The debate whose turn a delivery is. */
  async ofDelivery(tx: Tx, deliveryId: string): Promise<DebateRow | undefined> {
    const { debates } = this.db.t
    const [row] = await tx.q.select().from(debates).where(eq(debates.deliveryId, deliveryId))
    return row
  }

  /** The message that gave a turn. */
  async turnMessage(tx: Tx, deliveryId: string): Promise<string | undefined> {
    const { deliveries } = this.db.t
    const [row] = await tx.q.select({ id: deliveries.messageId }).from(deliveries).where(eq(deliveries.id, deliveryId))
    return row?.id
  }

  /** How many of a channel are not over. */
  async open(tx: Tx, channelId: string): Promise<number> {
    const { debates: t } = this.db.t
    const [row] = await tx.q
      .select({ n: count() })
      .from(t)
      .where(and(eq(t.channelId, channelId), inArray(t.state, ['running', 'paused'])))
    return row?.n ?? 0
  }

  async list(f: {
    channelIds: string[]
    state: DebateState | undefined
    before: string | undefined
    limit: number
  }): Promise<DebateRow[]> {
    const { debates: t } = this.db.t
    if (!f.channelIds.length) return []
    return this.db.q
      .select()
      .from(t)
      .where(
        and(
          inArray(t.channelId, f.channelIds),
          f.state === undefined ? undefined : eq(t.state, f.state),
          f.before === undefined ? undefined : lt(t.id, f.before),
        ),
      )
      .orderBy(desc(t.id))
      .limit(f.limit)
  }

  /** What messages say, by their ids. */
  async contents(tx: Tx, ids: readonly string[]): Promise<Map<string, string>> {
    const { messages: t } = this.db.t
    if (!ids.length) return new Map()
    const rows = await tx.q
      .select({ id: t.id, content: t.content })
      .from(t)
      .where(inArray(t.id, [...ids]))
    return new Map(rows.map((row) => [row.id, row.content]))
  }
}
