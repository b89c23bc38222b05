import { and, count, eq, or } from 'drizzle-orm'
import type { Database, Query, Tx } from '../db/database'
import type { Row } from '../db/tables'

export type ViewRow = Row<'taskViews'>

export class ViewStore {
  constructor(private readonly db: Database) {}

  insert(tx: Tx, row: ViewRow): Promise<void> {
    return tx.insert(this.db.t.taskViews, row)
  }

  async update(tx: Tx, id: string, set: Partial<ViewRow>): Promise<void> {
    const { taskViews: t } = this.db.t
    await tx.q.update(t).set(set).where(eq(t.id, id))
  }

  async delete(tx: Tx, id: string): Promise<void> {
    const { taskViews: t } = this.db.t
    await tx.q.delete(t).where(eq(t.id, id))
  }

  async get(id: string, q: Query = this.db.q): Promise<ViewRow | undefined> {
    const { taskViews: t } = this.db.t
    const [row] = await q.select().from(t).where(eq(t.id, id))
    return row
  }

  /** One person's and the shared ones: both are bounded in number. */
  async seenBy(userId: string): Promise<ViewRow[]> {
    const { taskViews: t } = this.db.t
    return this.db.q
      .select()
      .from(t)
      .where(or(eq(t.ownerId, userId), eq(t.shared, true)))
  }

  async count(tx: Tx, of: { ownerId: string } | { shared: true }): Promise<number> {
    const { taskViews: t } = this.db.t
    const where = 'ownerId' in of ? eq(t.ownerId, of.ownerId) : and(eq(t.shared, true))
    const [row] = await tx.q.select({ n: count() }).from(t).where(where)
    return Number(row?.n ?? 0)
  }
}
