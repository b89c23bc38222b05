import { join } from 'node:path'
import { errorText, NekodeError } from '@shared/errors'
import { newId } from '@shared/ids'
import type { Logger } from '@shared/log'
import type { Paths } from '../../config/paths'
import type { LocalEvents } from '../../local/events'
import { within } from '../../runtimes/child'
import type { DaemonMark } from '../../runtimes/events'
import type { Say, SecretOf } from './attempt'
import { enqueue, type Request } from './claims'
import { describe, type JobState, type Why } from './job'
import { GRACE_MS, MAX_JOBS } from './limits'
import type { Output } from './output'
import { storePath } from './place'
import { Queue } from './queue'
import type { EventRow, JobRow, RunRow } from './rows'
import type { Submission } from './shapes'
import { JobStore, type RunFilter } from './store'
import { planOf, prepare, refused, type Prepared } from './submission'
import { systemTime, type Time } from './time'
import { following, preview } from './when'

/** After a start that failed: a disk that is full is not full for ever. */
const AGAIN_MS = 60_000

export interface JobsOptions {
  paths: Pick<Paths, 'state'>
  log: Logger
  events: LocalEvents
  /** The environment of the daemon. */
  env: Record<string, string | undefined>
  /** By what the processes of this installation are found again. */
  mark: DaemonMark
  say: Say
  secretOf: SecretOf
  /** Default: the computer's. */
  time?: Time
}

export type Triggered = { run: RunRow } | { skipped: string }

interface Opened {
  store: JobStore
  queue: Queue
}

/** What can be done with the jobs. Each due moment is claimed once, before anything is started for it. */
export class Jobs {
  readonly #options: JobsOptions
  readonly #time: Time
  #opening: Promise<Opened> | undefined
  #opened: Opened | undefined
  #isStopped = false
  #again: (() => void) | undefined

  constructor(options: JobsOptions) {
    this.#options = options
    this.#time = options.time ?? systemTime
  }

  /** Goes on with the jobs that there are. */
  async start(): Promise<void> {
    await this.#open()
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    this.#again?.()
    // One that could not be opened has said so.
    const opened = await this.#opening?.catch(() => undefined)
    await opened?.queue.stop()
    opened?.store.close()
  }

  /** Runs that are under way. */
  get active(): number {
    return this.#opened?.queue.active ?? 0
  }

