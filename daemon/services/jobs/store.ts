import { existsSync } from 'node:fs'
import type { Logger } from '@shared/log'
import { z } from 'zod'
import { Store } from '../store'
import type { Event, JobState, RunState } from './job'
import { KEPT_DONE, KEPT_EVENTS, KEPT_MS, KEPT_OUTPUTS, KEPT_RUNS, MOMENTS_MS } from './limits'
import { EventRow, JobRow, MIGRATIONS, RunRow } from './rows'

const JOB =
  'id, name, definition, schedule, plan, enabled, next_at, last_run_id, run_count, created_at, updated_at' as const
const RUN =
  'id, job_id, state, attempt, why, reason, due_at, ready_at, created_at, started_at, completed_at, exit_code, failure, error' as const

/** Events between two looks at those of a job that are too many. */
const PRUNE_EVENTS_EVERY = 100

export interface JobFilter {
  state?: JobState | undefined
  tag?: string | undefined
  limit: number
}

export interface RunFilter {
  jobId?: string | undefined
  state?: RunState | undefined
  /** Older than this run. */
  before?: string | undefined
  limit: number
}

const Identified = z.object({ id: z.string() })

/** What a run becomes. */
export type RunChange = Partial<Omit<RunRow, 'id' | 'job_id'>>

/** Jobs, their runs, and what became of them. Durable: a moment that is claimed stays claimed. */
export class JobStore {
  readonly #store: Store
  readonly #log: Logger

  private constructor(store: Store, log: Logger) {
    this.#store = store
    this.#log = log
    if (store.setAside !== undefined) this.setMeta('set_aside', store.setAside)
  }

  /** Where an earlier store is that was damaged, until somebody has taken it away. */
  get setAside(): string | undefined {
    const path = this.meta('set_aside')
    return path !== undefined && existsSync(path) ? path : undefined
  }

  /** @throws NekodeError precondition `JOB-000` */
  static open(path: string, log: Logger): JobStore {
    const title = 'the store of the jobs'
    return new JobStore(Store.open({ path, log, title, migrations: MIGRATIONS, code: 'JOB-000', durable: true }), log)
  }

  /** All of `work` is in the store, or none. */
  tx<T>(work: () => T): T {
    return this.#store.tx(work)
  }

  close(): void {
    this.#store.close()
  }

  meta(name: string): string | undefined {
    return this.#store.prepare<{ value: string }, [string]>('SELECT value FROM meta WHERE name = ?').get(name)?.value
  }

  setMeta(name: string, value: string): void {
    this.#store
      .prepare<never, [string, string]>(
        'INSERT INTO meta (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2',
      )
      .run(name, value)
  }

