import { NekodeError } from '@shared/errors'
import { type FrameInit, Kind, type ProxyFrame, WINDOW, WINDOW_BYTES, wireHeaders } from './frames'

/** What may lie here of one request of a peer without windows before its whole stream waits. */
const LEGACY_BYTES = 8 * WINDOW_BYTES

/** Thrown to whoever still reads or writes when the other end gave a request up. */
export const canceled = (message = ''): NekodeError =>
  new NekodeError('unavailable', message || 'The other side gave the request up.', { code: 'tunnel_canceled' })

/** What carries the frames of many exchanges: a `Mux`. */
interface Stream {
  readonly role: 'server' | 'daemon'
  readonly window: number | undefined
  readonly frameBytes: number
  control(init: FrameInit): void
  inTurn(exchange: Exchange, init: FrameInit): Promise<void>
  remove(exchange: Exchange): void
}

/** One request and its answer on a `Mux`: bytes both ways, each with a window of its own, and an end that either side can make. */
export class Exchange {
  readonly #sends: Kind
  readonly #over = new AbortController()
  readonly #head = Promise.withResolvers<ProxyFrame>()
  readonly #chunks: Uint8Array[] = []
  /** Bytes in `chunks`. */
  #held = 0
  /** Bytes that were read and not yet granted again. */
  #consumed = 0
  /** Bytes that the other end may still send, where it knows of windows. */
  #allowance = WINDOW_BYTES
  #credit: number
  #receivedEnd = false
  #sentEnd = false
  #reader: (() => void) | undefined
  #writer: (() => void) | undefined
  #unblock: (() => void) | undefined

  constructor(
    private readonly mux: Stream,
    readonly tunnelId: string,
    readonly requestId: string,
  ) {
    this.#sends = mux.role === 'server' ? Kind.REQUEST_BODY : Kind.RESPONSE_BODY
    this.#credit = mux.window ?? Number.POSITIVE_INFINITY
    // Nobody may be waiting for the answer when the request fails.
    this.#head.promise.catch(() => undefined)
  }

  /** Aborted when the request is over, with a reason where it did not end well. */
  get over(): AbortSignal {
    return this.#over.signal
  }

  get isOver(): boolean {
    return this.#over.signal.aborted
  }

  /** The start of the answer. Rejects with why there is none. */
  get head(): Promise<ProxyFrame> {
    return this.#head.promise
  }

  /** Starts the answer. */
  respond(status: number, headers: Iterable<readonly [string, string]>): void {
    this.#control({ kind: Kind.RESPONSE_START, statusCode: status, responseHeaders: wireHeaders(headers) })
  }

  /**
   * Sends a part of the body; resolves when it is on its way. One call at a time.
   * @throws the reason when the request is over
   */
  async write(chunk: Uint8Array): Promise<void> {
    for (let at = 0; at < chunk.length;) {
      while (this.#credit <= 0 && !this.isOver) await new Promise<void>((resolve) => (this.#writer = resolve))
      this.#throwIfOver()
      const size = Math.min(this.mux.frameBytes, this.#credit, chunk.length - at)
      this.#credit -= size
      await this.#inTurn({ kind: this.#sends, bodyChunk: chunk.subarray(at, at + size) })
      this.#throwIfOver()
      at += size
    }
  }

  /** Ends this side's body, after what was written. `error`: why there is no, or only half, an answer. */
  async end(error = ''): Promise<void> {
    if (this.#sentEnd || this.isOver) return
    this.#sentEnd = true
    const kind = this.mux.role === 'server' ? Kind.REQUEST_END : Kind.RESPONSE_END
    await this.#inTurn({ kind, error })
    // The answer ends a request, also one whose body nobody wanted to read to its end.
    if (this.mux.role === 'daemon') this.#finish()
  }

  /** The next part of the other side's body, undefined at its end. @throws the reason when it was cut off */
  async read(): Promise<Uint8Array | undefined> {
    for (;;) {
      const chunk = this.#chunks.shift()
      if (chunk) {
        this.#consume(chunk.length)
        return chunk
      }
      if (this.#receivedEnd) return undefined
      this.#throwIfOver()
      await new Promise<void>((resolve) => (this.#reader = resolve))
    }
  }

  /** Gives the request up and tells the other end. */
  cancel(reason = ''): void {
    if (this.isOver) return
    this.#control({ kind: Kind.CANCEL, error: reason })
    this.fail(canceled(reason))
  }

  /** The request is over, and not well. */
  fail(reason: NekodeError): void {
    if (this.isOver) return
    this.#chunks.length = 0
    this.#head.reject(reason)
    this.#finish(reason)
  }

  /** The other end has room again. */
  grant(bytes: number): void {
    this.#credit += bytes
    this.#writer?.()
  }

  /** @see Mux.receive */
  receive(message: ProxyFrame): Promise<void> | undefined {
    switch (message.kind) {
      case Kind.CANCEL:
        this.fail(canceled(message.error))
        return undefined
      case Kind.RESPONSE_START:
        this.#head.resolve(message)
        return undefined
      case Kind.REQUEST_BODY:
      case Kind.RESPONSE_BODY:
        return this.#take(message.bodyChunk)
      case Kind.REQUEST_END:
      case Kind.RESPONSE_END:
        this.#end(message)
        return undefined
      default:
        return undefined
    }
  }

  #take(chunk: Uint8Array): Promise<void> | undefined {
    if (this.isOver || this.#receivedEnd || chunk.length === 0) return undefined
    this.#held += chunk.length
    this.#chunks.push(chunk)
    this.#reader?.()
    if (this.mux.window === undefined)
      return this.#held > LEGACY_BYTES ? new Promise((resolve) => (this.#unblock = resolve)) : undefined
    this.#allowance -= chunk.length
    if (this.#allowance < 0) this.cancel('More was sent than there was room for.')
    return undefined
  }

  #consume(bytes: number): void {
    this.#held -= bytes
    if (this.#held <= LEGACY_BYTES / 2) this.#unblock?.()
    if (this.mux.window === undefined || this.#receivedEnd) return
    this.#consumed += bytes
    if (this.#consumed < WINDOW_BYTES / 2) return
    this.mux.control({ tunnelId: WINDOW, requestId: this.requestId, statusCode: this.#consumed })
    this.#allowance += this.#consumed
    this.#consumed = 0
  }

  #end({ kind, error }: ProxyFrame): void {
    if (error !== '') return this.fail(new NekodeError('unavailable', error, { code: 'upstream_failed' }))
    this.#receivedEnd = true
    this.#reader?.()
    if (kind !== Kind.RESPONSE_END) return
    this.#head.reject(canceled('The computer ended the request without an answer.'))
    // The rest of the answer stays readable.
    this.#finish()
  }

  #finish(reason?: NekodeError): void {
    this.mux.remove(this)
    this.#over.abort(reason)
    this.#reader?.()
    this.#writer?.()
    this.#unblock?.()
  }

  #throwIfOver(): void {
    if (!this.isOver) return
    throw this.#over.signal.reason instanceof NekodeError ? this.#over.signal.reason : canceled()
  }

  #control(init: FrameInit): void {
    this.mux.control({ ...init, tunnelId: this.tunnelId, requestId: this.requestId })
  }

  #inTurn(init: FrameInit): Promise<void> {
    return this.mux.inTurn(this, { ...init, tunnelId: this.tunnelId, requestId: this.requestId })
  }
}
