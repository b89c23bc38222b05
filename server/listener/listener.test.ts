import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import http2 from 'node:http2'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createClient } from '@connectrpc/connect'
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from '@connectrpc/connect-node'
import { ErrorBody } from '@shared/contract'
import { DaemonControlService } from '@shared/gen/nekode/daemon/v1/service_pb'
import { type TestServer, startTestServer } from '../testing'
import { type Listener, listen, pathOf } from './listener'

const tls = {
  cert: join(import.meta.dir, '../../test/fixtures/tls/cert.pem'),
  key: join(import.meta.dir, '../../test/fixtures/tls/key.pem'),
}
const ca = readFileSync(tls.cert, 'utf8')
const json = { 'content-type': 'application/json' }

const stops: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})
const open = (options: Partial<Parameters<typeof listen>[0]> = {}): Listener => {
  const listener = listen({ addr: { hostname: '127.0.0.1', port: 0 }, fetch: () => new Response('ok'), ...options })
  stops.push(() => listener.stop(0))
  return listener
}

/** A request over HTTP/2: what came back, and by which protocol. */
async function overHttp2(origin: string, path: string, headers: Record<string, string> = {}) {
  const session = http2.connect(origin, { ca })
  try {
    const stream = session.request({ ':path': path, ...headers })
    let body = ''
    stream.on('data', (chunk: Buffer) => (body += chunk.toString()))
    const [answer] = await Promise.all([
      new Promise<http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader>((resolve, reject) =>
        stream.once('response', resolve).once('error', reject),
      ),
      new Promise((resolve) => stream.once('end', resolve)),
    ])
    return { status: answer[':status'], headers: answer, body, protocol: session.alpnProtocol }
  } finally {
    session.destroy()
  }
}

