/** The time that a task may take; it does not pass while the task waits for somebody. */
export class Budget {
  readonly #over = new AbortController()
  #leftMs: number
  #startedAt: number | null = null
  #timer: Timer | undefined

  constructor(ms: number) {
    this.#leftMs = ms
  }

  /** Fires when it is used up. */
  get signal(): AbortSignal {
    return this.#over.signal
  }

  get isOver(): boolean {
    return this.#over.signal.aborted
  }

  start(): void {
    if (this.#startedAt !== null) return
    this.#startedAt = performance.now()
    this.#timer = setTimeout(() => this.#over.abort(), this.#leftMs)
  }

  stop(): void {
    if (this.#startedAt === null) return
    clearTimeout(this.#timer)
    this.#leftMs = Math.max(0, this.#leftMs - (performance.now() - this.#startedAt))
    this.#startedAt = null
  }
}
