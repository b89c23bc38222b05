import type { RunStep } from '@shared/contract'

/** What is known of a run's steps: the newest ones without a hole, and as many before them as the reader asked for. */
export interface StepLog {
  /** Ids, in the order in which the steps began. */
  order: string[]
  byId: Record<string, RunStep>
  /** The newest of the steps from before the page looked are here too. */
  loaded: boolean
  /** Where the page before the first step starts; null when there is none. */
  older: string | null
  /** Steps of which something is missing: they have to be fetched. */
  gaps: string[]
  /** The steps were removed from the server, because they had been kept for long enough. */
  removed: boolean
}

export const emptyLog = (): StepLog => ({ order: [], byId: {}, loaded: false, older: null, gaps: [], removed: false })

/** Puts `piece` at `offset` of `text`. The same piece put twice changes nothing; null when something before it is missing. */
export function putPiece(text: string, offset: number, piece: string): string | null {
  if (offset > text.length) return null
  // What nearly every piece of a stream is, a hundred times a second: nothing of a long text is copied for it.
  if (offset === text.length) return text + piece
  return text.slice(0, offset) + piece + text.slice(offset + piece.length)
}

const isText = ({ detail }: RunStep) => detail.type === 'text' || detail.type === 'thought'

function missed(log: StepLog, id: string): void {
  if (!log.gaps.includes(id)) log.gaps.push(id)
}

/** Puts one step that an event tells of, or one more piece of it, in its place in `log`. */
export function addStep(log: StepLog, step: RunStep): void {
  const known = log.byId[step.id]
  if (!known && isBefore(log, step)) return
  // An event does not carry a very large step; what is known of it stays on screen until it is fetched.
  if (step.clipped) {
    missed(log, step.id)
    if (known) Object.assign(known, { status: step.status, completedAt: step.completedAt })
    return
  }
  if (known) return change(log, known, step)
  if ('offset' in step.detail && step.detail.offset > 0) missed(log, step.id)
  else place(log, step)
}

/** It is on a page that nobody asked for yet: shown now, it would have a hole after it. */
function isBefore({ loaded, older, order, byId }: StepLog, step: RunStep): boolean {
  const first = byId[order[0] ?? '']
  return loaded && older !== null && first !== undefined && precedes(step, first)
}

const precedes = (a: RunStep, b: RunStep): boolean =>
  a.sequence === b.sequence ? a.id < b.id : a.sequence < b.sequence

function change(log: StepLog, known: RunStep, step: RunStep): void {
  known.status = step.status
  known.completedAt = step.completedAt
  if (known.detail.type === 'text' || known.detail.type === 'thought') {
    if (step.detail.type !== known.detail.type) return
    const text = putPiece(known.detail.text, step.detail.offset, step.detail.text)
    if (text === null) missed(log, step.id)
    else known.detail.text = text
    return
  }
  known.detail = structuredClone(step.detail)
}

function place(log: StepLog, step: RunStep): void {
  log.byId[step.id] = structuredClone(step)
  let at = log.order.length
  for (; at > 0; at--) {
    const before = log.byId[log.order[at - 1] ?? '']
    if (!before || !precedes(step, before)) break
  }
  log.order.splice(at, 0, step.id)
}

/** A page of earlier steps goes before all that is here, in one go: a run may have ten thousand. */
function prepend(log: StepLog, steps: RunStep[]): boolean {
  const first = log.byId[log.order[0] ?? '']
  if (!first || !steps.every((step) => !log.byId[step.id] && precedes(step, first))) return false
  const sorted = steps.toSorted((a, b) => (precedes(a, b) ? -1 : 1))
  for (const step of sorted) log.byId[step.id] = structuredClone(step)
  log.order = [...sorted.map((step) => step.id), ...log.order]
  return true
}

/**
 * Takes in steps that a request answered with. A step that an event has changed since the request was made (`touched`) is
 * newer than the answer, except for text, whose pieces fit together in any order.
 */
export function addFetched(log: StepLog, steps: RunStep[], touched: ReadonlySet<string>): void {
  if (prepend(log, steps)) return
  for (const step of steps) {
    const known = log.byId[step.id]
    if (!known) place(log, step)
    else if (isText(step) || !touched.has(step.id)) change(log, known, step)
  }
}
