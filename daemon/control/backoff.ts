export interface BackoffOptions {
  firstMs: number
  maxMs: number
  random?: () => number
}

/** Waiting times that double up to a limit, half of each random, so that computers do not come back all at once. */
export class Backoff {
  readonly #options: BackoffOptions
  #failures = 0

  constructor(options: BackoffOptions) {
    this.#options = options
  }

  get failures(): number {
    return this.#failures
  }

  /** Milliseconds to wait after one more failure. */
  next(): number {
    const { firstMs, maxMs, random = Math.random } = this.#options
    const whole = Math.min(maxMs, firstMs * 2 ** this.#failures)
    // The exponent stays small, however long the server is away.
    if (whole < maxMs) this.#failures++
    return whole / 2 + (random() * whole) / 2
  }

  reset(): void {
    this.#failures = 0
  }
}

/** Resolves after `ms`, or at once when the signal is aborted; never rejects. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted || ms <= 0) return Promise.resolve()
  const { promise, resolve } = Promise.withResolvers<void>()
  const done = () => {
    clearTimeout(timer)
    signal?.removeEventListener('abort', done)
    resolve()
  }
  const timer = setTimeout(done, ms)
  signal?.addEventListener('abort', done)
  return promise
}
