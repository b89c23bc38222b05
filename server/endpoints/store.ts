import { eq } from 'drizzle-orm'
import type { Database, Tx } from '../db/database'
import type { EndpointRow } from './book'

export class EndpointStore {
  constructor(private readonly db: Database) {}

  insert(tx: Tx, row: EndpointRow): Promise<void> {
    return tx.insert(this.db.t.interactionEndpoints, row)
  }

  async get(tx: Tx, id: string): Promise<EndpointRow | undefined> {
    const { interactionEndpoints: t } = this.db.t
    const [row] = await tx.q.select().from(t).where(eq(t.id, id))
    return row
  }

  /** There are few; see the limit of the service. */
  async count(tx: Tx): Promise<number> {
    const { interactionEndpoints: t } = this.db.t
    return (await tx.q.select({ id: t.id }).from(t)).length
  }

  async update(tx: Tx, { id, ...set }: EndpointRow): Promise<void> {
    const { interactionEndpoints: t } = this.db.t
    await tx.q.update(t).set(set).where(eq(t.id, id))
  }

  async delete(tx: Tx, id: string): Promise<void> {
    const { interactionEndpoints: t } = this.db.t
    await tx.q.delete(t).where(eq(t.id, id))
  }

  async hasRoutes(tx: Tx, id: string): Promise<boolean> {
    const { notificationRoutes: t } = this.db.t
    return (await tx.q.select({ id: t.id }).from(t).where(eq(t.endpointId, id)).limit(1)).length > 0
  }
}
