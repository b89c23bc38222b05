import { and, desc, eq } from 'drizzle-orm'
import type { Database, Query, Tx } from '../db/database'
import type { Row } from '../db/tables'

export type GateRow = Row<'releaseGates'>
export type EvidenceRow = Row<'taskEvidence'>
export type ReviewRow = Row<'taskReviews'>

/** Pieces of evidence that a gate looks at, newest first. */
const MAX_EVIDENCE = 200

export class GateStore {
  constructor(private readonly db: Database) {}

  async get(taskId: string, q: Query = this.db.q): Promise<GateRow | undefined> {
    const { releaseGates: t } = this.db.t
    const [row] = await q.select().from(t).where(eq(t.taskId, taskId))
    return row
  }

  insert(tx: Tx, row: GateRow): Promise<void> {
    return tx.insert(this.db.t.releaseGates, row)
  }

  async update(tx: Tx, id: string, set: Partial<GateRow>): Promise<void> {
    const { releaseGates: t } = this.db.t
    await tx.q.update(t).set(set).where(eq(t.id, id))
  }

  addEvidence(tx: Tx, row: EvidenceRow): Promise<void> {
    return tx.insert(this.db.t.taskEvidence, row)
  }

  /** Newest first. */
  async evidence(taskId: string, q: Query = this.db.q): Promise<EvidenceRow[]> {
    const { taskEvidence: t } = this.db.t
    return q.select().from(t).where(eq(t.taskId, taskId)).orderBy(desc(t.id)).limit(MAX_EVIDENCE)
  }

  /** A reviewer's latest word takes the place of the one before. */
  async review(tx: Tx, row: ReviewRow): Promise<void> {
    const { taskReviews: t } = this.db.t
    await tx.q.delete(t).where(and(eq(t.taskId, row.taskId), eq(t.reviewerId, row.reviewerId)))
    await tx.insert(t, row)
  }

  async reviews(taskId: string, q: Query = this.db.q): Promise<ReviewRow[]> {
    const { taskReviews: t } = this.db.t
    return q.select().from(t).where(eq(t.taskId, taskId)).orderBy(t.reviewerId)
  }
}
