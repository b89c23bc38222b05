import { and, eq, inArray, or } from 'drizzle-orm'
import type { Database, Query, Tx } from '../db/database'
import type { Row } from '../db/tables'

export type EdgeRow = Row<'taskEdges'>

/** How tasks depend on each other. */
export class TaskEdges {
  constructor(private readonly db: Database) {}

  async add(tx: Tx, ...edges: EdgeRow[]): Promise<void> {
    await tx.insert(this.db.t.taskEdges, ...edges)
  }

  async remove(tx: Tx, { fromId, toId, kind }: EdgeRow): Promise<void> {
    const { taskEdges: t } = this.db.t
    await tx.q.delete(t).where(and(eq(t.fromId, fromId), eq(t.toId, toId), eq(t.kind, kind)))
  }

  /** All edges out of these tasks. */
  async from(ids: string[], q: Query = this.db.q): Promise<EdgeRow[]> {
    const { taskEdges: t } = this.db.t
    return ids.length ? q.select().from(t).where(inArray(t.fromId, ids)) : []
  }

  /** All edges that touch these tasks. */
  async touching(ids: string[], q: Query = this.db.q): Promise<EdgeRow[]> {
    const { taskEdges: t } = this.db.t
    if (!ids.length) return []
    return q
      .select()
      .from(t)
      .where(or(inArray(t.fromId, ids), inArray(t.toId, ids)))
  }

  /** Ids of the tasks that wait for this one. */
  async waitingFor(id: string, q: Query = this.db.q): Promise<string[]> {
    const { taskEdges: t } = this.db.t
    const rows = await q
      .select({ id: t.fromId })
      .from(t)
      .where(and(eq(t.toId, id), eq(t.kind, 'depends_on')))
    return rows.map((r) => r.id)
  }

  /** The tasks that one waits for and that are not done. */
  async open(id: string, q: Query = this.db.q): Promise<{ id: string; number: number; summary: string }[]> {
    const { taskEdges: t, tasks } = this.db.t
    const rows = await q
      .select({ id: tasks.id, number: tasks.number, summary: tasks.summary, state: tasks.state })
      .from(t)
      .innerJoin(tasks, eq(tasks.id, t.toId))
      .where(and(eq(t.fromId, id), eq(t.kind, 'depends_on')))
    return rows.filter((r) => r.state !== 'done')
  }
}
