const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

/** Counts triggers, so that whoever writes into the folder that starts them does not go on for ever. */
export class Guard {
  readonly #perMinute: number
  readonly #perHour: number
  #times: number[] = []

  constructor({ perMinute, perHour = Number.POSITIVE_INFINITY }: { perMinute: number; perHour?: number | undefined }) {
    this.#perMinute = perMinute
    this.#perHour = perHour
  }

  /** Counts one trigger at `now` (Unix milliseconds). @returns what it is too much for; undefined when it may go on */
  count(now: number): string | undefined {
    // A clock that was set back counts as a new start.
    this.#times = this.#times.filter((time) => time > now - HOUR_MS && time <= now)
    const lately = this.#times.filter((time) => time > now - MINUTE_MS).length
    if (lately >= this.#perMinute) return `${lately} triggers within a minute`
    if (this.#times.length >= this.#perHour) return `${this.#times.length} triggers within an hour`
    this.#times.push(now)
    return undefined
  }

  reset(): void {
    this.#times = []
  }
}
