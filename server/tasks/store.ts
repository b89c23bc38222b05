import type { TaskPriority } from '@shared/contract'
import { and, asc, count, desc, eq, gt, inArray, isNull, lt, max, or } from 'drizzle-orm'
import type { Database, Query, Tx } from '../db/database'
import type { ChangeRow, TaskRow, TaskState } from './view'

export interface TaskFilter {
  channelIds: string[]
  states?: TaskState[] | undefined
  /** Any of these; `none` stands for nobody. */
  assigneeIds?: string[] | undefined
  /** Of these only. */
  ids?: string[] | undefined
  createdById?: string | undefined
  label?: string | undefined
  priorities?: TaskPriority[] | undefined
  column?: string | undefined
  parentId?: string | undefined
  dueBefore?: number | undefined
}

/** After the task that was changed at `updatedAt`. */
export interface Position {
  updatedAt: number
  id: string
}

export class TaskStore {
  constructor(private readonly db: Database) {}

  async insert(tx: Tx, row: TaskRow): Promise<void> {
    await tx.insert(this.db.t.tasks, row)
    await this.#addLabels(tx, row.id, row.labels)
  }

  async update(tx: Tx, id: string, set: Partial<TaskRow>): Promise<void> {
    const { tasks, taskLabels } = this.db.t
    await tx.q.update(tasks).set(set).where(eq(tasks.id, id))
    if (!set.labels) return
    await tx.q.delete(taskLabels).where(eq(taskLabels.taskId, id))
    await this.#addLabels(tx, id, set.labels)
  }

