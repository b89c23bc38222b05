import { rmSync } from 'node:fs'
import { errorText } from '@shared/errors'
import type { Logger } from '@shared/log'
import { clockFor, type Next } from '@shared/schedule/clock'
import type { Plan } from '@shared/schedule/plan'
import type { LocalEvents } from '../../local/events'
import { within } from '../../runtimes/child'
import type { DaemonMark } from '../../runtimes/events'
import { Attempt, type Outcome, type Say, type SecretOf } from './attempt'
import { claimDue, endWaiting, type Enqueued, REPLACED, rewind, whyText } from './claims'
import { backoffMs, describe } from './job'
import { GRACE_MS, MAX_RUNNING } from './limits'
import { Output } from './output'
import { removeTraces, tracesOf } from './process'
import { bootId, outcomeAfterKill } from './recovery'
import type { JobRow, RunRow } from './rows'
import type { JobStore } from './store'
import { Alarm, type Time } from './time'

/** A clock that is set back by less is being adjusted, and no moment is claimed twice by that. */
const ADJUSTED_MS = 1000
/** After a write that failed: a disk that is full is not full for ever. */
const AGAIN_MS = 5000
/** Of what is kept of an error, in characters. */
const MAX_ERROR = 2000
/** How often the output of what is under way is stored. */
const FLUSH_MS = 2000
/** Runs that end between two looks at what is past its bounds over all jobs. */
const PRUNE_EVERY = 100

export interface QueueOptions {
  store: JobStore
  /** For the traces of commands. */
  folder: string
  log: Logger
  events: LocalEvents
  env: Record<string, string | undefined>
  mark: DaemonMark
  say: Say
  secretOf: SecretOf
  time: Time
}

interface Running {
  run: RunRow
  attempt: Attempt
  output: Output
  settled: PromiseWithResolvers<void>
  flush?: ReturnType<typeof setTimeout>
}

/** What a transaction has decided, to be done when it is committed. */
interface Decided {
  starts: { job: JobRow; run: RunRow }[]
  ends: string[]
  tells: (() => void)[]
}

/** Claims what is due, runs what waits, four at a time, and writes down how it came out. */
export class Queue {
  readonly #options: QueueOptions
  readonly #running = new Map<string, Running>()
  readonly #alarm: Alarm
  #next: Next
  #lastSeen: number
  #isFull = false
  #isStopping = false
  #ended = 0
  #news = Promise.withResolvers<void>()

  private constructor(options: QueueOptions, next: Next) {
    this.#options = options
    this.#next = next
    this.#alarm = new Alarm(options.time, () => this.wake())
    this.#lastSeen = Number(options.store.meta('last_seen') ?? 0)
  }

  /** Takes up what an earlier process left, and starts. Its processes must have ended. */
  static async open(options: QueueOptions): Promise<Queue> {
    const { store, time } = options
    const queue = new Queue(options, await clockFor(store.hasRrule() ? [{ kind: 'rrule' }] : []))
    queue.#recover()
    store.prune(time.now())
    queue.wake()
    return queue
  }

  get active(): number {
    return this.#running.size
  }

  get next(): Next {
    return this.#next
  }

  /** Resolves when a run begins or ends. */
  get news(): Promise<void> {
    return this.#news.promise
  }

  /** Loads what it takes to find the times of a plan. */
  async learn(plan: Plan): Promise<void> {
    if (plan.kind === 'rrule') this.#next = await clockFor([plan])
  }

  output(runId: string): Output {
    return this.#running.get(runId)?.output ?? Output.parse(this.#options.store.output(runId))
  }

