/**
 * Items as they come, with a ping before the first one and then at least every `everyMs`.
 * @param next the next items; rejects when the stream is over
 */
export async function* withPings<T>(
  next: () => Promise<readonly T[]>,
  ping: () => T,
  everyMs: number,
): AsyncGenerator<T> {
  yield ping()
  let due = performance.now() + everyMs
  let arrival = new Arrival(next())
  for (;;) {
    await arrival.within(due - performance.now())
    const items = arrival.take()
    if (items) {
      yield* items
      arrival = new Arrival(next())
    }
    if (performance.now() < due) continue
    yield ping()
    due = performance.now() + everyMs
  }
}

/** Something awaited again and again with a limit: one reaction on the promise, however often it is asked for. */
class Arrival<T> {
  #settled: { value: T } | { error: unknown } | undefined
  #wake: (() => void) | undefined

  constructor(work: Promise<T>) {
    work.then(
      (value) => this.#settle({ value }),
      (error: unknown) => this.#settle({ error }),
    )
  }

  #settle(settled: { value: T } | { error: unknown }): void {
    this.#settled = settled
    this.#wake?.()
  }

  /** Resolves when it is there, or after so many milliseconds. */
  async within(ms: number): Promise<void> {
    if (this.#settled || ms <= 0) return
    let timer: Timer | undefined
    await new Promise<void>((resolve) => {
      this.#wake = resolve
      timer = setTimeout(resolve, ms)
    })
    clearTimeout(timer)
  }

  take(): T | undefined {
    if (!this.#settled) return undefined
    if ('error' in this.#settled) throw this.#settled.error
    return this.#settled.value
  }
}
