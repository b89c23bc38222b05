import { and, desc, eq, lt } from 'drizzle-orm'
import type { Database, Query, Tx } from '../db/database'
import type { Row } from '../db/tables'

export type SplitRow = Row<'taskSplits'>

export class SplitStore {
  constructor(private readonly db: Database) {}

  insert(tx: Tx, row: SplitRow): Promise<void> {
    return tx.insert(this.db.t.taskSplits, row)
  }

  async update(tx: Tx, id: string, set: Partial<SplitRow>): Promise<void> {
    const { taskSplits } = this.db.t
    await tx.q.update(taskSplits).set(set).where(eq(taskSplits.id, id))
  }

  async get(id: string, q: Query = this.db.q): Promise<SplitRow | undefined> {
    const { taskSplits } = this.db.t
    const [row] = await q.select().from(taskSplits).where(eq(taskSplits.id, id))
    return row
  }

  /** Newest first. */
  async list(parentId: string, before: string | undefined, limit: number): Promise<SplitRow[]> {
    const { taskSplits } = this.db.t
    return this.db.q
      .select()
      .from(taskSplits)
      .where(and(eq(taskSplits.parentId, parentId), before === undefined ? undefined : lt(taskSplits.id, before)))
      .orderBy(desc(taskSplits.id))
      .limit(limit)
  }
}
