import { and, asc, count, eq, gt, lt } from 'drizzle-orm'
import type { Database, Query, Tx } from '../db/database'
import type { Row } from '../db/tables'

export type SubscriptionRow = Row<'resourceSubscriptions'>

export class ResourceStore {
  constructor(private readonly db: Database) {}

  async get(id: string, q: Query = this.db.q): Promise<SubscriptionRow | undefined> {
    const { resourceSubscriptions: t } = this.db.t
    const [row] = await q.select().from(t).where(eq(t.id, id))
    return row
  }

  async at(tx: Tx, agentId: string, uri: string): Promise<SubscriptionRow | undefined> {
    const { resourceSubscriptions: t } = this.db.t
    const [row] = await tx.q
      .select()
      .from(t)
      .where(and(eq(t.agentId, agentId), eq(t.uri, uri)))
    return row
  }

  insert(tx: Tx, row: SubscriptionRow): Promise<void> {
    return tx.insert(this.db.t.resourceSubscriptions, row)
  }

  async update(tx: Tx, id: string, set: Partial<SubscriptionRow>): Promise<void> {
    const { resourceSubscriptions: t } = this.db.t
    await tx.q.update(t).set(set).where(eq(t.id, id))
  }

  async delete(tx: Tx, id: string): Promise<void> {
    const { resourceSubscriptions: t } = this.db.t
    await tx.q.delete(t).where(eq(t.id, id))
  }

  async countActive(tx: Tx, agentId: string, now: number): Promise<number> {
    const { resourceSubscriptions: t } = this.db.t
    const [row] = await tx.q.select({ n: count() }).from(t).where(this.#active(agentId, now))
    return Number(row?.n ?? 0)
  }

  /** An agent's, oldest first. */
  async active(agentId: string, now: number): Promise<SubscriptionRow[]> {
    const { resourceSubscriptions: t } = this.db.t
    return this.db.q.select().from(t).where(this.#active(agentId, now)).orderBy(asc(t.id))
  }

  #active(agentId: string, now: number) {
    const { resourceSubscriptions: t } = this.db.t
    return and(eq(t.agentId, agentId), eq(t.canceled, false), gt(t.expiresAt, now))
  }

  /** Removes those that ended before a time. */
  async sweep(tx: Tx, before: number): Promise<void> {
    const { resourceSubscriptions: t } = this.db.t
    await tx.q.delete(t).where(lt(t.expiresAt, before))
  }
}
