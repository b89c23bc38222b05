import { NekodeError } from '@shared/errors'
import type { Logger } from '@shared/log'
import {
  ALIVE_MS,
  ATTACH,
  FEATURES_HEADER,
  type ProxyFrame,
  SILENCE_MS,
  announced,
  headerOf,
  windowHeaders,
} from '@shared/tunnel/frames'
import { Mux } from '@shared/tunnel/mux'
import type { ComputerPrincipal } from '../access/principal'
import { mustBeSelf } from '../rpc/caller'

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

const lost = (): NekodeError =>
  new NekodeError('unavailable', 'The connection to the computer was lost.', { code: 'daemon_lost' })

/** The daemons that are there for requests: one stream each, the latest. */
export class Attachments {
  readonly #attached = new Map<string, Attachment>()
  readonly #waiting = new Map<string, Set<() => void>>()

  constructor(private readonly log: Logger) {}

  /**
   * Opens a daemon's stream by its first frame; an earlier one of the same computer ends.
   * @throws NekodeError invalid for anything but an attach frame, forbidden for one of another computer
   */
  attach(p: ComputerPrincipal, first: ProxyFrame): Attachment {
    if (first.tunnelId !== ATTACH)
      throw new NekodeError('invalid', `The first frame has to have the tunnel_id ${ATTACH}.`, {
        code: 'invalid_request',
      })
    mustBeSelf(p, first.requestId)
    const window = announced(first.requestHeaders)
    let heard = Date.now()
    const mux = new Mux({ role: 'server', window })
    const timer = setInterval(() => {
      if (Date.now() - heard > SILENCE_MS) return attachment.detach(lost())
      mux.control({ tunnelId: ATTACH, requestId: p.id })
    }, ALIVE_MS)
    timer.unref()
    // A daemon that knows no windows sends no signs of life either.
    if (window === undefined) clearInterval(timer)
    else mux.control({ tunnelId: ATTACH, requestId: p.id, responseHeaders: windowHeaders() })
    const attachment: Attachment = {
      mux,
      features: new Set((headerOf(first.requestHeaders, FEATURES_HEADER) ?? '').split(/[,\s]+/).filter(Boolean)),
      receive: (frame) => {
        heard = Date.now()
        return mux.receive(frame)
      },
      detach: (reason) => {
        clearInterval(timer)
        if (this.#attached.get(p.id) === attachment) {
          this.#attached.delete(p.id)
          this.log.debug('a daemon is not there for previews any more', { computer: p.id, reason: reason.message })
        }
        mux.close(reason)
      },
    }
    const before = this.#attached.get(p.id)
    this.#attached.set(p.id, attachment)
    before?.detach(new NekodeError('unavailable', 'The computer connected again.', { code: 'daemon_lost' }))
    for (const wake of this.#waiting.get(p.id) ?? []) wake()
    return attachment
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

export { lost }
