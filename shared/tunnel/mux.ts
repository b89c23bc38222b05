import { NekodeError } from '@shared/errors'
import { Exchange } from './exchange'
import { ATTACH, FRAME_BYTES, type FrameInit, Kind, LEGACY_FRAME_BYTES, type ProxyFrame, WINDOW, frame } from './frames'

/** Requests that one daemon may have under way; more are a mistake or an attack. */
const MAX_EXCHANGES = 1024

export interface MuxOptions {
  /** Who sends requests: the server opens them, the daemon answers. */
  role: 'server' | 'daemon'
  /** Bytes that the other end takes of each request before it says that there is room again; undefined when it never says. */
  window: number | undefined
  /** A request came in. */
  onRequest?(exchange: Exchange, start: ProxyFrame): void
  /** A sign of life, or what the other end can do. */
  onAttach?(frame: ProxyFrame): void
}

interface Turn {
  exchange: Exchange
  frame: ProxyFrame
  taken(): void
}

/**
 * All requests between one daemon and the server, over one stream of frames. Whoever carries the frames takes them from `take` when it
 * has room and hands what comes to `receive`. No request can hold up another: each sends only what the other end has room for, and those
 * that have something to send take turns, a frame each.
 */
export class Mux {
  readonly #exchanges = new Map<string, Exchange>()
  readonly #control: ProxyFrame[] = []
  readonly #turns: Turn[] = []
  readonly #ended = new AbortController()
  #wake: (() => void) | undefined
  #window: number | undefined

  constructor(private readonly options: MuxOptions) {
    this.#window = options.window
  }

  /** Aborted, with the reason, when the stream is over. */
  get ended(): AbortSignal {
    return this.#ended.signal
  }

  /** Requests under way. */
  get size(): number {
    return this.#exchanges.size
  }

  get role(): MuxOptions['role'] {
    return this.options.role
  }

  get window(): number | undefined {
    return this.#window
  }

  get frameBytes(): number {
    return this.#window === undefined ? LEGACY_FRAME_BYTES : FRAME_BYTES
  }

  /** The other end turned out to know of windows: before the first request. */
  agree(window: number | undefined): void {
    this.#window = window
  }

  /**
   * Sends a request on its way. @throws NekodeError unavailable when the stream is over or has too many already
   */
  open(start: FrameInit & { requestId: string; tunnelId: string }): Exchange {
    if (this.#ended.signal.aborted) throw this.#ended.signal.reason
    if (this.#exchanges.size >= MAX_EXCHANGES)
      throw new NekodeError('throttled', 'Too many requests to this computer are under way.', { retryAfterSeconds: 1 })
    const exchange = this.#add(start.tunnelId, start.requestId)
    this.control({ ...start, kind: Kind.REQUEST_START })
    return exchange
  }

  /**
   * Takes in what came.
   * @returns a promise to wait for before reading on, where the other end knows no windows and a reader has fallen behind
   */
  receive(message: ProxyFrame): Promise<void> | undefined {
    const { tunnelId, requestId, kind } = message
    if (tunnelId === ATTACH) {
      this.options.onAttach?.(message)
      return undefined
    }
    const known = this.#exchanges.get(requestId)
    if (tunnelId === WINDOW) {
      known?.grant(message.statusCode)
      return undefined
    }
    if (known) return known.receive(message)
    if (kind === Kind.REQUEST_START && this.options.role === 'daemon') this.#take(message)
    // Anything else belongs to a request that is over.
    return undefined
  }

  #take(start: ProxyFrame): void {
    const { tunnelId, requestId } = start
    if (this.#exchanges.size >= MAX_EXCHANGES)
      return this.control({ tunnelId, requestId, kind: Kind.CANCEL, error: 'Too many requests are under way.' })
    this.options.onRequest?.(this.#add(tunnelId, requestId), start)
  }

  #add(tunnelId: string, requestId: string): Exchange {
    const exchange = new Exchange(this, tunnelId, requestId)
    this.#exchanges.set(requestId, exchange)
    return exchange
  }

  /** Sends a frame ahead of all bodies. */
  control(init: FrameInit): void {
    if (this.#ended.signal.aborted) return
    this.#control.push(frame(init))
    this.#wake?.()
  }

  /** Sends a frame when it is its request's turn; resolves then, or when the request is over. */
  inTurn(exchange: Exchange, init: FrameInit): Promise<void> {
    return new Promise((taken) => {
      if (this.#ended.signal.aborted) return taken()
      this.#turns.push({ exchange, frame: frame(init), taken })
      this.#wake?.()
    })
  }

  /** The next frame to send, when there is one; undefined when the stream is over. For one caller at a time. */
  async take(): Promise<ProxyFrame | undefined> {
    for (;;) {
      const next = this.#next()
      if (next) return next
      if (this.#ended.signal.aborted) return undefined
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }

  #next(): ProxyFrame | undefined {
    const first = this.#control.shift()
    if (first) return first
    for (let turn = this.#turns.shift(); turn; turn = this.#turns.shift()) {
      turn.taken()
      // What a request still had to say when it was given up.
      if (!turn.exchange.isOver) return turn.frame
    }
    return undefined
  }

  /** A request is over. */
  remove(exchange: Exchange): void {
    if (this.#exchanges.get(exchange.requestId) === exchange) this.#exchanges.delete(exchange.requestId)
  }

  /** Ends everything that is under way, with a reason. */
  close(reason: NekodeError): void {
    if (this.#ended.signal.aborted) return
    this.#ended.abort(reason)
    for (const exchange of this.#exchanges.values()) exchange.fail(reason)
    for (const turn of this.#turns.splice(0)) turn.taken()
    this.#wake?.()
  }
}
