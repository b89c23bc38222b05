/** The clock on the wall, and a timer. */
export interface Time {
  /** Unix milliseconds; can be set forwards and backwards at any time. */
  now(): number
  /** Calls `work` in `ms` milliseconds, whatever becomes of the clock. @returns what takes it back */
  after(ms: number, work: () => void): () => void
}

export const systemTime: Time = {
  now: () => Date.now(),
  after(ms, work) {
    const timer = setTimeout(work, ms)
    return () => clearTimeout(timer)
  },
}

/**
 * The longest wait for a moment. Timers do not see that the clock is set, and stand still while a computer sleeps; so while something is
 * due one day, the clock is looked at this often.
 */
const LOOK_MS = 60_000

/** One timer for the next moment. */
export class Alarm {
  #disarm: (() => void) | undefined

  constructor(
    private readonly time: Time,
    private readonly ring: () => void,
  ) {}

  /** Rings at `at`, or earlier. @param at Unix milliseconds; undefined: not at all */
  set(at: number | undefined): void {
    this.#disarm?.()
    this.#disarm = undefined
    if (at === undefined) return
    const ms = Math.min(Math.max(1, at - this.time.now()), LOOK_MS)
    this.#disarm = this.time.after(ms, () => {
      this.#disarm = undefined
      this.ring()
    })
  }
}