  async #open(): Promise<Opened> {
    if (this.#isStopped) throw new NekodeError('unavailable', 'The daemon ends.', { code: 'JOB-000' })
    this.#opening ??= this.#openNow()
    try {
      return await this.#opening
    } catch (error) {
      this.#opening = undefined
      // Jobs come due whether somebody asks or not. A store that is newer stays so until another daemon is there.
      if (!(error instanceof NekodeError && error.code === 'store_newer'))
        this.#again ??= this.#time.after(AGAIN_MS, () => {
          this.#again = undefined
          this.start().catch((cause: unknown) =>
            this.#options.log.error('the jobs cannot be run', { error: errorText(cause) }),
          )
        })
      throw error
    }
  }

  async #openNow(): Promise<Opened> {
    const { paths, log, events, env, mark, say, secretOf } = this.#options
    const store = JobStore.open(storePath(paths), log)
    try {
      const folder = join(paths.state, 'jobs')
      const time = this.#time
      const queue = await Queue.open({ store, folder, log, events, env, mark, say, secretOf, time })
      this.#opened = { store, queue }
      return this.#opened
    } catch (error) {
      store.close()
      throw error
    }
  }

  /** Reads a submission without adding it. @returns the moments that would come first */
  async preview(submission: Submission, count: number): Promise<Prepared & { next: number[] }> {
    const now = this.#time.now()
    const prepared = await prepare(submission, now, this.#options.env)
    const plan = planOf(prepared.when)
    return { ...prepared, next: plan ? await preview(plan, { after: now }, count) : [] }
  }

  /**
   * Adds a job; without a schedule it is in the queue at once.
   * @throws NekodeError `JOB-001` when there is no place or the name is taken
   */
  async submit(
    submission: Submission,
    requestId?: string,
  ): Promise<{ job: JobRow; run: RunRow | undefined; warnings: string[] }> {
    const { definition, schedule, when, warnings } = await prepare(submission, this.#time.now(), this.#options.env)
    const { store, queue } = await this.#open()
    const plan = planOf(when)
    if (plan) await queue.learn(plan)
    return this.#guard('JOB-001', () =>
      queue.commit((now, decided) => {
        const known = requestId === undefined ? undefined : store.jobOfRequest(requestId)
        if (known) return { job: known, run: lastOf(store, known), warnings }
        if (store.countJobs() >= MAX_JOBS) throw tooMany()
        const id = newId('job')
        const job: JobRow = {
          id,
          name: submission.name ?? nameFor(describe(definition.work), id),
          definition,
          schedule,
          plan,
          enabled: submission.paused !== true,
          next_at: plan && following(plan, queue.next, undefined, now),
          last_run_id: null,
          run_count: 0,
          created_at: now,
          updated_at: now,
        }
        if (store.find(job.name)) throw nameTaken(job.name)
        store.insertJob(job, requestId)
        if (when.kind !== 'now') return { job, run: undefined, warnings }
        const done = enqueue(store, job, { why: 'submitted' }, now)
        if ('skipped' in done) throw refused(done.skipped)
        queue.follow(done, decided)
        return { job, run: done.run, warnings }
      }),
    )
  }

  /**
   * Runs a job now, as its policy for overlaps allows.
   * @param ref id or name
   * @param why `watch` for a change of files, with what changed as `reason`
   * @param requestId the same one triggers once
   * @throws NekodeError not_found `JOB-004`, full `JOB-001`
   */
  async trigger(
    ref: string,
    why: Extract<Why, 'watch' | 'manual'>,
    { reason, requestId }: { reason?: string; requestId?: string } = {},
  ): Promise<Triggered> {
    const { store, queue } = await this.#open()
    return this.#guard('JOB-001', () =>
      queue.commit((now, decided) => {
        const known = requestId === undefined ? undefined : store.runOfRequest(requestId)
        if (known) return { run: known }
        const job = found(store, ref)
        if (why === 'watch' && !job.enabled) return { skipped: 'It is paused.' }
        const request: Request = {
          why,
          ...(reason === undefined ? {} : { reason }),
          ...(requestId === undefined ? {} : { requestId }),
        }
        const done = enqueue(store, job, request, now)
        if ('skipped' in done) {
          store.note({ jobId: job.id, event: 'skipped', at: now, details: `${why}: ${done.skipped}` })
          return done
        }
        queue.follow(done, decided)
        return { run: done.run }
      }),
    )
  }

  async list(filter: { state?: JobState | undefined; tag?: string | undefined; limit: number }) {
    const { store } = await this.#open()
    const jobs = store.jobs(filter).map((job) => ({ job, last: lastOf(store, job) }))
    return { jobs, setAside: store.setAside }
  }

  async get(ref: string): Promise<{ job: JobRow; last: RunRow | undefined }> {
    const { store } = await this.#open()
    const job = found(store, ref)
    return { job, last: lastOf(store, job) }
  }

  /** The next moments of one job, or of all, the earliest first. */
  async next(ref: string | undefined, count: number): Promise<{ job: JobRow; at: number }[]> {
    const { store } = await this.#open()
    const jobs = ref === undefined ? store.scheduled(count) : [found(store, ref)]
    const all: { job: JobRow; at: number }[] = []
    for (const job of jobs) {
      const { plan, next_at: first, enabled } = job
      if (!plan || first === null || !enabled) continue
      const more = count > 1 ? await preview(plan, { last: first, after: first }, count - 1) : []
      all.push(...[first, ...more].map((at) => ({ job, at })))
    }
    return all.toSorted((a, b) => a.at - b.at).slice(0, count)
  }

  async runs(filter: Omit<RunFilter, 'jobId'>, ref?: string): Promise<{ run: RunRow; name: string }[]> {
    const { store } = await this.#open()
    const jobId = ref === undefined ? undefined : found(store, ref).id
    return store.runs({ ...filter, jobId }).map((run) => ({ run, name: store.job(run.job_id)?.name ?? '' }))
  }

  async history(ref: string, before: number, limit: number): Promise<EventRow[]> {
    const { store } = await this.#open()
    return store.events(found(store, ref).id, before, limit)
  }

  /** A run by its id, or the newest run of a job, with what it has said so far. */
  async output(ref: string): Promise<{ run: RunRow; name: string; output: Output; news: Promise<void> }> {
    const { store, queue } = await this.#open()
    const { news } = queue
    const run = store.run(ref) ?? lastOf(store, found(store, ref))
    if (!run) throw new NekodeError('not_found', `${ref} has not run yet.`, { code: 'JOB-004' })
    return { run, name: store.job(run.job_id)?.name ?? '', output: queue.output(run.id), news }
  }

  async pause(ref: string): Promise<void> {
    const { store, queue } = await this.#open()
    this.#guard('JOB-003', () =>
      queue.commit((now) => {
        const job = found(store, ref)
        if (!job.enabled) return
        store.setEnabled(job.id, false, job.next_at, now)
        store.note({ jobId: job.id, event: 'paused', at: now })
      }),
    )
  }

  /** Moments that passed in the meantime were not wanted. */
  async resume(ref: string): Promise<void> {
    const { store, queue } = await this.#open()
    this.#guard('JOB-003', () =>
      queue.commit((now) => {
        const job = found(store, ref)
        if (job.enabled) return
        const { plan, next_at: last } = job
        const isOver = plan?.kind === 'at' && (last === null || last <= now)
        const ahead = last !== null && last > now ? last : plan && following(plan, queue.next, now, now)
        store.setEnabled(job.id, true, isOver ? null : ahead, now)
        store.note({ jobId: job.id, event: 'resumed', at: now })
      }),
    )
  }

  /** Ends a run, or every run of a job that waits or is under way. @throws NekodeError precondition `JOB-003` when there is none */
  async cancel(ref: string, why = 'Cancelled by a person.'): Promise<void> {
    const { store, queue } = await this.#open()
    const one = store.run(ref)
    const open = one ? [one] : store.openRuns(found(store, ref).id)
    const ended = this.#guard('JOB-003', () => open.filter((run) => queue.cancel(run, why)))
    if (ended.length === 0)
      throw new NekodeError('precondition', 'Nothing of it waits or is under way.', { code: 'JOB-003' })
    await ends(queue, ended)
  }

  /** Runs once more what failed or was cancelled. @throws NekodeError precondition `JOB-005` for anything else */
  async retry(ref: string): Promise<RunRow> {
    const { store } = await this.#open()
    const run = store.run(ref) ?? lastOf(store, found(store, ref))
    if (!run || (run.state !== 'failed' && run.state !== 'cancelled'))
      throw new NekodeError('precondition', 'Only what failed or was cancelled can be run once more.', {
        code: 'JOB-005',
        next: 'To run it anew: nekode-daemon jobs run',
      })
    const done = await this.trigger(run.job_id, 'manual', { reason: `once more after ${run.id}` })
    if ('skipped' in done) throw new NekodeError('conflict', done.skipped, { code: 'JOB-005' })
    return done.run
  }

  async remove(ref: string): Promise<void> {
    const { store, queue } = await this.#open()
    const job = found(store, ref)
    await this.pause(job.id)
    const open = store.openRuns(job.id)
    for (const run of open) this.#guard('JOB-003', () => queue.cancel(run, 'Its job was removed.'))
    await ends(queue, open)
    this.#guard('JOB-003', () => queue.commit(() => store.removeJob(job.id)))
  }

  /** A write that failed for the disk's sake is told as that. */
  #guard<T>(code: string, work: () => T): T {
    try {
      return work()
    } catch (error) {
      if (error instanceof NekodeError) throw error
      this.#options.log.error('the store of the jobs could not be written', { error: errorText(error) })
      throw new NekodeError('full', `The store of the jobs cannot be written: ${errorText(error)}.`, {
        code,
        next: 'Make room on the disk; what is due meanwhile is run afterwards.',
        cause: error,
      })
    }
  }
}