  /**
   * Runs `work` and then claims what can be, in one transaction; what was claimed is started when it is committed.
   * @param work gets the time, and where it says what else is to be done then
   */
  commit<T>(work: (now: number, decided: Decided) => T): T {
    const { store, time } = this.#options
    const now = time.now()
    const decided: Decided = { starts: [], ends: [], tells: [] }
    let isFull = false
    const value = store.tx(() => {
      decided.starts.length = decided.ends.length = decided.tells.length = 0
      if (now < this.#lastSeen - ADJUSTED_MS) this.#rewind(now)
      const result = work(now, decided)
      if (!this.#isStopping) isFull = this.#claim(now, decided)
      return result
    })
    this.#lastSeen = now
    this.#isFull = isFull
    this.#act(decided)
    return value
  }

  /** Looks at what is due and what can be started, and sets the alarm for what is next. Never throws. */
  wake(): void {
    if (this.#isStopping) return
    try {
      this.commit(() => undefined)
    } catch (error) {
      this.#options.log.error('due jobs could not be claimed; it is tried again', { error: errorText(error) })
      this.#alarm.set(this.#options.time.now() + AGAIN_MS)
    }
  }

  #claim(now: number, decided: Decided): boolean {
    const { store } = this.#options
    const due = claimDue(store, this.#next, now)
    for (const one of due.queued) this.follow(one, decided)
    for (;;) {
      if (this.#running.size + decided.starts.length >= MAX_RUNNING) break
      const run = store.nextRun(now)
      if (!run) break
      const job = store.job(run.job_id)
      if (!job) {
        endWaiting(store, run, now, 'Its job cannot be read.')
        continue
      }
      const begun = { ...run, state: 'running' as const, attempt: run.attempt + 1, started_at: now }
      store.updateRun(run.id, { state: begun.state, attempt: begun.attempt, started_at: now, completed_at: null })
      store.note({ jobId: job.id, runId: run.id, event: 'started', at: now, details: `attempt ${begun.attempt}` })
      decided.starts.push({ job, run: begun })
    }
    if (decided.starts.length > 0 || due.queued.length > 0) store.setMeta('last_seen', String(now))
    return due.isFull
  }

  #rewind(now: number): void {
    const { store, log } = this.#options
    log.warn('the clock was set back; moments that are over are not run again', {
      from: new Date(this.#lastSeen).toISOString(),
      to: new Date(now).toISOString(),
    })
    rewind(store, this.#next, now, this.#lastSeen - now)
    store.setMeta('last_seen', String(now))
  }

  #act({ starts, ends, tells }: Decided): void {
    for (const tell of tells) tell()
    for (const id of ends) this.cancelRunning(id, REPLACED)
    for (const { job, run } of starts) this.#start(job, run)
    this.#arm()
  }

  #arm(): void {
    if (this.#isStopping) return
    const { store, time } = this.#options
    const now = time.now()
    // What is due and has no place is looked at when a run ends.
    const moment = this.#isFull ? undefined : store.nextMoment()
    const ready = this.#running.size < MAX_RUNNING ? store.nextReady(now) : undefined
    this.#alarm.set(moment === undefined ? ready : Math.min(moment, ready ?? moment))
  }

  #start(job: JobRow, run: RunRow): void {
    const { store, folder, mark, env, say, secretOf, events } = this.#options
    const output = run.attempt > 1 ? Output.parse(store.output(run.id)) : new Output()
    if (run.attempt > 1) output.push('note', `[attempt ${run.attempt}]\n`)
    const traces = tracesOf(folder, run.id, run.attempt)
    const attempt = new Attempt({ job, run, output, traces, folder, mark, env, say, secretOf })
    const running: Running = { run, attempt, output, settled: Promise.withResolvers() }
    this.#running.set(run.id, running)
    events.publish({ type: 'JobStarted', job_id: job.id, run_id: run.id, attempt: run.attempt })
    this.#tellNews()
    this.#flushLater(running)
    void attempt.done.then((outcome) => this.#settle(running, outcome))
  }

  /** Stores the output now and then, so that a kill leaves what was said until then. */
  #flushLater(running: Running): void {
    void running.output.changed.then(() => {
      if (!this.#running.has(running.run.id)) return
      running.flush = setTimeout(() => {
        try {
          this.#options.store.setOutput(running.run.id, running.output.stringify())
        } catch (error) {
          this.#options.log.debug('the output of a job was not stored', { error: errorText(error) })
        }
        this.#flushLater(running)
      }, FLUSH_MS)
    })
  }

  /** Writes down how a run came out. Where that cannot be written, it keeps its place until it can. */
  #settle(running: Running, outcome: Outcome): void {
    const { store, folder, log, time } = this.#options
    const { run, output } = running
    clearTimeout(running.flush)
    this.#running.delete(run.id)
    try {
      this.commit((now, decided) => {
        const job = store.job(run.job_id)
        if (!job) return
        if (output.end > 0) store.setOutput(run.id, output.stringify())
        this.#write(job, run, outcome, now, decided)
        store.pruneJob(job.id, now)
      })
    } catch (error) {
      this.#running.set(run.id, running)
      if (this.#isStopping) return running.settled.resolve()
      log.error('the end of a job could not be stored; it is tried again', { run: run.id, error: errorText(error) })
      time.after(AGAIN_MS, () => this.#settle(running, outcome))
      return
    }
    removeTraces(tracesOf(folder, run.id, run.attempt))
    running.settled.resolve()
    this.#tellNews()
    if (++this.#ended % PRUNE_EVERY === 0) store.prune(time.now())
  }

  /** Within a transaction. */
  #write(job: JobRow, run: RunRow, outcome: Outcome, now: number, decided: Decided): void {
    const { store, events } = this.#options
    const ids = { job_id: job.id, run_id: run.id }
    const note = { jobId: job.id, runId: run.id, at: now }
    switch (outcome.kind) {
      case 'untouched':
        store.updateRun(run.id, { state: 'pending', attempt: run.attempt - 1, ready_at: now, started_at: null })
        return store.note({ ...note, event: 'requeued', details: 'It had not begun.' })
      case 'completed':
        store.updateRun(run.id, {
          state: 'completed',
          completed_at: now,
          exit_code: outcome.exitCode,
          failure: null,
          error: null,
        })
        store.note({ ...note, event: 'completed' })
        decided.tells.push(() => events.publish({ type: 'JobCompleted', ...ids, exit_code: outcome.exitCode }))
        return
      case 'cancelled':
        store.updateRun(run.id, {
          state: 'cancelled',
          completed_at: now,
          exit_code: outcome.exitCode ?? null,
          error: outcome.error,
        })
        store.note({ ...note, event: 'cancelled', details: outcome.error })
        decided.tells.push(() => events.publish({ type: 'JobCancelled', ...ids }))
        return
      case 'failed': {
        const { failure, exitCode = null } = outcome
        const error = outcome.error.slice(0, MAX_ERROR)
        const isLast = run.attempt > job.definition.max_retries
        const retryAt = isLast ? null : now + backoffMs(job.definition, run.attempt)
        store.updateRun(run.id, {
          failure,
          error,
          exit_code: exitCode,
          completed_at: now,
          ...(retryAt === null ? { state: 'failed' } : { state: 'pending', ready_at: retryAt, completed_at: null }),
        })
        store.note({ ...note, event: failure === 'interrupted' ? 'interrupted' : 'failed', details: error })
        if (retryAt !== null)
          store.note({ ...note, event: 'retried', details: `again at ${new Date(retryAt).toISOString()}` })
        decided.tells.push(() => events.publish({ type: 'JobFailed', ...ids, error, failure, retry_at: retryAt }))
      }
    }
  }

  #recover(): void {
    const { store, folder, log, time } = this.#options
    const boot = bootId()
    const sameBoot = store.meta('boot') === boot
    const left = store.runningRuns()
    store.tx(() => {
      const decided: Decided = { starts: [], ends: [], tells: [] }
      for (const run of left) {
        const job = store.job(run.job_id)
        if (!job) continue
        const outcome = outcomeAfterKill(job, tracesOf(folder, run.id, run.attempt), sameBoot)
        this.#write(job, run, outcome, time.now(), decided)
      }
      if (!sameBoot) store.setMeta('boot', boot)
    })
    if (left.length > 0) log.warn('jobs were under way when the daemon was ended', { runs: left.length })
    rmSync(folder, { recursive: true, force: true })
  }

  /** Ends a run that waits, or is under way. @returns false when it is over already */
  cancel(run: RunRow, why: string): boolean {
    if (this.cancelRunning(run.id, why)) return true
    return this.commit((now, { tells }) => {
      const current = this.#options.store.run(run.id)
      if (current?.state !== 'pending') return false
      endWaiting(this.#options.store, current, now, why)
      tells.push(() => this.#tellCancelled(current))
      return true
    })
  }

  cancelRunning(runId: string, why: string): boolean {
    const running = this.#running.get(runId)
    running?.attempt.cancel(why)
    return running !== undefined
  }

  /** Resolves when none of these is under way any more. */
  async settled(runIds: readonly string[]): Promise<void> {
    await Promise.all(runIds.map((id) => this.#running.get(id)?.settled.promise))
  }

  /** What follows when a run is in the queue: that is told, and what it replaces ends. */
  follow({ run, replaced }: Extract<Enqueued, { run: RunRow }>, { tells, ends }: Decided): void {
    tells.push(() => this.#tellSubmitted(run))
    for (const one of replaced.waiting) tells.push(() => this.#tellCancelled(one))
    ends.push(...replaced.running)
  }

  #tellCancelled({ job_id, id }: RunRow): void {
    this.#options.events.publish({ type: 'JobCancelled', job_id, run_id: id })
  }

  #tellSubmitted(run: RunRow): void {
    const { store, events } = this.#options
    const job = store.job(run.job_id)
    if (!job) return
    events.publish({
      type: 'JobSubmitted',
      job_id: job.id,
      run_id: run.id,
      name: job.name,
      workflow: describe(job.definition.work),
      why: whyText(run),
    })
  }

  #tellNews(): void {
    const news = this.#news
    this.#news = Promise.withResolvers()
    news.resolve()
  }

  /** Ends what is under way: it is written down as interrupted, or waits again where it had not begun. */
  async stop(): Promise<void> {
    this.#isStopping = true
    this.#alarm.set(undefined)
    const running = [...this.#running.values()]
    for (const { attempt } of running) attempt.interrupt()
    // What does not end in time is found at the next start.
    await within(Promise.all(running.map(({ settled }) => settled.promise)), GRACE_MS + 2000)
    try {
      this.#options.store.setMeta('last_seen', String(this.#options.time.now()))
    } catch (error) {
      this.#options.log.debug('the time of the end was not stored', { error: errorText(error) })
    }
  }
}
