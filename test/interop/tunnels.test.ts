import { afterEach, describe, expect, test } from 'bun:test'
import http from 'node:http'
import https from 'node:https'
import net from 'node:net'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLogger } from '@shared/log'
import { ProxyFrameKind as Kind, type ProxyFrame } from '@shared/gen/nekode/daemon/v1/tunnels_pb'
import type { FrameInit } from '@shared/tunnel/frames'
import { loadConfig } from '../../daemon/config/config'
import { Link } from '../../daemon/control/link'
import { startDaemon } from '../../daemon/daemon'
import { AgentCalls } from '../../daemon/tools/calls'
import { AgentTokens } from '../../daemon/tools/tokens'
import { agentTools } from '../../daemon/tools/tools'
import { type TestServer, startTestServer } from '../../server/testing'
import { Application, Visitor } from '../e2e/preview'
import { type Rpc, refusal, rpcClient } from '../fixtures/rpc'

const CERT = join(import.meta.dir, '../fixtures/tls/cert.pem')
const KEY = join(import.meta.dir, '../fixtures/tls/key.pem')

const cleanup: (() => unknown)[] = []
afterEach(async () => {
  for (const undo of cleanup.splice(0).toReversed()) await undo()
})

async function serve(flags: Record<string, string> = {}): Promise<TestServer> {
  const server = await startTestServer({ flags })
  cleanup.push(() => server.stop())
  return server
}

/** A real daemon in this process, as the computer of a token. @returns what it logged */
async function run(settings: Record<string, unknown>): Promise<string[]> {
  const home = mkdtempSync(join(tmpdir(), 'nekode-tunnel-'))
  const lines: string[] = []
  await Bun.write(join(home, 'daemon.json'), JSON.stringify(settings))
  const daemon = await startDaemon({
    config: loadConfig({ env: { NEKODE_HOME: home } }),
    log: createLogger({ level: 'debug', write: (line) => lines.push(line) }),
    env: {},
    self: [],
    detect: async () => [],
  })
  cleanup.push(async () => {
    await daemon.stop()
    rmSync(home, { recursive: true, force: true })
  })
  return lines
}

function application(): Application {
  const app = new Application()
  cleanup.push(() => app[Symbol.dispose]())
  return app
}

async function visit(server: TestServer, computerId: string, localPort: number): Promise<Visitor> {
  const owner = await server.as('owner')
  const tunnel = await owner.call('POST /api/tunnels', { body: { computerId, localPort } })
  return Visitor.enter(owner, tunnel, server.port)
}

