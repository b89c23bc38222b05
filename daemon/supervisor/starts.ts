import { pause } from '../control/backoff'

/** Lets so many in at a time, the rest wait in the order they came. */
export class Gate {
  #free: number
  readonly #waiting: (() => void)[] = []

  constructor(places: number) {
    this.#free = places
  }

  /**
   * Resolves with what gives the place back (calling it twice gives it back once).
   * @throws the signal's reason when it is aborted while waiting
   */
  async enter(signal?: AbortSignal): Promise<() => void> {
    signal?.throwIfAborted()
    if (this.#free > 0) this.#free--
    else await this.#wait(signal)
    let left = false
    return () => {
      if (left) return
      left = true
      const next = this.#waiting.shift()
      if (next) next()
      else this.#free++
    }
  }

  #wait(signal?: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const enter = () => {
      signal?.removeEventListener('abort', leave)
      resolve()
    }
    const leave = () => {
      const at = this.#waiting.indexOf(enter)
      if (at >= 0) this.#waiting.splice(at, 1)
      reject(signal?.reason)
    }
    this.#waiting.push(enter)
    signal?.addEventListener('abort', leave, { once: true })
    return promise
  }
}

/** Starts of runtimes: a few at a time and not all in the same moment, because a start is heavy and a running agent is not. */
export class StartQueue {
  readonly #gate: Gate
  readonly #intervalMs: number
  #nextAt = 0

  constructor(options: { max: number; intervalMs: number }) {
    this.#gate = new Gate(options.max)
    this.#intervalMs = options.intervalMs
  }

  /** Runs `start` when it is its turn. @throws what it throws, or the signal's reason while it waits */
  async run<T>(start: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const leave = await this.#gate.enter(signal)
    try {
      const wait = this.#nextAt - performance.now()
      this.#nextAt = Math.max(performance.now(), this.#nextAt) + this.#intervalMs
      if (wait > 0) await pause(wait, signal)
      signal?.throwIfAborted()
      return await start()
    } finally {
      leave()
    }
  }
}
