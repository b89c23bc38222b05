import type { RouteKey } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import { version } from '@shared/version'
import type { Core } from '../core'
import type { Database } from '../db/database'
import { Metrics } from './metrics'

export interface Check {
  name: string
  ok: boolean
  detail: string
}

/** The times of the latest requests, in milliseconds. */
class Latest {
  readonly #times = new Float64Array(1000)
  #count = 0

  add(ms: number): void {
    this.#times[this.#count++ % this.#times.length] = ms
  }

  /** @param part 0.95: what 95 of 100 took less than; null before the first */
  percentile(part: number): number | null {
    const sorted = this.#times.slice(0, this.#count).sort()
    return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? null
  }
}

/** What the server says about itself. */
export class SystemService {
  readonly metrics = new Metrics()
  readonly #requests = this.metrics.counter('nekode_http_requests_total', 'Requests by route and status.')
  readonly #requestTime = this.metrics.histogram('nekode_http_request_seconds', 'Time to the answer of a request.')
  readonly #core: Core
  #stopping = false
  #counts = { requests: 0, failed: 0, refused: 0 }
  readonly #latest = new Latest()

  constructor(core: Core, commits: CommitTimes) {
    this.#core = core
    const { metrics } = this
    commits.watch(metrics.histogram('nekode_transaction_seconds', 'Time to the commit of a transaction.'))
    metrics.gauge('nekode_events_head', 'Last sequence in the event log.', () => core.hub.head)
    metrics.gauge('nekode_event_readers', 'Open event streams and followers.', () => core.hub.readers)
    metrics.gauge('nekode_streams', 'Open streams of events and calls.', () => core.limits.streams)
    const refused = metrics.counter('nekode_refused_total', 'Requests and streams that a limit refused, by limit.')
    core.limits.whenRefused((limit) => {
      this.#counts.refused++
      refused({ limit })
    })
    metrics.gauge('nekode_users', 'People.', () => core.directory.users().length)
    metrics.gauge('nekode_agents', 'Agents.', () => core.directory.agents().length)
    metrics.gauge('nekode_channels', 'Channels.', () => core.directory.channels().length)
    metrics.gauge('process_resident_memory_bytes', 'Memory of the process.', () => process.memoryUsage.rss())
    metrics.gauge('process_uptime_seconds', 'Age of the process.', () => Math.round(process.uptime()))
  }

  observe = (route: RouteKey, status: number, ms: number): void => {
    const [method = '', path = ''] = route.split(' ')
    this.#requests({ method, path, status })
    this.#requestTime(ms)
    this.#counts.requests++
    if (status >= 500) this.#counts.failed++
    this.#latest.add(ms)
  }

  /** Since the start. */
  counted() {
    return { ...this.#counts, p50: this.#latest.percentile(0.5), p95: this.#latest.percentile(0.95) }
  }

  /** From now on the server is not ready: balancers send nothing more. */
  stop(): void {
    this.#stopping = true
  }

  health = (): { status: 'ok'; version: string } => ({ status: 'ok', version })

  async ready(): Promise<Check[]> {
    const checks = [await this.#storage()]
    if (this.#stopping) checks.push({ name: 'process', ok: false, detail: 'The server stops.' })
    return checks
  }

  async #storage(): Promise<Check> {
    try {
      await this.#core.db.head()
      await this.#core.settings.get('server_id')
      return { name: 'storage', ok: true, detail: this.#core.db.dialect }
    } catch (error) {
      this.#core.log.error('storage does not answer', { error })
      // Anybody may ask: what exactly is wrong is in the log.
      const detail = error instanceof NekodeError ? error.message : 'The database does not answer.'
      return { name: 'storage', ok: false, detail }
    }
  }
}

/** Times the commits of a database. */
export class CommitTimes {
  #observe: ((ms: number) => void) | undefined

  watch(observe: (ms: number) => void): void {
    this.#observe = observe
  }

  /** The database, with its transactions timed. */
  around(db: Database): Database {
    return {
      dialect: db.dialect,
      t: db.t,
      q: db.q,
      raw: (sql, params) => db.raw(sql, params),
      exclusive: (fn) => db.exclusive(fn),
      beforeCommit: (hook) => db.beforeCommit(hook),
      onCommit: (listener) => db.onCommit(listener),
      head: () => db.head(),
      close: () => db.close(),
      tx: async (fn) => {
        const start = performance.now()
        try {
          return await db.tx(fn)
        } finally {
          this.#observe?.(performance.now() - start)
        }
      },
    }
  }
}
