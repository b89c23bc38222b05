import { NekodeError } from '@shared/errors'
import { FAILURES_REMEMBERED } from '@shared/limits'

export interface ThrottleOptions {
  /** Failures in a row that cost nothing. */
  free: number
  /** Longest wait after a failure. */
  maxSeconds: number
  /** Unix milliseconds. */
  now?: () => number
}

interface Failures {
  count: number
  lastAt: number
}

/** After this long without an attempt a key starts anew. */
const FORGET_MS = 60 * 60_000

/** Slows guessing down: after some failures each further attempt has to wait twice as long as the one before. */
export class Throttle {
  readonly #failures = new Map<string, Failures>()
  readonly #now: () => number

  constructor(private readonly options: ThrottleOptions) {
    this.#now = options.now ?? Date.now
  }

  /**
   * Counts an attempt before it is made, so that many at once gain nothing. `forgive` takes it back when it succeeded.
   * @throws NekodeError throttled, with the seconds to wait
   */
  attempt(key: string): void {
    const now = this.#now()
    const known = this.#failures.get(key)
    const failures = known && now - known.lastAt < FORGET_MS ? known : { count: 0, lastAt: 0 }
    const waitMs = failures.lastAt + this.#penaltyMs(failures.count) - now
    if (waitMs > 0)
      throw new NekodeError('throttled', 'There were too many failed attempts.', {
        next: `Wait ${Math.ceil(waitMs / 1000)} seconds, then try again.`,
        retryAfterSeconds: Math.ceil(waitMs / 1000),
      })
    this.#failures.delete(key)
    this.#failures.set(key, { count: failures.count + 1, lastAt: now })
    // An attacker with many addresses must not fill the memory: the oldest go first.
    if (this.#failures.size > FAILURES_REMEMBERED)
      for (const oldest of this.#failures.keys()) return void this.#failures.delete(oldest)
  }

  /** The attempt succeeded: this key starts anew. */
  forgive(key: string): void {
    this.#failures.delete(key)
  }

  /** The attempt was no guess: take this one back, and keep what was before. */
  takeBack(key: string): void {
    const known = this.#failures.get(key)
    if (known && known.count > 1) known.count--
    else this.#failures.delete(key)
  }

  #penaltyMs(count: number): number {
    if (count < this.options.free) return 0
    return Math.min(2 ** (count - this.options.free), this.options.maxSeconds) * 1000
  }
}