  #count(sql: string, ...params: string[]): number {
    return this.#store.prepare<{ n: number }, string[]>(sql).get(...params)?.n ?? 0
  }

  countJobs = (): number => this.#count('SELECT count(*) AS n FROM jobs')
  countPending = (): number => this.#count("SELECT count(*) AS n FROM runs WHERE state = 'pending'")
  countPendingOf = (jobId: string): number =>
    this.#count("SELECT count(*) AS n FROM runs WHERE state = 'pending' AND job_id = ?", jobId)

  insertJob(job: JobRow, requestId: string | undefined): void {
    this.#store
      .prepare<never, (string | number | null)[]>(
        `INSERT INTO jobs (${JOB}, request_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        job.id,
        job.name,
        JSON.stringify(job.definition),
        job.schedule,
        job.plan && JSON.stringify(job.plan),
        job.enabled ? 1 : 0,
        job.next_at,
        job.last_run_id,
        job.run_count,
        job.created_at,
        job.updated_at,
        requestId ?? null,
      )
  }

  job(id: string): JobRow | undefined {
    return this.#job('id = ?', id)
  }

  /** By id or by name. */
  find(ref: string): JobRow | undefined {
    return this.#job('id = ?', ref) ?? this.#job('name = ?', ref)
  }

  jobOfRequest(requestId: string): JobRow | undefined {
    return this.#job('request_id = ?', requestId)
  }

  #job(where: string, value: string): JobRow | undefined {
    const row = this.#store.prepare<unknown, [string]>(`SELECT ${JOB} FROM jobs WHERE ${where}`).get(value)
    return row ? this.#readable([row])[0] : undefined
  }

  /** One that cannot be read must not keep the others from running: it is told, and is never due again. */
  #readable(rows: unknown[]): JobRow[] {
    return rows.flatMap((row) => {
      const job = JobRow.safeParse(row)
      if (job.success) return [job.data]
      const { id } = Identified.parse(row)
      this.#log.error('a job cannot be read; it does not run', { job: id, error: z.prettifyError(job.error) })
      this.#store.prepare<never, [string]>('UPDATE jobs SET enabled = 0, next_at = NULL WHERE id = ?').run(id)
      return []
    })
  }

  /** Newest first. */
  jobs({ state, tag, limit }: JobFilter): JobRow[] {
    const rows = this.#store
      .prepare<unknown, [string | null, string | null, number]>(
        `SELECT ${JOB} FROM jobs WHERE (?1 IS NULL OR
           coalesce((SELECT state FROM runs WHERE runs.id = jobs.last_run_id), 'idle') = ?1)
         AND (?2 IS NULL OR EXISTS (SELECT 1 FROM json_each(definition, '$.tags') WHERE value = ?2))
         ORDER BY id DESC LIMIT ?3`,
      )
      .all(state ?? null, tag ?? null, limit)
    return this.#readable(rows)
  }

  /** Jobs that a moment is set for, the earliest first. */
  scheduled(limit: number): JobRow[] {
    const rows = this.#store
      .prepare<unknown, [number]>(
        `SELECT ${JOB} FROM jobs WHERE enabled = 1 AND next_at IS NOT NULL ORDER BY next_at LIMIT ?`,
      )
      .all(limit)
    return this.#readable(rows)
  }

  due(now: number, limit: number): JobRow[] {
    const rows = this.#store
      .prepare<unknown, [number, number]>(
        `SELECT ${JOB} FROM jobs WHERE enabled = 1 AND next_at IS NOT NULL AND next_at <= ? ORDER BY next_at LIMIT ?`,
      )
      .all(now, limit)
    return this.#readable(rows)
  }

  /** The earliest moment that is set for any job. */
  nextMoment(): number | undefined {
    const row = this.#store
      .prepare<{ at: number | null }, []>(
        'SELECT min(next_at) AS at FROM jobs WHERE enabled = 1 AND next_at IS NOT NULL',
      )
      .get()
    return row?.at ?? undefined
  }

  hasRrule(): boolean {
    return this.#count(`SELECT count(*) AS n FROM jobs WHERE plan LIKE '{"kind":"rrule"%'`) > 0
  }

  setNext(id: string, nextAt: number | null): void {
    this.#store.prepare<never, [number | null, string]>('UPDATE jobs SET next_at = ? WHERE id = ?').run(nextAt, id)
  }

  setEnabled(id: string, enabled: boolean, nextAt: number | null, now: number): void {
    this.#store
      .prepare<never, [number, number | null, number, string]>(
        'UPDATE jobs SET enabled = ?, next_at = ?, updated_at = ? WHERE id = ?',
      )
      .run(enabled ? 1 : 0, nextAt, now, id)
  }

  removeJob(id: string): void {
    this.#store.prepare<never, [string]>('DELETE FROM jobs WHERE id = ?').run(id)
  }

  /** Claims a moment of a job. @returns false when it has been claimed before */
  claimMoment(jobId: string, dueAt: number): boolean {
    return (
      this.#store
        .prepare<never, [string, number]>('INSERT OR IGNORE INTO moments (job_id, due_at) VALUES (?, ?)')
        .run(jobId, dueAt).changes > 0
    )
  }

  isClaimed(jobId: string, dueAt: number): boolean {
    return (
      this.#store
        .prepare<unknown, [string, number]>('SELECT 1 FROM moments WHERE job_id = ? AND due_at = ?')
        .get(jobId, dueAt) !== null
    )
  }

  /** Puts a run into the queue. */
  insertRun(run: RunRow, requestId: string | undefined): void {
    this.#store
      .prepare<never, (string | number | null)[]>(
        `INSERT INTO runs (${RUN}, request_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        run.id,
        run.job_id,
        run.state,
        run.attempt,
        run.why,
        run.reason,
        run.due_at,
        run.ready_at,
        run.created_at,
        run.started_at,
        run.completed_at,
        run.exit_code,
        run.failure,
        run.error,
        requestId ?? null,
      )
    this.#store
      .prepare<never, [string, string]>('UPDATE jobs SET last_run_id = ?, run_count = run_count + 1 WHERE id = ?')
      .run(run.id, run.job_id)
  }

  run(id: string): RunRow | undefined {
    const row = this.#store.prepare<unknown, [string]>(`SELECT ${RUN} FROM runs WHERE id = ?`).get(id)
    return row ? RunRow.parse(row) : undefined
  }

  runOfRequest(requestId: string): RunRow | undefined {
    const row = this.#store.prepare<unknown, [string]>(`SELECT ${RUN} FROM runs WHERE request_id = ?`).get(requestId)
    return row ? RunRow.parse(row) : undefined
  }

  /** Newest first. */
  runs({ jobId, state, before, limit }: RunFilter): RunRow[] {
    // One statement for each shape, so that each can use an index.
    const where = [
      jobId === undefined ? '' : 'job_id = $job',
      state === undefined ? '' : 'state = $state',
      before === undefined ? '' : 'id < $before',
    ].filter(Boolean)
    const rows = this.#store
      .prepare<unknown, [Record<string, string | number | null>]>(
        `SELECT ${RUN} FROM runs ${where.length > 0 ? `WHERE ${where.join(' AND ')}` : ''} ORDER BY id DESC LIMIT $limit`,
      )
      .all({
        limit,
        ...(jobId === undefined ? {} : { job: jobId }),
        ...(state === undefined ? {} : { state }),
        ...(before === undefined ? {} : { before }),
      })
    return z.array(RunRow).parse(rows)
  }

  /** Runs of a job that wait or are under way, oldest first. */
  openRuns(jobId: string): RunRow[] {
    const rows = this.#store
      .prepare<unknown, [string]>(
        `SELECT ${RUN} FROM runs WHERE job_id = ? AND state IN ('pending', 'running') ORDER BY id`,
      )
      .all(jobId)
    return z.array(RunRow).parse(rows)
  }

  /** Runs that were under way when the daemon ended. */
  runningRuns(): RunRow[] {
    const rows = this.#store.prepare<unknown, []>(`SELECT ${RUN} FROM runs WHERE state = 'running' ORDER BY id`).all()
    return z.array(RunRow).parse(rows)
  }

  /** The run that is next: the one that is ready the longest, of a job that has none under way. */
  nextRun(now: number): RunRow | undefined {
    const row = this.#store
      .prepare<unknown, [number]>(
        `SELECT ${RUN} FROM runs WHERE state = 'pending' AND ready_at <= ? AND NOT EXISTS (
           SELECT 1 FROM runs AS other WHERE other.job_id = runs.job_id AND other.state = 'running')
         ORDER BY ready_at, id LIMIT 1`,
      )
      .get(now)
    return row ? RunRow.parse(row) : undefined
  }

  /** When the first run gets ready that is not yet. */
  nextReady(now: number): number | undefined {
    const row = this.#store
      .prepare<{ at: number | null }, [number]>(
        "SELECT min(ready_at) AS at FROM runs WHERE state = 'pending' AND ready_at > ?",
      )
      .get(now)
    return row?.at ?? undefined
  }

  updateRun(id: string, change: RunChange): void {
    const entries = Object.entries(change)
    this.#store
      .prepare<never, (string | number | null)[]>(
        `UPDATE runs SET ${entries.map(([name]) => `${name} = ?`).join(', ')} WHERE id = ?`,
      )
      .run(...entries.map(([, value]) => value), id)
  }

  /** A clock that was set back by `byMs` must not make what waits wait longer. */
  hasten(now: number, byMs: number): void {
    this.#store
      .prepare<never, [number, number]>(
        "UPDATE runs SET ready_at = max(?1, ready_at - ?2) WHERE state = 'pending' AND ready_at > ?1",
      )
      .run(now, byMs)
  }

  output(runId: string): string | undefined {
    return this.#store.prepare<{ body: string }, [string]>('SELECT body FROM outputs WHERE run_id = ?').get(runId)?.body
  }

  setOutput(runId: string, body: string): void {
    this.#store
      .prepare<never, [string, string]>(
        'INSERT INTO outputs (run_id, body) VALUES (?1, ?2) ON CONFLICT (run_id) DO UPDATE SET body = ?2',
      )
      .run(runId, body)
  }

  note(event: { jobId: string; runId?: string; event: Event; at: number; details?: string }): void {
    const { lastInsertRowid: seq } = this.#store
      .prepare<never, [string, string | null, string, number, string]>(
        'INSERT INTO events (job_id, run_id, event, at, details) VALUES (?, ?, ?, ?, ?)',
      )
      .run(event.jobId, event.runId ?? null, event.event, event.at, event.details ?? '')
    // Also where a run goes on for ever and each moment is skipped.
    if (Number(seq) % PRUNE_EVENTS_EVERY === 0) this.pruneJob(event.jobId, event.at)
  }

  /** Newest first. */
  events(jobId: string, before: number, limit: number): EventRow[] {
    const rows = this.#store
      .prepare<unknown, [string, number, number]>(
        'SELECT seq, job_id, run_id, event, at, details FROM events WHERE job_id = ? AND seq < ? ORDER BY seq DESC LIMIT ?',
      )
      .all(jobId, before, limit)
    return z.array(EventRow).parse(rows)
  }

  /** Takes away what is past its bounds of one job. */
  pruneJob(jobId: string, now: number): void {
    this.#store
      .prepare<never, [string, number]>(
        `DELETE FROM runs WHERE job_id = ?1 AND state NOT IN ('pending', 'running') AND id < (
           SELECT id FROM runs WHERE job_id = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)`,
      )
      .run(jobId, KEPT_RUNS - 1)
    this.#store
      .prepare<never, [string, number]>(
        `DELETE FROM events WHERE job_id = ?1 AND seq < (
           SELECT seq FROM events WHERE job_id = ?1 ORDER BY seq DESC LIMIT 1 OFFSET ?2)`,
      )
      .run(jobId, KEPT_EVENTS - 1)
    this.#store
      .prepare<never, [string, number]>('DELETE FROM moments WHERE job_id = ? AND due_at < ?')
      .run(jobId, now - MOMENTS_MS)
  }

  /** Takes away what is past its bounds over all jobs. */
  prune(now: number): void {
    this.tx(() => {
      this.#store
        .prepare<never, [number]>("DELETE FROM runs WHERE completed_at < ? AND state NOT IN ('pending', 'running')")
        .run(now - KEPT_MS)
      this.#store
        .prepare<never, [number]>(
          'DELETE FROM outputs WHERE run_id < (SELECT run_id FROM outputs ORDER BY run_id DESC LIMIT 1 OFFSET ?)',
        )
        .run(KEPT_OUTPUTS - 1)
      // What was to be done once and is done.
      this.#store
        .prepare<never, [number, number]>(
          `DELETE FROM jobs WHERE schedule = 'now'
             AND NOT EXISTS (SELECT 1 FROM runs WHERE job_id = jobs.id AND state IN ('pending', 'running'))
             AND (updated_at < ?1 OR id < (SELECT id FROM jobs WHERE schedule = 'now' ORDER BY id DESC LIMIT 1 OFFSET ?2))`,
        )
        .run(now - KEPT_MS, KEPT_DONE - 1)
    })
  }
}
