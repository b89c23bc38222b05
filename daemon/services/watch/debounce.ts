export interface DebounceOptions {
  /** Silence after which it is told, milliseconds. */
  quietMs: number
  /** Longest wait after the first call although there is no silence. */
  longestMs: number
  fire(): void
}

/** Waits for silence, but not for ever. No timer runs while nothing happens. */
export class Debounce {
  readonly #options: DebounceOptions
  #timer: ReturnType<typeof setTimeout> | undefined
  #first = 0
  #last = 0

  constructor(options: DebounceOptions) {
    this.#options = options
  }

  poke(): void {
    this.#last = performance.now()
    if (this.#timer) return
    this.#first = this.#last
    this.#arm(Math.min(this.#options.quietMs, this.#options.longestMs))
  }

  cancel(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  /** The timer is not moved at each call, which a thousand files would pay for: it looks when it rings. */
  #arm(ms: number): void {
    this.#timer = setTimeout(() => {
      const now = performance.now()
      const due = Math.min(this.#last + this.#options.quietMs, this.#first + this.#options.longestMs)
      // Timers may ring a little early.
      if (due - now > 1) return this.#arm(due - now)
      this.#timer = undefined
      this.#options.fire()
    }, ms)
  }
}