const lastOf = (store: JobStore, { last_run_id: id }: JobRow): RunRow | undefined =>
  id === null ? undefined : store.run(id)

/** What is under way ends soon; only a server that does not answer can keep a message longer. */
const ends = (queue: Queue, runs: readonly RunRow[]) => within(queue.settled(runs.map(({ id }) => id)), GRACE_MS + 2000)

function found(store: JobStore, ref: string): JobRow {
  const job = store.find(ref)
  if (job) return job
  throw new NekodeError('not_found', `There is no job “${ref}”.`, {
    code: 'JOB-004',
    next: 'See what there is: nekode-daemon jobs list',
  })
}

const nameTaken = (name: string): NekodeError =>
  new NekodeError('conflict', `There is a job “${name}” already.`, {
    code: 'JOB-001',
    next: `Give another name, or remove that one: nekode-daemon jobs remove ${name}`,
  })

const tooMany = (): NekodeError =>
  new NekodeError('full', `There are ${MAX_JOBS} jobs already.`, {
    code: 'JOB-001',
    next: 'Remove some: nekode-daemon jobs remove',
  })

/** The program or the first word, and the end of the id, so that it is nobody else's. */
function nameFor(workflow: string, id: string): string {
  const [word = ''] = workflow.split(' ')
  const stem = (word.split('/').at(-1) ?? '').replace(/[^A-Za-z0-9._-]/g, '').replace(/^[._-]+/, '')
  return `${stem.slice(0, 40) || 'job'}-${id.slice(-8)}`
}
