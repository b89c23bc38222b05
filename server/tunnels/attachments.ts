import { NekodeError } from '@shared/errors'
import type { Logger } from '@shared/log'
import type { ProxyFrame } from '@shared/tunnel/frames'
import type { Mux } from '@shared/tunnel/mux'

/** The stream of one daemon. */
export interface Attachment {
  mux: Mux
  /** What the daemon serves besides ports. */
  features: ReadonlySet<string>
  /** Takes in what the daemon sent. A promise is to be waited for before reading on. */
  receive(frame: ProxyFrame): Promise<void> | undefined
  /** The stream is over. */
  detach(reason: NekodeError): void
}

/** The daemons that are there for requests: one stream each, the latest. */
export class Attachments {
  readonly #attached = new Map<string, Attachment>()
  readonly #waiting = new Map<string, Set<() => void>>()

  constructor(private readonly log: Logger) {}

  /** A daemon's stream is open; an earlier one of the same computer ends. */
  put(computerId: string, attachment: Attachment): void {
    const before = this.#attached.get(computerId)
    this.#attached.set(computerId, attachment)
    before?.detach(new NekodeError('unavailable', 'The computer connected again.', { code: 'daemon_lost' }))
    for (const wake of this.#waiting.get(computerId) ?? []) wake()
  }

  /** A stream is over. */
  remove(computerId: string, attachment: Attachment, reason: NekodeError): void {
    if (this.#attached.get(computerId) !== attachment) return
    this.#attached.delete(computerId)
    this.log.debug('a daemon is not there for previews any more', { computer: computerId, reason: reason.message })
  }

  get(computerId: string): Attachment | undefined {
    return this.#attached.get(computerId)
  }

  /**
   * The computer's stream, which may be about to come back.
   * @param ms how long to wait for it
   * @throws NekodeError unavailable `computer_offline`
   */
  async wait(computerId: string, ms: number, signal?: AbortSignal): Promise<Attachment> {
    const known = this.#attached.get(computerId)
    if (known) return known
    const { promise, resolve } = Promise.withResolvers<void>()
    const waiting = this.#waiting.get(computerId) ?? new Set()
    this.#waiting.set(computerId, waiting.add(resolve))
    const timer = setTimeout(resolve, ms)
    signal?.addEventListener('abort', () => resolve(), { once: true })
    await promise
    clearTimeout(timer)
    waiting.delete(resolve)
    if (waiting.size === 0) this.#waiting.delete(computerId)
    const come = this.#attached.get(computerId)
    if (come) return come
    throw new NekodeError('unavailable', 'The computer is not connected.', {
      code: 'computer_offline',
      next: 'Start nekode-daemon there, or wait until it is back, and try again.',
      retryAfterSeconds: 2,
    })
  }

  close(): void {
    const reason = new NekodeError('unavailable', 'The server stops.')
    for (const attachment of this.#attached.values()) attachment.detach(reason)
  }
}