  async #addLabels(tx: Tx, taskId: string, labels: string[]): Promise<void> {
    await tx.insert(this.db.t.taskLabels, ...labels.map((label) => ({ label, taskId })))
  }

  async get(id: string, q: Query = this.db.q): Promise<TaskRow | undefined> {
    const { tasks } = this.db.t
    const [row] = await q.select().from(tasks).where(eq(tasks.id, id))
    return row
  }

  async byNumber(number: number, q: Query = this.db.q): Promise<TaskRow | undefined> {
    const { tasks } = this.db.t
    const [row] = await q.select().from(tasks).where(eq(tasks.number, number))
    return row
  }

  async byDelivery(tx: Tx, deliveryId: string): Promise<TaskRow | undefined> {
    const { tasks } = this.db.t
    const [row] = await tx.q.select().from(tasks).where(eq(tasks.deliveryId, deliveryId))
    return row
  }

  /** The tasks that deliveries are about, by delivery. */
  async ofDeliveries(ids: string[]): Promise<Map<string, string>> {
    const { tasks } = this.db.t
    if (!ids.length) return new Map()
    const rows = await this.db.q
      .select({ id: tasks.id, deliveryId: tasks.deliveryId })
      .from(tasks)
      .where(inArray(tasks.deliveryId, ids))
    return new Map(rows.flatMap((r) => (r.deliveryId === null ? [] : [[r.deliveryId, r.id]])))
  }

  async byThread(tx: Tx, threadId: string): Promise<TaskRow | undefined> {
    const { tasks } = this.db.t
    const [row] = await tx.q.select().from(tasks).where(eq(tasks.threadId, threadId))
    return row
  }

  async named(ids: string[], q: Query = this.db.q): Promise<TaskRow[]> {
    const { tasks } = this.db.t
    return ids.length ? q.select().from(tasks).where(inArray(tasks.id, ids)).orderBy(tasks.id) : []
  }

  /** In order of id. */
  async after(id: string, limit: number): Promise<TaskRow[]> {
    const { tasks } = this.db.t
    return this.db.q.select().from(tasks).where(gt(tasks.id, id)).orderBy(asc(tasks.id)).limit(limit)
  }

  /** A task with everything below it, as far as `limit`. */
  async ofRoot(rootId: string, limit: number, q: Query = this.db.q): Promise<TaskRow[]> {
    const { tasks } = this.db.t
    return q.select().from(tasks).where(eq(tasks.rootId, rootId)).orderBy(tasks.id).limit(limit)
  }

  async children(parentId: string, q: Query = this.db.q): Promise<TaskRow[]> {
    const { tasks } = this.db.t
    return q.select().from(tasks).where(eq(tasks.parentId, parentId)).orderBy(tasks.id)
  }

  async lastNumber(tx: Tx): Promise<number> {
    const { tasks } = this.db.t
    const [row] = await tx.q.select({ last: max(tasks.number) }).from(tasks)
    return Number(row?.last ?? 0)
  }

  #where(f: TaskFilter) {
    const { tasks, taskLabels } = this.db.t
    return and(
      inArray(tasks.channelId, f.channelIds),
      f.states ? inArray(tasks.state, f.states) : undefined,
      f.assigneeIds && this.#assigned(f.assigneeIds),
      f.ids && inArray(tasks.id, f.ids),
      f.createdById === undefined ? undefined : eq(tasks.createdById, f.createdById),
      f.priorities ? inArray(tasks.priority, f.priorities) : undefined,
      f.column === undefined ? undefined : eq(tasks.columnName, f.column),
      f.parentId === undefined ? undefined : eq(tasks.parentId, f.parentId),
      f.dueBefore === undefined ? undefined : lt(tasks.dueAt, f.dueBefore),
      f.label === undefined
        ? undefined
        : inArray(
            tasks.id,
            this.db.q.select({ id: taskLabels.taskId }).from(taskLabels).where(eq(taskLabels.label, f.label)),
          ),
    )
  }

  #assigned(ids: string[]) {
    const { tasks } = this.db.t
    const named = ids.filter((id) => id !== 'none')
    const nobody = named.length < ids.length ? isNull(tasks.assigneeId) : undefined
    return named.length ? or(inArray(tasks.assigneeId, named), nobody) : nobody
  }

  /** Most recently changed first. */
  async list(f: TaskFilter, after: Position | undefined, limit: number): Promise<TaskRow[]> {
    const { tasks } = this.db.t
    if (!f.channelIds.length || f.ids?.length === 0) return []
    const rest = after
      ? or(lt(tasks.updatedAt, after.updatedAt), and(eq(tasks.updatedAt, after.updatedAt), lt(tasks.id, after.id)))
      : undefined
    return this.db.q
      .select()
      .from(tasks)
      .where(and(this.#where(f), rest))
      .orderBy(desc(tasks.updatedAt), desc(tasks.id))
      .limit(limit)
  }

  /** How many there are in each column. */
  async counts(f: TaskFilter): Promise<Map<string, number>> {
    const { tasks } = this.db.t
    if (!f.channelIds.length || f.ids?.length === 0) return new Map()
    const rows = await this.db.q
      .select({ column: tasks.columnName, n: count() })
      .from(tasks)
      .where(this.#where(f))
      .groupBy(tasks.columnName)
    return new Map(rows.map((r) => [r.column, Number(r.n)]))
  }

  /** Newest first. */
  async column(f: TaskFilter & { column: string }, before: string | undefined, limit: number): Promise<TaskRow[]> {
    const { tasks } = this.db.t
    if (!f.channelIds.length || f.ids?.length === 0) return []
    return this.db.q
      .select()
      .from(tasks)
      .where(and(this.#where(f), before === undefined ? undefined : lt(tasks.id, before)))
      .orderBy(desc(tasks.id))
      .limit(limit)
  }

  /** What was approved is not what is done from now on. */
  async forgetApprovals(tx: Tx, taskId: string): Promise<void> {
    const { taskReviews: t } = this.db.t
    await tx.q.delete(t).where(and(eq(t.taskId, taskId), eq(t.verdict, 'approved')))
  }

  addChange(tx: Tx, row: ChangeRow): Promise<void> {
    return tx.insert(this.db.t.taskChanges, row)
  }

  /** Oldest first. */
  async changes(taskId: string, after: string | undefined, limit: number): Promise<ChangeRow[]> {
    const { taskChanges } = this.db.t
    return this.db.q
      .select()
      .from(taskChanges)
      .where(and(eq(taskChanges.taskId, taskId), after === undefined ? undefined : gt(taskChanges.id, after)))
      .orderBy(asc(taskChanges.id))
      .limit(limit)
  }
}
