import http from 'node:http'
import net from 'node:net'
import type { Tunnel } from '@shared/contract'
import type { Caller } from './harness'

/** An application as people make them: what it was asked is kept, for looking at. */
export class Application implements Disposable {
  readonly seen: { method: string; path: string; headers: Record<string, string> }[] = []
  /** Bytes that `/endless` has handed to its connection. */
  sent = 0
  /** Requests whose connection was given up. */
  aborted = 0
  readonly #server: Bun.Server<{ protocol: string }>

  constructor() {
    this.#server = Bun.serve<{ protocol: string }>({
      hostname: '127.0.0.1',
      port: 0,
      idleTimeout: 0,
      maxRequestBodySize: Number.MAX_SAFE_INTEGER,
      fetch: (request, server) => this.#answer(request, server),
      websocket: {
        maxPayloadLength: 32 << 20,
        open: (socket) => void socket.send('hello'),
        message: (socket, data) => {
          if (data === 'close') socket.close(4000, 'as you wish')
          else socket.send(data)
        },
        close: () => void this.aborted++,
      },
    })
  }

  get port(): number {
    return this.#server.port ?? 0
  }

  async #answer(request: Request, server: Bun.Server<{ protocol: string }>): Promise<Response | undefined> {
    const { pathname, search } = new URL(request.url)
    const headers = Object.fromEntries(request.headers)
    this.seen.push({ method: request.method, path: pathname + search, headers })
    request.signal.addEventListener('abort', () => void this.aborted++)
    switch (pathname) {
      case '/echo':
        return Response.json({ method: request.method, headers, body: await request.text() })
      case '/count':
        return this.#count(request)
      case '/cookies':
        return new Response('ok', {
          headers: [
            ['set-cookie', 'app=1; Domain=localhost; Path=/; HttpOnly'],
            ['set-cookie', 'nekode_session=stolen; Path=/'],
            ['clear-site-data', '"cookies"'],
            ['x-app', 'yes'],
          ],
        })
      case '/away':
        return new Response(null, { status: 302, headers: { location: `http://localhost:${this.port}/echo?a=1` } })
      case '/zipped':
        return new Response(Bun.gzipSync('zipped'.repeat(1000)), { headers: { 'content-encoding': 'gzip' } })
      case '/events':
        return new Response(ticking(), { headers: { 'content-type': 'text/event-stream' } })
      case '/endless':
        return new Response(this.#endless())
      case '/socket':
        return server.upgrade(request, { data: { protocol: '' }, headers: { 'sec-websocket-protocol': 'chat' } })
          ? undefined
          : new Response('no', { status: 426 })
      default:
        return new Response('nothing here', { status: 404 })
    }
  }

  async #count(request: Request): Promise<Response> {
    const hash = new Bun.CryptoHasher('sha256')
    let size = 0
    for await (const chunk of request.body ?? []) {
      hash.update(chunk)
      size += chunk.length
    }
    return Response.json({ size, hash: hash.digest('hex'), length: request.headers.get('content-length') })
  }

  #endless(): ReadableStream<Uint8Array> {
    const chunk = new Uint8Array(65_536)
    return new ReadableStream(
      {
        pull: (controller) => {
          this.sent += chunk.length
          controller.enqueue(chunk)
        },
      },
      { highWaterMark: 0 },
    )
  }

  [Symbol.dispose](): void {
    void this.#server.stop(true)
  }
}

function ticking(): ReadableStream<string> {
  let n = 0
  let timer: Timer
  return new ReadableStream({
    start: (controller) => {
      timer = setInterval(() => controller.enqueue(`data: ${n++}\n\n`), 20)
    },
    cancel: () => clearInterval(timer),
  })
}

/** An application that ends the connection in the middle of what it has promised. @returns its port */
export async function breakingOff(): Promise<{ port: number } & Disposable> {
  const server = net.createServer((socket) => {
    socket.on('error', () => undefined)
    socket.once('data', () => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n${'x'.repeat(200_000)}`)
      socket.end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return {
    port: typeof address === 'object' ? (address?.port ?? 0) : 0,
    [Symbol.dispose]: () => void server.close(),
  }
}

export interface Answer {
  status: number
  headers: http.IncomingHttpHeaders
  text: string
  json(): Record<string, never>
}

export interface RequestOptions {
  method?: string
  headers?: Record<string, string | string[]>
  body?: string | Uint8Array
}

/** A browser at one preview: it knows the preview's host, which no resolver has to, and keeps the cookie. */
export class Visitor {
  cookie = ''

  constructor(
    /** Where the server listens. */
    readonly port: number,
    /** With the port, as the address of the preview has it. */
    readonly host: string,
  ) {}

  /** Somebody who was let in with a ticket from the console. */
  static async enter(caller: Pick<Caller, 'call'>, tunnel: Tunnel, port: number): Promise<Visitor> {
    const { url } = await caller.call('POST /api/tunnels/{id}/ticket', { params: { id: tunnel.id }, body: {} })
    const { host, pathname, search } = new URL(url)
    const visitor = new Visitor(port, host)
    const entered = await visitor.get(pathname + search)
    if (entered.status !== 303) throw new Error(`not let in: ${entered.status} ${entered.text}`)
    visitor.cookie = (entered.headers['set-cookie']?.[0] ?? '').split(';', 1)[0] ?? ''
    return visitor
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send(path, { headers })
  }

  async send(path: string, options: RequestOptions = {}): Promise<Answer> {
    const response = await this.open(path, options)
    const chunks: Buffer[] = []
    for await (const chunk of response) chunks.push(chunk)
    if (!response.complete) throw new Error('the answer was cut off')
    const text = Buffer.concat(chunks).toString()
    return { status: response.statusCode ?? 0, headers: response.headers, text, json: () => JSON.parse(text) }
  }

  /** The answer as soon as it starts. */
  open(path: string, { method = 'GET', headers = {}, body }: RequestOptions = {}): Promise<http.IncomingMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<http.IncomingMessage>()
    const request = http.request({
      host: '127.0.0.1',
      port: this.port,
      path,
      method,
      headers: {
        host: this.host,
        ...(this.cookie ? { cookie: this.cookie } : {}),
        ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
        ...headers,
      },
      agent: false,
    })
    request.once('response', resolve)
    request.once('error', reject)
    request.end(body)
    return promise
  }

  socket(path: string, headers: Record<string, string> = {}): WebSocket {
    const options = {
      headers: { host: this.host, cookie: this.cookie, origin: `http://${this.host}`, ...headers },
      protocols: ['chat'],
    } as unknown as string[]
    return new WebSocket(`ws://127.0.0.1:${this.port}${path}`, options)
  }

  /** A connection to write bytes to that no client would send. */
  raw(): Promise<net.Socket> {
    const { promise, resolve, reject } = Promise.withResolvers<net.Socket>()
    const socket = net.connect(this.port, '127.0.0.1', () => resolve(socket))
    socket.once('error', reject)
    return promise
  }
}
