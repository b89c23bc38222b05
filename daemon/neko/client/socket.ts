import type { Logger } from '@shared/log'
import { proxyOf } from '../../network/proxy'
import { Envelope } from '../protocol/events'
import { masked } from './address'
import { type Ending, endingOf, lost } from './endings'

export interface SocketOptions {
  /** With the token. */
  url: string
  ca?: string | undefined
  log: Logger
  /** An event as it came, of whatever kind. */
  onEvent: (event: string, payload: unknown) => void
}

/** Longest wait until the server has said what there is. */
const OPEN_MS = 15_000
const CLOSE_MS = 1000
/** So many missing signs of life mean that nothing will come any more. */
const MISSED = 2.5
/** What may wait to be sent: a connection that takes nothing hangs. */
const MAX_BUFFERED = 8 << 20
/** No event is as long; a picture of the cursor or a long clipboard is far below. */
const MAX_FRAME = 16 << 20

/** One WebSocket to a Neko server, from its opening to its end. Whatever comes on it, it goes on, until it closes or falls silent. */
export class Socket {
  /** Why it ended; it does not reject. */
  readonly ended: Promise<Ending>
  readonly #end: (ending: Ending) => void
  readonly #options: SocketOptions
  readonly #socket: BunSocket
  readonly #complained = new Set<string>()
  #said: Ending | undefined
  #isOver = false
  #heardAt = performance.now()
  /** How long it may be silent, once it is known. */
  #patienceMs: number | undefined
  #timer: Timer | undefined

  constructor(options: SocketOptions) {
    this.#options = options
    const { promise, resolve } = Promise.withResolvers<Ending>()
    this.ended = promise
    this.#end = resolve
    this.#socket = open(options)
    this.#socket.addEventListener('message', ({ data }) => this.#receive(data))
    this.#socket.addEventListener('error', (event) => {
      const why = 'message' in event && typeof event.message === 'string' ? event.message : ''
      this.#finish(this.#said ?? lost(why === '' ? 'it failed' : masked(why)))
    })
    this.#socket.addEventListener('close', ({ code, reason }) =>
      this.#finish(this.#said ?? lost(`closed with ${code}${reason === '' ? '' : ` (${masked(reason)})`}`)),
    )
    this.#watch()
  }

  /** Whether it can be sent on. */
  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN
  }

  /** The server has begun to talk, and gives a sign of life that often. */
  begin(heartbeatMs: number): void {
    this.#patienceMs = heartbeatMs * MISSED
    this.#heardAt = performance.now()
    this.#watch()
  }

  /** @returns false: it did not go */
  send(text: string): boolean {
    if (!this.isOpen) return false
    if (this.#socket.bufferedAmount > MAX_BUFFERED) {
      this.#finish(lost('it takes nothing any more'))
      return false
    }
    this.#socket.send(text)
    return true
  }

  /** Ends it for good: the server does not wait for this session to come back. */
  close(): void {
    this.#finish(lost('closed from here'), 1000)
  }

  #finish(ending: Ending, code?: number): void {
    this.#isOver = true
    clearTimeout(this.#timer)
    this.#end(ending)
    if (this.#socket.readyState >= WebSocket.CLOSING) return
    if (code === undefined) return this.#socket.terminate()
    this.#socket.close(code)
    // Where nobody is, nobody answers that it is closed.
    setTimeout(() => this.#socket.terminate(), CLOSE_MS).unref()
  }

  /** Looks now and then whether something came; a timer that begins anew with every event would cost more. */
  #watch(): void {
    clearTimeout(this.#timer)
    const limit = this.#patienceMs ?? OPEN_MS
    const left = this.#heardAt + limit - performance.now()
    if (left <= 0) return this.#finish(lost(`nothing came from it for ${Math.round(limit / 100) / 10} s`))
    this.#timer = setTimeout(() => this.#watch(), left)
  }

  #receive(data: unknown): void {
    if (this.#isOver) return
    if (this.#patienceMs !== undefined) this.#heardAt = performance.now()
    if (typeof data !== 'string') return this.#complain('a binary frame', 'A frame that is no text was left out.')
    if (data.length > MAX_FRAME) return this.#complain('a long frame', 'A frame that is far too long was left out.')
    const envelope = parse(data)
    if (!envelope) return this.#complain('no event', 'A frame that holds no event was left out.')
    const { event, payload } = envelope
    if (event === 'system/disconnect') {
      const message: unknown = Object(payload).message
      this.#said = endingOf(typeof message === 'string' ? message : 'nothing')
    }
    this.#options.onEvent(event, payload)
  }

  #complain(kind: string, message: string): void {
    if (this.#complained.has(kind)) return
    this.#complained.add(kind)
    this.#options.log.warn(message)
  }
}

/** Bun has these options and `terminate`; the types of browsers do not. */
interface BunSocket extends WebSocket {
  /** Ends the connection without a word, whether or not the other side is there. */
  terminate: () => void
}

function open({ url, ca }: SocketOptions): BunSocket {
  const proxy = proxyOf(url, process.env)
  return Reflect.construct(WebSocket, [
    url,
    {
      ...(proxy === undefined ? {} : { proxy: proxy.href }),
      ...(ca === undefined ? {} : { tls: { ca } }),
    },
  ])
}

function parse(text: string): { event: string; payload?: unknown } | undefined {
  try {
    return Envelope.safeParse(JSON.parse(text)).data
  } catch {
    // No JSON is no event either.
    return undefined
  }
}