describe('in clear text', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startTestServer({ flags: { 'grpc-addr': '127.0.0.1:0' } })
  })
  afterAll(() => server.stop())

  test('one port speaks HTTP/1.1 and HTTP/2, with the same answers', async () => {
    const h1 = await server.guest.fetch('/api/version')
    const h2 = await overHttp2(server.url, '/api/version')
    expect(h2).toMatchObject({ status: 200, protocol: 'h2c', body: await h1.text() })
  })

  test('a caller is known over HTTP/2 as well', async () => {
    const { token } = await server.as('owner')
    const { status, body } = await overHttp2(server.url, '/api/auth/me', { authorization: `Bearer ${token}` })
    expect([status, JSON.parse(body).username]).toEqual([200, 'owner'])
  })

  test.each([
    ['Connect over HTTP/1.1', (s: TestServer) => createConnectTransport({ baseUrl: s.url, httpVersion: '1.1' })],
    ['Connect over HTTP/2', (s: TestServer) => createConnectTransport({ baseUrl: s.url, httpVersion: '2' })],
    ['gRPC-Web', (s: TestServer) => createGrpcWebTransport({ baseUrl: s.url, httpVersion: '1.1' })],
    [
      'native gRPC on its own address',
      (s: TestServer) => createGrpcTransport({ baseUrl: `http://127.0.0.1:${s.grpcPort}` }),
    ],
  ])('the daemon protocol is served by %s', async (_, transport) => {
    const { token } = await server.computer()
    const headers = { authorization: `Bearer ${token}` }
    const info = await createClient(DaemonControlService, transport(server)).getServerInfo({}, { headers })
    expect(info).toMatchObject({ serverId: server.core.serverId, protocolVersion: 1 })
  })

  test.each(['application/grpc', 'application/grpc+proto', 'application/grpc;charset=utf-8'])(
    'native gRPC (%s) on this port is told where to go',
    async (type) => {
      const response = await server.guest.fetch('/nekode.daemon.v1.DaemonControlService/GetServerInfo', {
        method: 'POST',
        headers: { 'content-type': type },
      })
      expect(response.status).toBe(415)
      expect(ErrorBody.parse(await response.json()).next).toContain('NEKODE_GRPC_ADDR')
    },
  )

  test('an unknown address of the API is 404, a known one with another method 405, and says which', async () => {
    const missing = await server.guest.fetch('/api/nothing')
    expect([missing.status, ErrorBody.parse(await missing.json()).code]).toEqual([404, 'not_found'])
    const other = await server.guest.fetch('/api/channels/%23general', { method: 'PUT', headers: json, body: '{}' })
    expect([other.status, other.headers.get('allow')]).toEqual([405, 'GET, PATCH, DELETE'])
  })

  test.each([
    ['/api/version', "default-src 'none'; frame-ancestors 'none'"],
    ['/api/nothing', "default-src 'none'; frame-ancestors 'none'"],
    ['/api/docs', "default-src 'none'; style-src 'sha256-"],
  ])('%s has every security header', async (path, policy) => {
    const { headers } = await server.guest.fetch(path)
    expect(headers.get('content-security-policy')).toStartWith(policy)
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('referrer-policy')).toBe('no-referrer')
    expect(headers.get('x-frame-options')).toBe('DENY')
    expect(headers.has('strict-transport-security')).toBe(false)
    for (const name of headers.keys()) expect(name).not.toStartWith('access-control-')
  })

  test('a page of another origin is not let in', async () => {
    const preflight = await server.guest.fetch('/api/channels', {
      method: 'OPTIONS',
      headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
    })
    expect(preflight.status).toBe(405)
    expect(preflight.headers.has('access-control-allow-origin')).toBe(false)
  })

  test.each([
    ['text', { body: 'x', headers: { 'content-type': 'text/plain' } }, 415],
    ['no content type', { body: new Uint8Array([123, 125]) }, 415],
    ['broken JSON', { body: '{"target":', headers: json }, 400],
    ['invalid UTF-8', { body: new Uint8Array([0x22, 0xff, 0x22]), headers: json }, 400],
    ['more than a megabyte', { body: JSON.stringify({ content: 'x'.repeat(1 << 20) }), headers: json }, 413],
    ['an endless body', { body: endless(), headers: json }, 413],
  ])('a body of %s is refused and nothing is written', async (_, init, status) => {
    const owner = await server.as('owner')
    const before = await server.events()
    const response = await owner.fetch('/api/messages', { method: 'POST', ...init })
    expect(response.status).toBe(status)
    ErrorBody.parse(await response.json())
    expect(await server.events()).toBe(before)
  })
})

/** JSON text that never ends. */
function endless(): ReadableStream<Uint8Array> {
  const piece = new TextEncoder().encode(`"${'x'.repeat(65_536)}`)
  return new ReadableStream({ pull: (controller) => controller.enqueue(piece) })
}

describe('with TLS', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startTestServer({ flags: { 'tls-cert': tls.cert, 'tls-key': tls.key, 'grpc-addr': '127.0.0.1:0' } })
  })
  afterAll(() => server.stop())

  test('HTTP/1.1 works, and browsers are told to stay with it', async () => {
    const response = await fetch(`${server.url}/health`, { tls: { ca } })
    expect(response.status).toBe(200)
    expect(response.headers.get('strict-transport-security')).toBe('max-age=31536000')
  })

  test('HTTP/2 is negotiated', async () => {
    expect(await overHttp2(server.url, '/health')).toMatchObject({ status: 200, protocol: 'h2' })
  })

  test('a WebSocket works', async () => {
    const { token } = await server.as('owner')
    // Options of Bun's own, which the types of browsers do not have.
    const options = { headers: { authorization: `Bearer ${token}` }, tls: { ca } } as unknown as string[]
    const socket = new WebSocket(`${server.url.replace('https', 'wss')}/api/ws?cursor=0`, options)
    const first = await new Promise<string>((resolve, reject) => {
      socket.addEventListener('message', ({ data }) => resolve(String(data)))
      socket.addEventListener('error', () => reject(new Error('no connection')))
    })
    expect(JSON.parse(first)).toMatchObject({ sequence: 1, kind: 'user' })
    socket.close()
  })

  test('native gRPC uses it too', async () => {
    const { token } = await server.computer()
    const transport = createGrpcTransport({ baseUrl: `https://localhost:${server.grpcPort}`, nodeOptions: { ca } })
    const headers = { authorization: `Bearer ${token}` }
    const info = await createClient(DaemonControlService, transport).getServerInfo({}, { headers })
    expect(info.serverId).toBe(server.core.serverId)
  })

  test('programs on this computer have an address in clear text, which nobody else reaches', async () => {
    expect(server.localUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    const response = await fetch(`${server.localUrl}/health`)
    expect(response.status).toBe(200)
    expect(response.headers.has('strict-transport-security')).toBe(false)
  })

  test('clear text is not taken for TLS', async () => {
    const answer = await fetch(server.url.replace('https', 'http')).catch((error: unknown) => error)
    expect(answer).toBeInstanceOf(Error)
  })
})

