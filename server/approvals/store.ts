import { and, desc, eq, inArray, lt } from 'drizzle-orm'
import type { Database, Query, Tx } from '../db/database'
import type { ApprovalRow } from './view'

export interface ApprovalFilter {
  channelIds: string[]
  state?: ApprovalRow['state'] | undefined
  runId?: string | undefined
  before?: string | undefined
  limit: number
}

export class ApprovalStore {
  constructor(private readonly db: Database) {}

  insert(tx: Tx, row: ApprovalRow): Promise<void> {
    return tx.insert(this.db.t.approvals, row)
  }

  async update(tx: Tx, id: string, set: Partial<ApprovalRow>): Promise<void> {
    const { approvals } = this.db.t
    await tx.q.update(approvals).set(set).where(eq(approvals.id, id))
  }

  async get(id: string, q: Query = this.db.q): Promise<ApprovalRow | undefined> {
    const { approvals } = this.db.t
    const [row] = await q.select().from(approvals).where(eq(approvals.id, id))
    return row
  }

  async ofStep(tx: Tx, stepId: string): Promise<ApprovalRow | undefined> {
    const { approvals } = this.db.t
    const [row] = await tx.q.select().from(approvals).where(eq(approvals.stepId, stepId))
    return row
  }

  async pending(tx: Tx, runId: string): Promise<ApprovalRow[]> {
    const { approvals } = this.db.t
    return tx.q
      .select()
      .from(approvals)
      .where(and(eq(approvals.runId, runId), eq(approvals.state, 'pending')))
  }

  /** The latest requests of a run, oldest first. */
  async ofRun(runId: string, limit: number): Promise<ApprovalRow[]> {
    const { approvals } = this.db.t
    const rows = await this.db.q
      .select()
      .from(approvals)
      .where(eq(approvals.runId, runId))
      .orderBy(desc(approvals.id))
      .limit(limit)
    return rows.toReversed()
  }

  async list(f: ApprovalFilter): Promise<ApprovalRow[]> {
    const { approvals } = this.db.t
    if (!f.channelIds.length) return []
    return this.db.q
      .select()
      .from(approvals)
      .where(
        and(
          inArray(approvals.channelId, f.channelIds),
          f.state === undefined ? undefined : eq(approvals.state, f.state),
          f.runId === undefined ? undefined : eq(approvals.runId, f.runId),
          f.before === undefined ? undefined : lt(approvals.id, f.before),
        ),
      )
      .orderBy(desc(approvals.id))
      .limit(f.limit)
  }
}
