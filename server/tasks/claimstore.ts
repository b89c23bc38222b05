import { and, asc, desc, eq, inArray, lt } from 'drizzle-orm'
import type { Database, Query, Tx } from '../db/database'
import type { ClaimRow } from './view'

export class ClaimStore {
  constructor(private readonly db: Database) {}

  insert(tx: Tx, row: ClaimRow): Promise<void> {
    return tx.insert(this.db.t.taskClaims, row)
  }

  async update(tx: Tx, id: string, set: Partial<ClaimRow>): Promise<void> {
    const { taskClaims: t } = this.db.t
    await tx.q.update(t).set(set).where(eq(t.id, id))
  }

  async get(id: string, q: Query = this.db.q): Promise<ClaimRow | undefined> {
    const { taskClaims: t } = this.db.t
    const [row] = await q.select().from(t).where(eq(t.id, id))
    return row
  }

  /** Those in one state, oldest first. */
  async of(taskIds: string[], state: ClaimRow['state'], q: Query = this.db.q): Promise<ClaimRow[]> {
    const { taskClaims: t } = this.db.t
    if (!taskIds.length) return []
    return q
      .select()
      .from(t)
      .where(and(inArray(t.taskId, taskIds), eq(t.state, state)))
      .orderBy(asc(t.id))
  }

  async ofHolder(tx: Tx, holderId: string): Promise<ClaimRow[]> {
    const { taskClaims: t } = this.db.t
    return tx.q
      .select()
      .from(t)
      .where(and(eq(t.holderId, holderId), inArray(t.state, ['held', 'queued'])))
  }

  /** The task that a run had in hand last. */
  async taskOfRun(runId: string): Promise<string | undefined> {
    const { taskClaims: t } = this.db.t
    const [row] = await this.db.q
      .select({ taskId: t.taskId })
      .from(t)
      .where(eq(t.runId, runId))
      .orderBy(desc(t.id))
      .limit(1)
    return row?.taskId
  }

  async ofRun(tx: Tx, runId: string): Promise<ClaimRow[]> {
    const { taskClaims: t } = this.db.t
    return tx.q
      .select()
      .from(t)
      .where(and(eq(t.runId, runId), eq(t.state, 'held')))
  }

  async expired(now: number, limit: number): Promise<ClaimRow[]> {
    const { taskClaims: t } = this.db.t
    return this.db.q
      .select()
      .from(t)
      .where(and(eq(t.state, 'held'), lt(t.expiresAt, now)))
      .limit(limit)
  }

  /** Newest first. */
  async history(taskId: string, before: string | undefined, limit: number): Promise<ClaimRow[]> {
    const { taskClaims: t } = this.db.t
    return this.db.q
      .select()
      .from(t)
      .where(and(eq(t.taskId, taskId), before === undefined ? undefined : lt(t.id, before)))
      .orderBy(desc(t.id))
      .limit(limit)
  }
}
