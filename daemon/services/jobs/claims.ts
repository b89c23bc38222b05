import { NekodeError } from '@shared/errors'
import { newId } from '@shared/ids'
import type { Next } from '@shared/schedule/clock'
import type { Why } from './job'
import { LATE_MS, MAX_PENDING, MAX_PENDING_OF_JOB } from './limits'
import type { JobRow, RunRow } from './rows'
import type { JobStore } from './store'
import { dueMoments, following, stepMs } from './when'

/** Of what is kept of a reason, in characters. */
const MAX_REASON = 2000
/** Jobs that are looked at in one transaction. */
const BATCH = 50

export interface Request {
  why: Why
  reason?: string
  dueAt?: number
  requestId?: string
}

export type Enqueued = { run: RunRow; replaced: Replaced } | { skipped: string }

/** What gave way to a newer run. */
export interface Replaced {
  /** Waited, and are cancelled. */
  waiting: RunRow[]
  /** Are under way: ids of what is to be ended. */
  running: string[]
}

/**
 * Puts a run of a job into the queue, as its policy for overlaps says. Within a transaction.
 * @throws NekodeError full `JOB-001` when the queue has no place
 */
export function enqueue(store: JobStore, job: JobRow, request: Request, now: number, batch = false): Enqueued {
  const { overlap } = job.definition
  // Moments of one batch do not stand in each other's way: whoever wants all that were missed gets all.
  const open = batch ? [] : store.openRuns(job.id)
  const waiting = open.filter(({ state }) => state === 'pending')
  if (open.length > 0 && overlap === 'skip') return { skipped: 'A run of it is waiting or under way.' }
  if (request.why === 'watch' && overlap === 'queue' && waiting.length > 0)
    return { skipped: 'A run of it is waiting already; it will find this change too.' }
  const replaced: Replaced = { waiting: [], running: [] }
  if (overlap === 'replace') {
    for (const run of waiting) endWaiting(store, run, now, REPLACED)
    replaced.waiting.push(...waiting)
    replaced.running.push(...open.filter(({ state }) => state === 'running').map(({ id }) => id))
  } else if (store.countPendingOf(job.id) >= MAX_PENDING_OF_JOB)
    return { skipped: `${MAX_PENDING_OF_JOB} runs of it are waiting already.` }
  if (store.countPending() >= MAX_PENDING) throw queueFull()
  const run: RunRow = {
    id: newId('jrun'),
    job_id: job.id,
    state: 'pending',
    attempt: 0,
    why: request.why,
    reason: (request.reason ?? '').slice(0, MAX_REASON),
    due_at: request.dueAt ?? null,
    ready_at: now,
    created_at: now,
    started_at: null,
    completed_at: null,
    exit_code: null,
    failure: null,
    error: null,
  }
  store.insertRun(run, request.requestId)
  store.note({ jobId: job.id, runId: run.id, event: 'submitted', at: now, details: whyText(run) })
  return { run, replaced }
}

export const queueFull = (): NekodeError =>
  new NekodeError('full', `The queue is full: ${MAX_PENDING} runs are waiting.`, {
    code: 'JOB-001',
    next: 'Wait until some are over, or cancel some: nekode-daemon jobs list --state pending',
  })

export const REPLACED = 'Replaced by a newer run.'

/** Ends a run that has not begun. Within a transaction. */
export function endWaiting(store: JobStore, run: RunRow, now: number, details: string): void {
  store.updateRun(run.id, { state: 'cancelled', completed_at: now, error: details })
  store.note({ jobId: run.job_id, runId: run.id, event: 'cancelled', at: now, details })
}

export function whyText({ why, reason, due_at }: Pick<RunRow, 'why' | 'reason' | 'due_at'>): string {
  const due = due_at === null ? '' : ` ${new Date(due_at).toISOString()}`
  return `${why}${due}${reason === '' ? '' : `: ${reason}`}`
}

export interface Claimed {
  queued: Extract<Enqueued, { run: RunRow }>[]
  /** The queue has no place for what is due: it stays due. */
  isFull: boolean
}

/** Claims every moment that is due: its run is in the queue and the next moment is set, or neither. Within a transaction. */
export function claimDue(store: JobStore, next: Next, now: number): Claimed {
  const claimed: Claimed = { queued: [], isFull: false }
  for (;;) {
    const due = store.due(now, BATCH)
    for (const job of due) {
      if (store.countPending() + placesFor(job) > MAX_PENDING) return { ...claimed, isFull: true }
      claimJob(store, next, job, now, claimed)
    }
    if (due.length < BATCH) return claimed
  }
}

const placesFor = ({ definition: { missed, max_missed: most } }: JobRow): number => (missed === 'all' ? most : 1)

function claimJob(store: JobStore, next: Next, job: JobRow, now: number, claimed: Claimed): void {
  const { plan, next_at: first, definition } = job
  if (!plan || first === null) return store.setNext(job.id, null)
  const moments = dueMoments(plan, next, first, now, placesFor(job))
  const last = moments.at(-1) ?? first
  store.setNext(job.id, following(plan, next, last, now))
  const isMissed = definition.missed === 'skip' && now - last > LATE_MS
  const from = isMissed ? last : moments[0]
  if (isMissed || (from !== undefined && from > first && definition.missed !== 'once'))
    store.note({ jobId: job.id, event: 'missed', at: now, details: missedText(first, isMissed ? last : from) })
  let queued = 0
  for (const at of isMissed ? [] : moments) {
    // An interval goes on from its last moment; it cannot come back to one.
    if (plan.kind !== 'every' && !store.claimMoment(job.id, at)) continue
    const why = now - at > LATE_MS ? 'missed' : 'schedule'
    const done = enqueue(store, job, { why, dueAt: at }, now, queued > 0)
    if ('run' in done) {
      queued++
      claimed.queued.push(done)
    } else
      store.note({
        jobId: job.id,
        event: 'skipped',
        at: now,
        details: `${new Date(at).toISOString()}: ${done.skipped}`,
      })
  }
}

const missedText = (first: number, until: number | undefined): string =>
  `Not run: ${new Date(first).toISOString()}${until === undefined || until === first ? '' : ` until ${new Date(until).toISOString()}`}.`

/**
 * After the clock was set back by `byMs`: each moment that lies ahead again and was not claimed comes, none that was claimed comes again,
 * and nothing waits longer than it would have. Within a transaction.
 */
export function rewind(store: JobStore, next: Next, now: number, byMs: number): void {
  store.hasten(now, byMs)
  for (const job of store.scheduled(Number.MAX_SAFE_INTEGER)) {
    const { plan, next_at: nextAt } = job
    if (!plan || nextAt === null || plan.kind === 'at') continue
    if (plan.kind === 'every') {
      store.setNext(job.id, Math.min(nextAt, now + stepMs(plan)))
      continue
    }
    let at = next(plan, now)
    while (at !== null && store.isClaimed(job.id, at)) at = next(plan, at)
    store.setNext(job.id, at)
  }
}
