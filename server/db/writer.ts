import { NekodeError } from '@shared/errors'
import { type BeforeCommit, type LogEvent, type NewEvent, type OpenOptions, type Tx, toLog } from './database'

/** Transactions that share a commit. More would hold the event loop for longer than a frame. */
const GROUP = 64
/** How often a group is run that met somebody else's transaction. */
const ATTEMPTS = 5

/** One connection that writes. A group of transactions is one transaction of the database, each in a savepoint of its own. */
export interface Engine {
  /** Starts a transaction that no other writer can be in at the same time. @returns the last sequence of the log */
  begin(): Promise<number>
  savepoint(): Promise<void>
  release(): Promise<void>
  /** Undoes what was done since the savepoint. */
  undo(): Promise<void>
  append(log: LogEvent[]): Promise<void>
  commit(): Promise<void>
  /** Gives up the transaction, if there still is one. Never throws. */
  abort(): Promise<void>
  /** Whether the transaction goes on after this error; a full disk or a lost connection ends it. */
  survives(error: unknown): boolean
  /** Whether the same work may succeed when it is run again. */
  isConflict(error: unknown): boolean
  /** The error as callers see it. */
  explain(error: unknown): unknown
  readonly work: Omit<Tx, 'emit'>
}

interface Job {
  run(tx: Tx): Promise<void>
  settle(error?: { of: unknown }): void
}

/**
 * The one writer of a database: transactions queue up, and those that wait share a commit. One that fails takes nobody along. The log
 * is numbered in the order of commits, so that whoever reads up to a sequence has seen everything before it.
 */
export class Writer {
  readonly #queue: Job[] = []
  readonly #hooks: BeforeCommit[] = []
  readonly #listeners: ((events: LogEvent[]) => Promise<void> | void)[] = []
  #draining: Promise<void> | undefined
  #closed = false

  constructor(
    private readonly engine: Engine,
    private readonly options: OpenOptions,
  ) {}

  beforeCommit(hook: BeforeCommit): void {
    this.#hooks.push(hook)
  }

  onCommit(listener: (events: LogEvent[]) => Promise<void> | void): void {
    this.#listeners.push(listener)
  }

  tx<T>(fn: (tx: Tx) => Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(new NekodeError('unavailable', 'The server is shutting down.'))
    return new Promise<T>((resolve, reject) => {
      let value: { of: T } | undefined
      this.#queue.push({
        run: async (tx) => {
          value = { of: await fn(tx) }
        },
        settle: (error) => (error || !value ? reject(this.engine.explain(error?.of)) : resolve(value.of)),
      })
      this.#draining ??= this.#drain()
    })
  }

  /** Resolves when everything that was asked for is done; nothing more is taken. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#draining
  }

  async #drain(): Promise<void> {
    while (this.#queue.length) {
      await this.#commit(this.#queue.splice(0, GROUP))
      // Let requests in, and let what waits for the next commit gather.
      await new Promise<void>((resolve) => setImmediate(resolve))
    }
    this.#draining = undefined
  }

  async #commit(jobs: Job[]): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        const { log, failed } = await this.#group(jobs)
        await this.#announce(log)
        for (const job of jobs) job.settle(failed.get(job))
        return
      } catch (error) {
        await this.engine.abort()
        if (attempt < ATTEMPTS && this.engine.isConflict(error)) {
          await Bun.sleep(Math.random() * 20 * attempt)
          continue
        }
        for (const job of jobs) job.settle({ of: error })
        return
      }
    }
  }

  async #group(jobs: Job[]): Promise<{ log: LogEvent[]; failed: Map<Job, { of: unknown }> }> {
    const { engine } = this
    const failed = new Map<Job, { of: unknown }>()
    const log: LogEvent[] = []
    const head = await engine.begin()
    for (const job of jobs) {
      await engine.savepoint()
      try {
        const events: NewEvent[] = []
        const tx: Tx = { ...engine.work, emit: (event) => void events.push(event) }
        await job.run(tx)
        for (const hook of this.#hooks) await hook(tx, [...events])
        const mine = toLog(events, head + log.length + 1, Date.now())
        await engine.release()
        log.push(...mine)
      } catch (error) {
        if (!engine.survives(error)) throw error
        await engine.undo()
        failed.set(job, { of: error })
      }
    }
    if (log.length) await engine.append(log)
    await engine.commit()
    return { log, failed }
  }

  /** What is committed stays committed: a listener that fails is reported, and the others hear of it all the same. */
  async #announce(log: LogEvent[]): Promise<void> {
    if (!log.length) return
    for (const listener of this.#listeners) {
      try {
        await listener(log)
      } catch (error) {
        const report = this.options.report ?? ((e: unknown) => console.error('a listener of the event log failed', e))
        report(error)
      }
    }
  }
}
