import { and, eq, ne } from 'drizzle-orm'
import type { Database, Tx } from '../db/database'
import type { RouteRow } from '../endpoints/book'

export class RouteStore {
  constructor(private readonly db: Database) {}

  insert(tx: Tx, row: RouteRow): Promise<void> {
    return tx.insert(this.db.t.notificationRoutes, row)
  }

  async get(tx: Tx, id: string): Promise<RouteRow | undefined> {
    const { notificationRoutes: t } = this.db.t
    const [row] = await tx.q.select().from(t).where(eq(t.id, id))
    return row
  }

  async update(tx: Tx, { id, ...set }: RouteRow): Promise<void> {
    const { notificationRoutes: t } = this.db.t
    await tx.q.update(t).set(set).where(eq(t.id, id))
  }

  async delete(tx: Tx, id: string): Promise<void> {
    const { notificationRoutes: t } = this.db.t
    await tx.q.delete(t).where(eq(t.id, id))
  }

  /** Whether another route says the same. */
  async hasTwin(tx: Tx, row: RouteRow): Promise<boolean> {
    const { notificationRoutes: t } = this.db.t
    const same = and(
      eq(t.channelId, row.channelId),
      eq(t.endpointId, row.endpointId),
      eq(t.eventKind, row.eventKind),
      eq(t.threadId, row.threadId),
      ne(t.id, row.id),
    )
    return (await tx.q.select({ id: t.id }).from(t).where(same)).length > 0
  }

  /** @returns how many routes a channel has */
  async count(tx: Tx, channelId: string): Promise<number> {
    const { notificationRoutes: t } = this.db.t
    return (await tx.q.select({ id: t.id }).from(t).where(eq(t.channelId, channelId))).length
  }

  /** Whether the endpoint is there, as this transaction has it. */
  async hasEndpoint(tx: Tx, id: string): Promise<boolean> {
    const { interactionEndpoints: t } = this.db.t
    return (await tx.q.select({ id: t.id }).from(t).where(eq(t.id, id))).length > 0
  }
}
