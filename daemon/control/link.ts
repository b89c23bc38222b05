import { ConnectError } from '@connectrpc/connect'
import { type ErrorKind, NekodeError } from '@shared/errors'
import { Backoff, pause } from './backoff'
import { type Connection, type ControlClient, judge } from './client'

/**
 * The way to the server as the rest of the daemon sees it: a client while the session is up, and calls that wait for it
 * while it is not.
 */
export class Link {
  #connection: Connection | null = null
  #waiting = new Set<() => void>()
  readonly #onOnline = new Set<() => void>()
  /** Told when the server refuses the token in the middle of a session. */
  onRefused: () => void = () => undefined

  /** The client while the session is up. */
  get client(): ControlClient | null {
    return this.#connection?.client ?? null
  }

  /** How the session reaches the server; null while there is none. */
  get mode(): Connection['mode'] | null {
    return this.#connection?.mode ?? null
  }

  up(connection: Connection): void {
    this.#connection = connection
    for (const wake of this.#waiting) wake()
    for (const tell of this.#onOnline) tell()
  }

  down(): void {
    this.#connection = null
  }

  /** `tell` is called each time the session comes up. */
  whenOnline(tell: () => void): void {
    this.#onOnline.add(tell)
  }

  /** Resolves with the client once the session is up. @throws the signal's reason when it is aborted first */
  async ready(signal?: AbortSignal): Promise<ControlClient> {
    while (!this.#connection) {
      const { promise, resolve } = Promise.withResolvers<void>()
      const wake = () => resolve()
      this.#waiting.add(wake)
      signal?.addEventListener('abort', wake)
      if (signal?.aborted) wake()
      await promise
      this.#waiting.delete(wake)
      signal?.removeEventListener('abort', wake)
      signal?.throwIfAborted()
    }
    return this.#connection.client
  }

  /**
   * Makes a call, again and again as long as only the way to the server is at fault. Repeating must be harmless: give the
   * request an idempotency key.
   * @throws NekodeError what the server says about the request; the signal's reason when it is aborted
   */
  async call<T>(make: (client: ControlClient, signal?: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const backoff = new Backoff({ firstMs: 200, maxMs: 10_000 })
    for (;;) {
      const client = await this.ready(signal)
      try {
        return await make(client, signal)
      } catch (error) {
        const failure = judge(error, signal)
        if (failure === 'aborted') signal?.throwIfAborted()
        if (failure === 'final') throw errorOf(error)
        if (failure === 'refused') this.onRefused()
        await pause(backoff.next(), signal)
        signal?.throwIfAborted()
      }
    }
  }
}

const KINDS: Partial<Record<number, ErrorKind>> = {
  3: 'invalid',
  5: 'not_found',
  6: 'conflict',
  7: 'forbidden',
  8: 'throttled',
  9: 'precondition',
  12: 'unimplemented',
  14: 'unavailable',
  16: 'unauthenticated',
}

/** What the server said, as the one error type. */
export function errorOf(error: unknown): NekodeError {
  if (error instanceof NekodeError) return error
  const { code, rawMessage } = ConnectError.from(error)
  return new NekodeError(KINDS[code] ?? 'internal', rawMessage, { cause: error })
}
