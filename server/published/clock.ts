import type { Logger } from '@shared/log'
import type { PublishedService } from './service'

/** Longest wait of one timer; another server on the same database may have published something meanwhile. */
const MOST_MS = 600_000
/** After a failure, such as of the database. */
const AGAIN_MS = 15_000

/** Takes artifacts away when their time is over: one timer for the next of them, set anew from the table at each start. */
export class ArtifactClock {
  #timer: Timer | undefined
  #due = Number.POSITIVE_INFINITY
  #stopped = true

  constructor(
    private readonly published: PublishedService,
    private readonly log: Logger,
    private readonly now: () => number = Date.now,
  ) {
    published.whenPublished((expiresAt) => this.#arm(expiresAt))
  }

  start(): void {
    this.#stopped = false
    void this.#fire()
  }

  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
  }

  #arm(due: number): void {
    if (this.#stopped || due >= this.#due) return
    this.#due = due
    clearTimeout(this.#timer)
    const ms = Math.min(MOST_MS, Math.max(0, due - this.now()))
    this.#timer = setTimeout(() => void this.#fire(), ms)
    this.#timer.unref()
  }

  async #fire(): Promise<void> {
    this.#due = Number.POSITIVE_INFINITY
    let next = this.now() + AGAIN_MS
    try {
      await this.published.sweep()
      next = Math.min((await this.published.nextEnd()) ?? Number.POSITIVE_INFINITY, this.now() + MOST_MS)
    } catch (error) {
      if (!this.#stopped) this.log.error('artifacts whose time is over were not removed', { error })
    }
    this.#arm(next)
  }
}
