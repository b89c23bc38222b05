import type { HandlerContext } from '@connectrpc/connect'
import { unknownToken } from '../auth/credentials'
import type { Core } from '../core'
import { addressIn, callerOf } from './caller'

/**
 * How long a stream lives: as long as its call, its caller's credential and the server, or until `end`. Throws `too_many_streams` when
 * the caller has no place for another one.
 */
export class Life implements Disposable {
  readonly #controller = new AbortController()
  readonly #undo: (() => void)[] = []

  constructor(context: HandlerContext, { hub, limits }: Core) {
    const leave = limits.stream(callerOf(context), addressIn(context))
    // A client that reads nothing lets a stream that is over hang, but it does not hold the place.
    this.signal.addEventListener('abort', leave, { once: true })
    this.#follow(context.signal, () => context.signal.reason)
    this.#follow(callerOf(context).revoked, unknownToken)
    this.#follow(hub.stopping, () => hub.stopping.reason)
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  end(reason?: unknown): void {
    this.#controller.abort(reason)
  }

  /** What else to do when the stream is over. */
  whenOver(then: () => void): void {
    this.#undo.push(then)
  }

  /** Rejects with the reason when the stream ends; for racing against what may never come. */
  over(): Promise<never> {
    return new Promise((_, reject) => {
      const end = (): void => reject(this.signal.reason)
      if (this.signal.aborted) end()
      else this.signal.addEventListener('abort', end, { once: true })
    })
  }

  #follow(signal: AbortSignal, reason: () => unknown): void {
    const end = (): void => this.end(reason())
    if (signal.aborted) return end()
    signal.addEventListener('abort', end)
    this.#undo.push(() => signal.removeEventListener('abort', end))
  }

  // The credential outlives the stream, and must not remember every stream that it ever opened.
  [Symbol.dispose](): void {
    for (const undo of this.#undo.splice(0)) undo()
    this.end()
  }
}
