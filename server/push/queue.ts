/** What becomes of a thing that was tried: done with, or to be tried again after so many milliseconds at least. */
export type Tried = 'over' | { againAfterMs: number }

export interface QueueOptions {
  /** Things that wait at most; what comes after them is dropped. */
  most: number
  /** Tried at the same time. */
  parallel: number
  attempts: number
  /** The pause after the first attempt; it doubles. */
  firstPauseMs: number
}

/** Tries things one after the other, some at a time, again after a pause; in memory only, because what it does is worth nothing later. */
export class RetryQueue<T> {
  readonly #waiting: { item: T; attempt: number }[] = []
  readonly #timers = new Set<Timer>()
  #busy = 0
  #stopped = false

  constructor(
    private readonly options: QueueOptions,
    private readonly attempt: (item: T) => Promise<Tried>,
    private readonly report: (fact: 'dropped' | 'given up', error?: unknown) => void,
  ) {}

  add(item: T): void {
    if (this.#waiting.length + this.#timers.size >= this.options.most) this.report('dropped')
    else this.#put({ item, attempt: 1 })
  }

  stop(): void {
    this.#stopped = true
    this.#waiting.length = 0
    for (const timer of this.#timers) clearTimeout(timer)
    this.#timers.clear()
  }

  #put(entry: { item: T; attempt: number }): void {
    if (this.#stopped) return
    this.#waiting.push(entry)
    this.#next()
  }

  #next(): void {
    if (this.#busy >= this.options.parallel) return
    const entry = this.#waiting.shift()
    if (!entry) return
    this.#busy++
    this.attempt(entry.item)
      .then((tried) => this.#after(entry, tried))
      .catch((error: unknown) => this.report('given up', error))
      .finally(() => {
        this.#busy--
        this.#next()
      })
    this.#next()
  }

  #after({ item, attempt }: { item: T; attempt: number }, tried: Tried): void {
    if (tried === 'over' || this.#stopped) return
    if (attempt >= this.options.attempts) return this.report('given up')
    const pause = Math.max(tried.againAfterMs, this.options.firstPauseMs * 2 ** (attempt - 1))
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      this.#put({ item, attempt: attempt + 1 })
    }, pause)
    timer.unref()
    this.#timers.add(timer)
  }
}
