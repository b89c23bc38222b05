import type { RunStep } from '@shared/contract'

/** What is known of a run's steps. */
export interface StepLog {
  /** Ids, in the order in which the steps began. */
  order: string[]
  byId: Record<string, RunStep>
  /** The steps from before the page looked are here too. */
  loaded: boolean
  /** A piece of text is missing: the whole has to be fetched again. */
  gap: boolean
}

export const emptyLog = (): StepLog => ({ order: [], byId: {}, loaded: false, gap: false })

/** Puts `piece` at `offset` of `text`. The same piece put twice changes nothing; null when something before it is missing. */
export function putPiece(text: string, offset: number, piece: string): string | null {
  if (offset > text.length) return null
  return text.slice(0, offset) + piece + text.slice(offset + piece.length)
}

/** Puts one step, or one more piece of it, in its place in `log`. */
export function addStep(log: StepLog, step: RunStep): void {
  const known = log.byId[step.id]
  if (!known) {
    if ((step.detail.type === 'text' || step.detail.type === 'thought') && step.detail.offset > 0) {
      log.gap = true
      return
    }
    log.byId[step.id] = structuredClone(step)
    insert(log, step)
    return
  }
  known.status = step.status
  known.completedAt = step.completedAt
  if (known.detail.type === 'text' || known.detail.type === 'thought') {
    if (step.detail.type !== known.detail.type) return
    const text = putPiece(known.detail.text, step.detail.offset, step.detail.text)
    if (text === null) log.gap = true
    else known.detail.text = text
    return
  }
  known.detail = structuredClone(step.detail)
}

function insert(log: StepLog, step: RunStep): void {
  let at = log.order.length
  while (at > 0 && (log.byId[log.order[at - 1] ?? '']?.sequence ?? 0) > step.sequence) at--
  log.order.splice(at, 0, step.id)
}

/**
 * Takes in the answer of a request for all steps. A step that an event has changed since the request was made (`touched`) is
 * newer than the answer, except for text, whose pieces fit together in any order.
 */
export function addFetched(log: StepLog, steps: RunStep[], touched: ReadonlySet<string>): void {
  log.gap = false
  for (const step of steps) {
    const text = step.detail.type === 'text' || step.detail.type === 'thought'
    if (text || !touched.has(step.id)) addStep(log, step)
  }
  log.loaded = true
}
