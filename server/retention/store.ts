import { and, asc, eq, inArray, isNull, lt, lte } from 'drizzle-orm'
import type { Database } from '../db/database'
import { SearchEngine } from '../search/engine'

/** Rows that one transaction removes: so few that nobody waits for it. */
const BATCH = 200

/** Where ids of a kind that were made before `time` end: they begin with the time, in 12 hex digits. */
const idsUntil = (prefix: string, time: number): string =>
  `${prefix}_${Math.max(0, Math.floor(time)).toString(16).padStart(12, '0')}`

/** Removes what is old, a batch at a time. Each says whether there may be more. */
export class RetentionStore {
  constructor(private readonly db: Database) {}

  /** Events of pieces of streamed text. Those from `head` on stay, however old: the next event is numbered after them. */
  async pieces(before: number, head: number): Promise<boolean> {
    const { events: t } = this.db.t
    const rows = await this.db.q
      .select({ sequence: t.sequence })
      .from(t)
      .where(and(eq(t.kind, 'run_step'), eq(t.operation, 'appended'), lt(t.createdAt, before), lt(t.sequence, head)))
      .limit(BATCH)
    const sequences = rows.map(({ sequence }) => sequence)
    if (!sequences.length) return false
    await this.db.tx(async (tx) => void (await tx.q.delete(t).where(inArray(t.sequence, sequences))))
    return rows.length === BATCH
  }

  /** The oldest events before `head`. They are in the order of their time, so that no index on it is needed. */
  async events(before: number, head: number): Promise<boolean> {
    const { events: t } = this.db.t
    const rows = await this.db.q
      .select({ sequence: t.sequence, createdAt: t.createdAt })
      .from(t)
      .where(lt(t.sequence, head))
      .orderBy(asc(t.sequence))
      .limit(BATCH)
    // A clock may have been wrong for a while: what is before an old event is old as well.
    const last = rows.findLast(({ createdAt }) => createdAt < before)
    if (!last) return false
    await this.db.tx(async (tx) => void (await tx.q.delete(t).where(lte(t.sequence, last.sequence))))
    return rows.length === BATCH
  }

  /** Steps and the prompt of the run that has been over for longest. The run stays, with its usage and cost. */
  async runDetail(before: number, now: number): Promise<boolean> {
    const { runs, runSteps, stepPieces, prompts, promptMessages } = this.db.t
    const [run] = await this.db.q
      .select({ id: runs.id })
      .from(runs)
      .where(and(isNull(runs.detailRemovedAt), lt(runs.completedAt, before)))
      .orderBy(asc(runs.completedAt))
      .limit(1)
    if (!run) return false
    const steps = await this.db.q
      .select({ id: runSteps.id })
      .from(runSteps)
      .where(eq(runSteps.runId, run.id))
      .limit(BATCH)
    const ids = steps.map(({ id }) => id)
    await this.db.tx(async (tx) => {
      if (ids.length) {
        await tx.q.delete(stepPieces).where(inArray(stepPieces.stepId, ids))
        await tx.q.delete(runSteps).where(inArray(runSteps.id, ids))
      }
      if (ids.length === BATCH) return
      // That there was a prompt stays: by it is known what an agent was told.
      await tx.q.update(prompts).set({ content: '', sections: [] }).where(eq(prompts.runId, run.id))
      await tx.q.delete(promptMessages).where(eq(promptMessages.runId, run.id))
      await tx.q.update(runs).set({ detailRemovedAt: now }).where(eq(runs.id, run.id))
    })
    return true
  }

  /** The archive that nothing has been added to for longest, of a run or of an older daemon's direct message. */
  async archive(before: number): Promise<boolean> {
    const { archives, archiveEvents } = this.db.t
    const [archive] = await this.db.q
      .select({ runId: archives.runId })
      .from(archives)
      .where(lt(archives.updatedAt, before))
      .orderBy(asc(archives.updatedAt))
      .limit(1)
    if (!archive) return false
    const ofIt = eq(archiveEvents.runId, archive.runId)
    const events = await this.db.q
      .select({ position: archiveEvents.position })
      .from(archiveEvents)
      .where(ofIt)
      .orderBy(asc(archiveEvents.position))
      .limit(BATCH)
    const last = events.at(-1)
    await this.db.tx(async (tx) => {
      await new SearchEngine(this.db).removeAll(tx, 'archive', `${archive.runId}:`)
      if (last) await tx.q.delete(archiveEvents).where(and(ofIt, lte(archiveEvents.position, last.position)))
      if (events.length < BATCH) await tx.q.delete(archives).where(eq(archives.runId, archive.runId))
    })
    return true
  }

  async activities(before: number): Promise<boolean> {
    const { activities: t } = this.db.t
    const rows = await this.db.q
      .select({ id: t.id })
      .from(t)
      .where(lt(t.id, idsUntil('act', before)))
      .orderBy(asc(t.id))
      .limit(BATCH)
    const ids = rows.map(({ id }) => id)
    if (!ids.length) return false
    await this.db.tx(async (tx) => void (await tx.q.delete(t).where(inArray(t.id, ids))))
    return rows.length === BATCH
  }
}
