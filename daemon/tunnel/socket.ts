import type net from 'node:net'
import { NekodeError } from '@shared/errors'
import type { Exchange } from '@shared/tunnel/exchange'
import { type Fields, MAX_HEADER_BYTES } from '@shared/tunnel/frames'
import type { Upstream } from './http'
import { connect } from './reach'

const ANSWER_MS = 30_000

/**
 * Passes a WebSocket handshake on to an application of this computer. When it agrees, the bytes of the connection go both ways until
 * either side ends; when it does not, its answer goes back.
 * @throws NekodeError why there is no answer
 */
export async function serveSocket(exchange: Exchange, { port, path, fields }: Upstream): Promise<void> {
  const socket = await connect(port)
  const stop = (): void => void socket.destroy()
  exchange.over.addEventListener('abort', stop)
  if (exchange.isOver) stop()
  const input = new Input(socket)
  try {
    const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`)
    socket.write(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`)
    const { status, headers } = await input.head()
    exchange.respond(status, headers)
    if (status !== 101) {
      await sendPlain(exchange, input, headers)
      return await exchange.end()
    }
    void sendOn(exchange, socket)
    for (let chunk = await input.read(); chunk; chunk = await input.read()) await exchange.write(chunk)
    await exchange.end()
  } finally {
    exchange.over.removeEventListener('abort', stop)
    socket.destroy()
  }
}

/** What a refusal says, where its size is known. */
async function sendPlain(exchange: Exchange, input: Input, headers: Fields): Promise<void> {
  let left = Number(headers.find(([name]) => name.toLowerCase() === 'content-length')?.[1] ?? 0)
  while (left > 0) {
    const chunk = await input.read()
    if (!chunk) return
    await exchange.write(chunk.subarray(0, left))
    left -= chunk.length
  }
}

async function sendOn(exchange: Exchange, socket: net.Socket): Promise<void> {
  try {
    for (let chunk = await exchange.read(); chunk; chunk = await exchange.read())
      if (!socket.write(chunk)) await drained(socket)
    // The application may still have something to say.
    socket.end()
  } catch {
    // The browser is gone without a word.
    socket.destroy()
  }
}

function drained(socket: net.Socket): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const done = (): void => {
    socket.off('drain', done)
    socket.off('close', done)
    resolve()
  }
  socket.on('drain', done)
  socket.on('close', done)
  return promise
}

/** What an application sends, read no faster than it is passed on. */
class Input {
  readonly #chunks: Uint8Array[] = []
  #ended = false
  #wake: (() => void) | undefined

  constructor(private readonly socket: net.Socket) {
    socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk)
      socket.pause()
      this.#wake?.()
    })
    const end = (): void => {
      this.#ended = true
      this.#wake?.()
    }
    socket.on('end', end)
    socket.on('close', end)
    socket.on('error', end)
  }

  async read(): Promise<Uint8Array | undefined> {
    for (;;) {
      const chunk = this.#chunks.shift()
      if (chunk) return chunk
      if (this.#ended) return undefined
      this.socket.resume()
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }

  /** The status line and fields of an answer. */
  async head(): Promise<{ status: number; headers: Fields }> {
    const timer = setTimeout(() => this.socket.destroy(), ANSWER_MS)
    let text = ''
    try {
      for (;;) {
        const chunk = await this.read()
        if (!chunk) throw new NekodeError('unavailable', 'The application closed the connection without an answer.')
        // Header fields are bytes; what follows them stays as it is.
        text += Buffer.from(chunk).toString('latin1')
        const end = text.indexOf('\r\n\r\n')
        if (end < 0 && text.length > MAX_HEADER_BYTES) throw new NekodeError('unavailable', 'The answer has no end.')
        if (end < 0) continue
        const rest = Buffer.from(text.slice(end + 4), 'latin1')
        if (rest.length) this.#chunks.unshift(rest)
        return parse(text.slice(0, end))
      }
    } finally {
      clearTimeout(timer)
    }
  }
}

function parse(head: string): { status: number; headers: Fields } {
  const [line = '', ...rest] = head.split('\r\n')
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(line)?.[1] ?? Number.NaN)
  if (!(status >= 100 && status <= 599))
    throw new NekodeError('unavailable', 'The application does not speak HTTP on this port.')
  const headers = rest.map((field): [string, string] => {
    const colon = field.indexOf(':')
    return [field.slice(0, colon), field.slice(colon + 1).trim()]
  })
  return { status, headers: headers.filter(([name]) => name !== '') }
}
