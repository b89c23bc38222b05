import { fromBinary, toBinary } from '@bufbuild/protobuf'
import { ConnectError } from '@connectrpc/connect'
import { errorText, NekodeError } from '@shared/errors'
import { type ProxyFrame, ProxyFrameSchema } from '@shared/gen/nekode/daemon/v1/tunnels_pb'
import type { Logger } from '@shared/log'
import type { Exchange } from '@shared/tunnel/exchange'
import {
  ALIVE_MS,
  ATTACH,
  EXCHANGE_PATH,
  FEATURES_HEADER,
  SILENCE_MS,
  announced,
  frame,
  windowHeaders,
} from '@shared/tunnel/frames'
import { Mux } from '@shared/tunnel/mux'
import { Backoff, pause } from '../control/backoff'
import type { ControlClient } from '../control/client'
import type { Link } from '../control/link'
import { proxyOf } from '../network/proxy'

/** A stream on which the server does not say that it knows of windows within this time goes through a proxy that holds it up. */
const ANSWER_MS = 5_000
/** What a WebSocket may hold before the next frame waits; and how soon it is looked at again, because it does not tell. */
const BUFFER_BYTES = 1 << 20
const LOOK_MS = 1

export interface TunnelOptions {
  computerId: string
  serverUrl: string
  token: string
  ca: string | undefined
  link: Link
  log: Logger
  handle(exchange: Exchange, start: ProxyFrame): Promise<void>
}

interface Stream {
  mux: Mux
  first: ProxyFrame
  answered: boolean
  heard(): void
}

/**
 * The daemon's stream for the server's requests, kept open while there is a session: over a WebSocket, which has a connection to itself, so that
 * a large answer delays no report of a run, and whose throughput does not sink with the distance; over HTTP/2 where no WebSocket gets through.
 */
export class TunnelClient {
  readonly #options: TunnelOptions
  /** What goes through the way there; the other one is tried when it turns out not to. */
  #carrier: 'h2' | 'websocket' = 'websocket'

  constructor(options: TunnelOptions) {
    this.#options = options
  }

  /** Keeps the stream open until the signal is aborted; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { link, log } = this.#options
    const backoff = new Backoff({ firstMs: 300, maxMs: 30_000 })
    while (!signal.aborted) {
      try {
        const client = await link.ready(signal)
        // An HTTP/1.1 connection carries no stream both ways.
        const carrier = link.mode === 'h2' ? this.#carrier : 'websocket'
        const answered = await this.#once(client, carrier, signal)
        if (answered) backoff.reset()
        else this.#carrier = carrier === 'h2' ? 'websocket' : 'h2'
      } catch (error) {
        if (signal.aborted) return
        log.debug('the stream for previews failed', { error: ConnectError.from(error).rawMessage })
      }
      await pause(backoff.next(), signal)
    }
  }

  /** One stream to its end. @returns whether the server answered on it */
  async #once(client: ControlClient, carrier: 'h2' | 'websocket', signal: AbortSignal): Promise<boolean> {
    const over = new AbortController()
    const stop = (): void => over.abort(signal.reason)
    signal.addEventListener('abort', stop)
    const stream = this.#stream(over)
    try {
      await (carrier === 'h2' ? this.#overH2(client, stream, over.signal) : this.#overSocket(stream, over.signal))
    } catch (error) {
      this.#options.log.debug('the stream for previews ended', { carrier, error: errorText(error) })
    } finally {
      signal.removeEventListener('abort', stop)
      over.abort()
      stream.mux.close(new NekodeError('unavailable', 'The connection to the server was lost.'))
    }
    return stream.answered
  }

  #stream(over: AbortController): Stream {
    const { computerId, handle, log } = this.#options
    let timer: Timer | undefined
    const mux = new Mux({
      role: 'daemon',
      window: undefined,
      onRequest: (exchange, start) => void handle(exchange, start),
      onAttach: ({ responseHeaders }) => {
        if (stream.answered) return
        stream.answered = true
        mux.agree(announced(responseHeaders))
        log.debug('ready for previews')
      },
    })
    const stream: Stream = {
      mux,
      first: frame({
        tunnelId: ATTACH,
        requestId: computerId,
        requestHeaders: windowHeaders([[FEATURES_HEADER, 'workspace, workspace-bytes, screen']]),
      }),
      answered: false,
      heard: () => {
        clearTimeout(timer)
        if (over.signal.aborted) return
        timer = setTimeout(() => over.abort(new Error('nothing was heard')), stream.answered ? SILENCE_MS : ANSWER_MS)
      },
    }
    stream.heard()
    const alive = setInterval(() => mux.control({ tunnelId: ATTACH, requestId: computerId }), ALIVE_MS)
    over.signal.addEventListener('abort', () => {
      clearTimeout(timer)
      clearInterval(alive)
    })
    return stream
  }

  async #overH2(client: ControlClient, stream: Stream, signal: AbortSignal): Promise<void> {
    for await (const message of client.proxyExchange(outgoing(stream, signal), { signal, timeoutMs: 0 })) {
      const wait = stream.mux.receive(message)
      stream.heard()
      if (wait) await wait
    }
  }

  async #overSocket(stream: Stream, signal: AbortSignal): Promise<void> {
    const { serverUrl, token, ca } = this.#options
    const proxy = proxyOf(serverUrl, process.env)
    const options = {
      ...(proxy === undefined ? {} : { proxy: proxy.href }),
      headers: { authorization: `Bearer ${token}` },
      ...(ca === undefined ? {} : { tls: { ca } }),
    }
    // These are Bun's own options, which the types of browsers do not have.
    const socket: WebSocket = Reflect.construct(WebSocket, [serverUrl.replace(/^http/, 'ws') + EXCHANGE_PATH, options])
    socket.binaryType = 'arraybuffer'
    const ended = Promise.withResolvers<void>()
    socket.addEventListener('close', ({ code, reason }) => ended.reject(new Error(`closed: ${code} ${reason}`)))
    socket.addEventListener('error', () => ended.reject(new Error('the WebSocket failed')))
    socket.addEventListener('open', () => void send(socket, stream, signal))
    socket.addEventListener('message', ({ data }) => {
      if (!(data instanceof ArrayBuffer)) return
      try {
        // Windows bound what can come; a WebSocket cannot be told to wait.
        void stream.mux.receive(fromBinary(ProxyFrameSchema, new Uint8Array(data)))
        stream.heard()
      } catch (error) {
        ended.reject(error)
      }
    })
    signal.addEventListener('abort', () => ended.reject(signal.reason))
    try {
      await ended.promise
    } finally {
      socket.close()
    }
  }
}

async function* outgoing({ mux, first }: Stream, signal: AbortSignal): AsyncGenerator<ProxyFrame> {
  yield first
  while (!signal.aborted) {
    const next = await mux.take()
    if (!next) return
    yield next
  }
}

async function send(socket: WebSocket, stream: Stream, signal: AbortSignal): Promise<void> {
  for await (const message of outgoing(stream, signal)) {
    if (socket.readyState !== WebSocket.OPEN) return
    socket.send(toBinary(ProxyFrameSchema, message))
    while (socket.bufferedAmount > BUFFER_BYTES && socket.readyState === WebSocket.OPEN) await Bun.sleep(LOOK_MS)
  }
}