test('a port that is in use is refused, and says what to do', () => {
  const { port } = open()
  for (const addr of [
    { hostname: '127.0.0.1', port },
    { hostname: undefined, port },
  ]) {
    const attempt = () => open({ addr })
    expect(attempt).toThrow(`${addr.hostname ?? ''}:${port} is in use`)
    expect(attempt).toThrow(expect.objectContaining({ code: 'port_in_use', next: expect.stringContaining('--addr') }))
  }
})

test.each([
  ['an address of another machine', { addr: { hostname: '192.0.2.1', port: 0 } }],
  ['a name that is none', { addr: { hostname: 'no.such.host.invalid', port: 0 } }],
  ['a certificate that is not there', { tls: { cert: '/nonexistent/cert.pem', key: tls.key } }],
  ['a key that is none', { tls: { cert: tls.cert, key: tls.cert } }],
])('%s is refused as a wrong configuration', (_, options) => {
  expect(() => open(options)).toThrow(expect.objectContaining({ code: 'config_invalid' }))
})

test('all addresses of the machine means both families', async () => {
  const { port } = open({ addr: { hostname: undefined, port: 0 } })
  expect(await (await fetch(`http://127.0.0.1:${port}`)).text()).toBe('ok')
})

test('a server that stops finishes what it has begun and takes nothing new', async () => {
  const begun = Promise.withResolvers<void>()
  const finish = Promise.withResolvers<void>()
  const listener = open({
    fetch: async () => {
      begun.resolve()
      await finish.promise
      return new Response('finished')
    },
  })
  const url = `http://127.0.0.1:${listener.port}`
  const request = fetch(url)
  await begun.promise
  const stopped = listener.stop(5000)
  const late = await fetch(url, { keepalive: false }).catch((error: unknown) => error)
  expect(late).toBeInstanceOf(Error)
  finish.resolve()
  expect(await (await request).text()).toBe('finished')
  await stopped
})

test('a request that does not end is cut when the time is over', async () => {
  const listener = open({ fetch: () => new Promise<Response>(() => {}) })
  const request = fetch(`http://127.0.0.1:${listener.port}`).catch((error: unknown) => error)
  await Bun.sleep(20)
  await listener.stop(50)
  expect(await request).toBeInstanceOf(Error)
})

test('a handler that fails answers with what it is told, not with a stack', async () => {
  const { port } = open({
    fetch: () => Promise.reject(new Error('secret detail')),
    failed: () => Response.json({ error: 'failed' }, { status: 500 }),
  })
  const response = await fetch(`http://127.0.0.1:${port}`)
  expect([response.status, await response.text()]).toEqual([500, '{"error":"failed"}'])
})

test.each([
  ['http://h/', '/'],
  ['http://h', '/'],
  ['http://h/a/b?c=/d#e', '/a/b'],
  ['http://h:1/a%20b#/c', '/a%20b'],
  ['http://[::1]:1/x', '/x'],
])('the path of %p is %p', (url, path) => {
  expect(pathOf(url)).toBe(path)
})
