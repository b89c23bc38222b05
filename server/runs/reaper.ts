import type { Core } from '../core'
import type { RunService } from './service'
import { RunStore } from './store'

const EVERY_MS = 5_000

/** Takes runs back whose computer stopped reporting, so that nothing stays “running” for ever. */
export class RunReaper {
  readonly #store: RunStore
  #timer: Timer | undefined

  constructor(
    private readonly core: Core,
    private readonly runs: RunService,
  ) {
    this.#store = new RunStore(core.db)
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.reap().catch((error: unknown) => this.core.log.error('expired runs were not taken back', { error }))
    }, EVERY_MS)
    this.#timer.unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** One pass. Returns how many runs were taken back. */
  async reap(now = Date.now()): Promise<number> {
    const expired = await this.#store.expired(now)
    for (const { id } of expired)
      await this.core.db.tx(async (tx) => {
        const run = await this.#store.get(id, tx.q)
        // It may have reported in between.
        if (!run || run.leaseExpiresAt === null || run.leaseExpiresAt >= now) return
        await this.runs.requeue(tx, run, {
          reason: 'lease_expired',
          message: 'The computer stopped reporting about this run.',
        })
      })
    return expired.length
  }
}
