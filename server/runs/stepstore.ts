import { and, asc, desc, eq, gt, inArray, lt, or } from 'drizzle-orm'
import type { Database, Query, Tx } from '../db/database'
import { isStreaming } from './detail'
import type { StepRow } from './view'

/** Where a step stands among those of its run. */
export interface StepKey {
  sequence: number
  id: string
}
export interface StepPlace extends StepKey {
  /** Bytes of the detail as JSON. */
  size: number
}
export type StepOrder = 'asc' | 'desc'

/** The steps of runs. A text that streams is kept in pieces: to write it again for each of them would cost its square. */
export class StepStore {
  constructor(private readonly db: Database) {}

  /** The row as it is: of a text that streams only with its first piece. */
  async row(id: string, q: Query = this.db.q): Promise<StepRow | undefined> {
    const { runSteps } = this.db.t
    const [row] = await q.select().from(runSteps).where(eq(runSteps.id, id))
    return row
  }

  /** Length of what is known of a text, in UTF-16 code units. */
  async lengthOf(tx: Tx, step: StepRow): Promise<number> {
    const { stepPieces } = this.db.t
    const [last] = await tx.q
      .select()
      .from(stepPieces)
      .where(eq(stepPieces.stepId, step.id))
      .orderBy(desc(stepPieces.position))
      .limit(1)
    if (last) return last.position + last.text.length
    return isStreaming(step.detail) ? step.detail.text.length : 0
  }

  insert(tx: Tx, row: StepRow): Promise<void> {
    return tx.insert(this.db.t.runSteps, row)
  }

  /** Adds a piece at the end of a text. `size` is that of the whole step then. */
  async grow(tx: Tx, id: string, piece: { position: number; text: string }, size: number): Promise<void> {
    const { runSteps, stepPieces } = this.db.t
    await tx.insert(stepPieces, { stepId: id, ...piece })
    await tx.q.update(runSteps).set({ size }).where(eq(runSteps.id, id))
  }

  /** Writes a step whole, in the place of what was known of it. */
  async update(tx: Tx, { id, status, detail, size, completedAt }: StepRow): Promise<void> {
    const { runSteps, stepPieces } = this.db.t
    await tx.q.update(runSteps).set({ status, detail, size, completedAt }).where(eq(runSteps.id, id))
    if (isStreaming(detail)) await tx.q.delete(stepPieces).where(eq(stepPieces.stepId, id))
  }

  /** Steps that were under way when their run ended. */
  async closeAll(tx: Tx, runId: string, status: StepRow['status'], at: number): Promise<void> {
    const { runSteps } = this.db.t
    await tx.q
      .update(runSteps)
      .set({ status, completedAt: at })
      .where(and(eq(runSteps.runId, runId), eq(runSteps.status, 'running')))
  }

  /** Where a run's steps are and how large, from after `from` on. */
  async places(
    runId: string,
    { order, from, limit }: { order: StepOrder; from?: StepKey | undefined; limit: number },
  ): Promise<StepPlace[]> {
    const { runSteps: t } = this.db.t
    const beyond = order === 'asc' ? gt : lt
    const by = order === 'asc' ? asc : desc
    return this.db.q
      .select({ id: t.id, sequence: t.sequence, size: t.size })
      .from(t)
      .where(
        and(
          eq(t.runId, runId),
          from && or(beyond(t.sequence, from.sequence), and(eq(t.sequence, from.sequence), beyond(t.id, from.id))),
        ),
      )
      .orderBy(by(t.sequence), by(t.id))
      .limit(limit)
  }

  /** Steps with all of their text, in the order of `ids`. */
  async whole(ids: string[], q: Query = this.db.q): Promise<StepRow[]> {
    const { runSteps, stepPieces } = this.db.t
    if (!ids.length) return []
    // The pieces first: a text that becomes whole in between holds them all, and a piece that is in it already is not added.
    const pieces = await q
      .select()
      .from(stepPieces)
      .where(inArray(stepPieces.stepId, ids))
      .orderBy(asc(stepPieces.stepId), asc(stepPieces.position))
    const rows = await q.select().from(runSteps).where(inArray(runSteps.id, ids))
    const byStep = Map.groupBy(pieces, ({ stepId }) => stepId)
    const byId = new Map(rows.map((row) => [row.id, joined(row, byStep.get(row.id) ?? [])]))
    return ids.flatMap((id) => byId.get(id) ?? [])
  }
}

function joined(row: StepRow, pieces: { position: number; text: string }[]): StepRow {
  if (!pieces.length || !isStreaming(row.detail)) return row
  const parts = [row.detail.text]
  let length = row.detail.text.length
  for (const { position, text } of pieces) {
    if (position !== length) continue
    parts.push(text)
    length += text.length
  }
  return { ...row, detail: { ...row.detail, text: parts.join('') } }
}