/** A reverse proxy that speaks HTTP/1.1 on both sides, and passes WebSockets on. */
async function oldProxy(port: number): Promise<{ url: string; upgraded: string[] }> {
  const upgraded: string[] = []
  const proxy = http.createServer((request, response) => {
    const { method, url, headers } = request
    const onward = http.request({ host: '127.0.0.1', port, method, path: url, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    onward.on('error', () => response.destroy())
    request.pipe(onward)
    response.on('close', () => onward.destroy())
  })
  const sockets = new Set<net.Socket>()
  proxy.on('upgrade', (request, socket: net.Socket, head: Buffer) => {
    upgraded.push(request.url ?? '')
    const onward = net.connect(port, '127.0.0.1', () => {
      const lines = Object.entries(request.headers).map(([name, value]) => `${name}: ${value}`)
      onward.write(`GET ${request.url} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
      onward.write(head)
      onward.pipe(socket).pipe(onward)
    })
    for (const one of [socket, onward]) {
      sockets.add(one)
      one.on('error', () => one.destroy())
      one.on('close', () => {
        socket.destroy()
        onward.destroy()
      })
    }
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', () => resolve()))
  cleanup.push(() => {
    for (const socket of sockets) socket.destroy()
    proxy.closeAllConnections()
    proxy.close()
  })
  const address = proxy.address()
  return { url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`, upgraded }
}

/** Passes every connection on but those that begin with a WebSocket's handshake. */
async function withoutSockets(port: number): Promise<{ port: number; refused: number }> {
  const sockets = new Set<net.Socket>()
  const state = { port: 0, refused: 0 }
  const proxy = net.createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.once('data', (first) => {
      if (/^upgrade: websocket/im.test(String(first))) {
        state.refused++
        socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
        return
      }
      const onward = net.connect(port, '127.0.0.1')
      sockets.add(onward)
      onward.on('error', () => socket.destroy())
      onward.write(first)
      socket.pipe(onward).pipe(socket)
    })
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  cleanup.push(() => {
    for (const socket of sockets) socket.destroy()
    proxy.close()
  })
  const address = proxy.address()
  state.port = typeof address === 'object' ? (address?.port ?? 0) : 0
  return state
}

const upload = new Uint8Array(5_000_000).fill(7)

async function works(visitor: Visitor): Promise<void> {
  const { size } = (await visitor.send('/count', { method: 'POST', body: upload })).json()
  expect<unknown>(size).toBe(upload.length)
  const stalled = await visitor.open('/endless')
  stalled.pause()
  expect((await visitor.get('/echo')).status).toBe(200)
  stalled.destroy()
  const stream = await visitor.open('/events')
  for await (const chunk of stream) {
    expect(String(chunk)).toStartWith('data: 0')
    break
  }
  const socket = visitor.socket('/socket')
  const hello = await new Promise<unknown>((resolve) => socket.addEventListener('message', ({ data }) => resolve(data)))
  expect(hello).toBe('hello')
  socket.close()
}

describe('the way between daemon and server', () => {
  test('a proxy that speaks HTTP/1.1 only: the frames go over a WebSocket at the same path', async () => {
    const server = await serve()
    const { id: computerId, token } = await server.computer()
    const proxy = await oldProxy(server.port)
    await run({ serverUrl: proxy.url, token, computerId })
    await works(await visit(server, computerId, application().port))
    expect(proxy.upgraded).toEqual(['/nekode.daemon.v1.DaemonControlService/ProxyExchange'])
  })

  test('a proxy that lets no WebSockets through: the frames go over HTTP/2', async () => {
    const server = await serve()
    const { id: computerId, token } = await server.computer()
    const proxy = await withoutSockets(server.port)
    await run({ serverUrl: `http://127.0.0.1:${proxy.port}`, token, computerId })
    await works(await visit(server, computerId, application().port))
    expect(proxy.refused).toBeGreaterThan(0)
  })

  test('TLS, with previews over TLS too', async () => {
    const server = await serve({ 'tls-cert': CERT, 'tls-key': KEY })
    const { id: computerId, token } = await server.computer()
    await run({ serverUrl: `https://localhost:${server.port}`, caFile: CERT, token, computerId })
    const app = application()
    const creator = (await server.as('owner')).token
    const ca = readFileSync(CERT, 'utf8')
    const call = (path: string, body: unknown): Promise<{ id: string; url: string }> =>
      fetch(`https://localhost:${server.port}${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${creator}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
        tls: { ca },
      }).then((response) => response.json() as Promise<{ id: string; url: string }>)
    const tunnel = await call('/api/tunnels', { computerId, localPort: app.port })
    const { url } = await call(`/api/tunnels/${tunnel.id}/ticket`, {})
    const { protocol, host, pathname, search } = new URL(url)
    expect(protocol).toBe('https:')
    const get = (path: string, cookie: string): Promise<http.IncomingMessage> =>
      new Promise((resolve, reject) => {
        const options = { host: '127.0.0.1', port: server.port, path, headers: { host, cookie }, agent: false, ca }
        https.get({ ...options, servername: 'localhost' }, resolve).on('error', reject)
      })
    const entered = await get(pathname + search, '')
    const [cookie = ''] = entered.headers['set-cookie'] ?? []
    expect(cookie).toMatch(/^__Host-nekode_preview=\S+; Path=\/; HttpOnly; SameSite=Lax; Max-Age=\d+; Secure$/)
    const answer = await get('/echo', cookie.split(';', 1)[0] ?? '')
    expect(answer.statusCode).toBe(200)
    expect(app.seen.at(-1)?.headers['x-forwarded-proto']).toBe('https')
    answer.resume()
  })
})

/** The tunnel client of deployed daemons, frame by frame: no windows, frames of 32 KiB, no signs of life. */
class OldTunnel implements Disposable {
  readonly started: ProxyFrame[] = []
  readonly #out: FrameInit[] = []
  readonly #abort = new AbortController()
  #wake: (() => void) | undefined
  #onFrame: (frame: ProxyFrame, tunnel: OldTunnel) => void

  constructor(rpc: Rpc, computerId: string, onFrame: (frame: ProxyFrame, tunnel: OldTunnel) => void) {
    this.#onFrame = onFrame
    this.send({ tunnelId: '__attach__', requestId: computerId })
    void this.#read(rpc)
  }

  send(frame: FrameInit): void {
    this.#out.push(frame)
    this.#wake?.()
  }

  async *#outgoing(): AsyncGenerator<FrameInit> {
    while (!this.#abort.signal.aborted) {
      const next = this.#out.shift()
      if (next) yield next
      else await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }

  async #read(rpc: Rpc): Promise<void> {
    try {
      const { signal } = this.#abort
      for await (const frame of rpc.proxyExchange(this.#outgoing(), { signal, timeoutMs: 0 })) {
        if (frame.kind === Kind.REQUEST_START) this.started.push(frame)
        this.#onFrame(frame, this)
      }
    } catch {
      // The test ends it.
    }
  }

  [Symbol.dispose](): void {
    this.#abort.abort()
    this.#wake?.()
  }
}

test('an agent asks with its tool, a person allows it, and asking again tells the agent', async () => {
  const server = await serve()
  const computer = await server.computer()
  const agent = await server.agent({ computerId: computer.id, name: 'bot' })
  const folder = mkdtempSync(join(tmpdir(), 'nekode-tool-'))
  cleanup.push(() => rmSync(folder, { recursive: true }))
  const { url: serverUrl } = server
  const tokens = new AgentTokens({ serverUrl, token: computer.token, folder })
  const tool = agentTools({
    calls: new AgentCalls(new Link(), tokens, { serverUrl }),
    workspaceOf: () => undefined,
    sayStatus: () => undefined,
    portRefusal: async (port) => (port === 22 ? 'Port 22 is a system port.' : undefined),
  }).find(({ name }) => name === 'open_preview')
  const call = (input: object): Promise<string> =>
    tool?.call(input, agent.id).catch((error: Error) => `error: ${error.message}`) ?? Promise.resolve('no tool')
  const owner = await server.as('owner')
  const asked = await call({ port: 3000, label: 'the site', target: '#general', minutes: 30 })
  expect(asked).toMatch(
    /^Asked: somebody in #general has to allow it \(tun_\w+\)\. Once they do, people see it at http/,
  )
  const { items } = await owner.call('GET /api/tunnels', { query: { state: 'pending_approval' } })
  expect(items).toMatchObject([{ localPort: 3000, label: 'the site', ttlSeconds: 1800, creator: { name: 'bot' } }])
  await owner.call('POST /api/tunnels/{id}/approve', { params: { id: items[0]?.id ?? '' } })
  expect(await call({ port: 3000, target: '#general' })).toStartWith('People in #general see it at http')
  expect(await call({ port: 22, target: '#general' })).toBe('error: Port 22 is a system port.')
  expect(await call({ port: 3001 })).toBe('error: It is not known where to show the preview.')
})

describe('a daemon of before', () => {
  test('gets frames that it knows only, and its answers arrive whole', async () => {
    const server = await serve()
    const { id: computerId, token } = await server.computer()
    const received: ProxyFrame[] = []
    using tunnel = new OldTunnel(rpcClient(server.url, token), computerId, (frame, own) => {
      received.push(frame)
      const { tunnelId, requestId } = frame
      if (frame.kind !== Kind.REQUEST_END) return
      own.send({
        tunnelId,
        requestId,
        kind: Kind.RESPONSE_START,
        statusCode: 200,
        responseHeaders: [{ name: 'X-Old', value: ['yes'] }],
      })
      // More than anybody has read when it comes.
      for (let i = 0; i < 400; i++)
        own.send({ tunnelId, requestId, kind: Kind.RESPONSE_BODY, bodyChunk: new Uint8Array(32_768) })
      own.send({ tunnelId, requestId, kind: Kind.RESPONSE_END })
    })
    const visitor = await visit(server, computerId, 3000)
    const answer = await visitor.send('/up?x=1', { method: 'POST', body: new Uint8Array(200_000) })
    expect([answer.status, answer.headers['x-old'], answer.text.length]).toEqual([200, 'yes', 400 * 32_768])
    const [start] = tunnel.started
    expect([start?.method, start?.path, start?.requestId.length]).toEqual(['POST', '/up?x=1', 32])
    expect(start?.requestHeaders.find(({ name }) => name === 'X-Nekode-Tunnel-Port')?.value).toEqual(['3000'])
    const bodies = received.filter(({ kind }) => kind === Kind.REQUEST_BODY)
    expect(Math.max(...bodies.map(({ bodyChunk }) => bodyChunk.length))).toBeLessThanOrEqual(32_768)
    expect(bodies.reduce((sum, { bodyChunk }) => sum + bodyChunk.length, 0)).toBe(200_000)
    expect(received.every(({ tunnelId }) => tunnelId.startsWith('tun_'))).toBe(true)
  })

  test('that fails before it has answered leaves nobody waiting', async () => {
    const server = await serve()
    const { id: computerId, token } = await server.computer()
    using _ = new OldTunnel(rpcClient(server.url, token), computerId, ({ tunnelId, requestId, kind }, own) => {
      if (kind === Kind.REQUEST_START)
        own.send({ tunnelId, requestId, kind: Kind.RESPONSE_END, error: 'dial tcp: connection refused' })
    })
    const visitor = await visit(server, computerId, 3000)
    const plain = await visitor.get('/')
    expect([plain.status, plain.json().error]).toEqual([502, 'dial tcp: connection refused' as never])
    const socket = visitor.socket('/socket')
    const code = await new Promise<number>((resolve) => socket.addEventListener('close', (e) => resolve(e.code)))
    expect(code).not.toBe(1000)
  })

  test('cannot stand in for another computer, and the first frame has to say who it is', async () => {
    const server = await serve()
    const { token } = await server.computer()
    const other = await server.computer()
    const rpc = rpcClient(server.url, token)
    const first = async (frame: FrameInit): Promise<string> => {
      const frames = (async function* () {
        yield frame
      })()
      return refusal(
        (async () => {
          for await (const answer of rpc.proxyExchange(frames)) return answer
          return undefined
        })(),
      )
    }
    expect(await first({ tunnelId: '__attach__', requestId: other.id })).toBe('permission_denied foreign_computer')
    expect(await first({ tunnelId: 'tun_1', requestId: 'x' })).toBe('invalid_argument invalid_request')
  })
})
