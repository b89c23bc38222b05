import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLogger } from '@shared/log'
import { makeFolders, type Paths, pathsOf } from '../config/paths'
import { LocalEvents } from '../local/events'
import { AgentKeys } from '../local/keys'
import { type LocalApi, startLocal } from '../local/local'
import { readToken } from '../local/place'
import { AS_HEADER, createRelay } from './relay'

const log = createLogger({ level: 'error', write: () => undefined })
const AGENTS = [
  { id: 'agt_1', name: 'coder' },
  { id: 'agt_2', name: 'reviewer' },
]

interface Seen {
  method: string
  path: string
  headers: Headers
  body: string
}

let home: string
let paths: Paths
let api: LocalApi
let keys: AgentKeys
let upstream: Bun.Server<undefined>
let answer: (request: Request) => Response | Promise<Response>
let seen: Seen[]
/** Tokens that the server takes. */
let valid: Set<string>
let renewed: string[]

beforeEach(async () => {
  seen = []
  renewed = []
  valid = new Set(['nat_agt_1', 'nat_agt_2'])
  answer = () => Response.json({ ok: true })
  upstream = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    idleTimeout: 0,
    async fetch(request) {
      const url = new URL(request.url)
      const body = await request.clone().text()
      seen.push({ method: request.method, path: url.pathname + url.search, headers: request.headers, body })
      const token = request.headers.get('authorization')?.replace('Bearer ', '') ?? ''
      return valid.has(token) ? answer(request) : Response.json({ error: 'no', code: 'x' }, { status: 401 })
    },
  })
  await open(`http://127.0.0.1:${upstream.port}`)
})
afterEach(async () => {
  await api.stop()
  await upstream.stop(true)
  rmSync(home, { recursive: true })
})

async function open(serverUrl: string): Promise<void> {
  home = mkdtempSync(join(tmpdir(), 'nekode-relay-'))
  paths = pathsOf(home)
  makeFolders(paths)
  keys = new AgentKeys()
  api = await startLocal({
    paths,
    version: '1.2.3',
    log,
    events: new LocalEvents(),
    serve: async () => new Map(),
    services: [],
    port: 0,
    agentOf: (key) => keys.agentOf(key),
    shutdown: () => undefined,
    restart: () => undefined,
    mounts: [
      createRelay({
        serverUrl,
        computerId: 'cmp_1',
        log,
        agentNamed: known,
        findAgent: async (text) => known(text),
        clean: (input) => JSON.parse(JSON.stringify(input).replaceAll('hunter2', '[redacted]')),
        tokens: {
          get: async (agentId, renew) => {
            if (renew) renewed.push(agentId)
            return renew ? `nat_${agentId}_new` : `nat_${agentId}`
          },
        },
      }),
    ],
  })
}

const known = (text: string) => AGENTS.find(({ id, name }) => id === text || name === text)

const ask = (path: string, token: string | undefined, init: RequestInit = {}) =>
  fetch(`${api.url}${path}`, {
    ...init,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...Object.fromEntries(new Headers(init.headers)),
    },
  })
const owner = () => readToken(paths) ?? ''
const as = (name: string) => ({ headers: { [AS_HEADER]: name } })

test('an agent speaks with its own token, and nothing else of its request says who it is', async () => {
  const key = keys.keyOf('agt_1')
  const response = await ask('/server/api/messages?target=%23general', key, {
    method: 'POST',
    body: JSON.stringify({ content: 'the password is hunter2' }),
    headers: {
      'content-type': 'application/json',
      'idempotency-key': 'k1',
      cookie: 'session=1',
      'x-api-key': 'stolen',
      'x-forwarded-for': '1.2.3.4',
      'x-csrf-token': 'c',
      'proxy-authorization': 'Basic x',
    },
  })
  expect(await response.json()).toEqual({ ok: true })
  const [request] = seen
  expect(request).toMatchObject({ method: 'POST', path: '/api/messages?target=%23general' })
  expect(request?.body).toBe('{"content":"the password is [redacted]"}')
  expect(Object.fromEntries(request?.headers ?? [])).toMatchObject({
    authorization: 'Bearer nat_agt_1',
    'idempotency-key': 'k1',
    'content-type': 'application/json',
  })
  for (const name of ['cookie', 'x-api-key', 'x-forwarded-for', 'x-csrf-token', 'proxy-authorization'])
    expect(request?.headers.has(name)).toBe(false)
})

test('the owner speaks as an agent that is named, by name or id', async () => {
  for (const name of ['reviewer', 'agt_2']) expect((await ask('/server/api/x', owner(), as(name))).status).toBe(200)
  expect(seen.map(({ headers }) => headers.get('authorization'))).toEqual(['Bearer nat_agt_2', 'Bearer nat_agt_2'])
})

test('who one speaks as can be asked without the server', async () => {
  await upstream.stop(true)
  expect(await (await ask('/server/self', keys.keyOf('agt_1'))).json()).toEqual({
    id: 'agt_1',
    name: 'coder',
    computerId: 'cmp_1',
  })
})

describe('nothing reaches the server', () => {
  test.each<[string, () => [string | undefined, RequestInit?], number, string]>([
    ['without a key', () => [undefined], 401, 'key_unknown'],
    ['with a wrong key', () => ['nkm_wrong'], 401, 'key_unknown'],
    ['with the key of an agent that is gone', () => [revoked()], 401, 'key_unknown'],
    ['of the owner for nobody', () => [owner()], 400, 'agent_missing'],
    ['of the owner for an agent of another computer', () => [owner(), as('stranger')], 404, 'agent_unknown'],
    ['of an agent in another’s name', () => [keys.keyOf('agt_1'), as('reviewer')], 403, 'not_yours'],
    ['that is no plain request', () => [keys.keyOf('agt_1'), { method: 'OPTIONS' }], 501, 'not_relayed'],
    [
      'that would become another protocol',
      () => [keys.keyOf('agt_1'), { headers: { upgrade: 'websocket', connection: 'upgrade' } }],
      501,
      'not_relayed',
    ],
    [
      'of JSON that is too long',
      () => [
        keys.keyOf('agt_1'),
        { method: 'POST', headers: { 'content-type': 'application/json' }, body: `"${'x'.repeat(3 << 20)}"` },
      ],
      413,
      'too_large',
    ],
    [
      'of JSON that is none',
      () => [keys.keyOf('agt_1'), { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{' }],
      400,
      'invalid_body',
    ],
  ])('%s', async (_, made, status, code) => {
    const [token, init] = made()
    const response = await ask('/server/api/messages', token, init)
    expect([response.status, await response.json()]).toEqual([status, expect.objectContaining({ code })])
    expect(seen).toEqual([])
  })

  function revoked(): string {
    const key = keys.keyOf('agt_1')
    keys.revoke('agt_1')
    return key
  }

  test.each([
    '/server/../metrics',
    '/server/api/../metrics',
    '/server/api/..%2f..%2fmetrics/../../../metrics',
    '/server/api/%2e%2e/metrics',
    '/server/metrics',
    '/server/',
    '/server/api',
    '/server//127.0.0.1:1/api/x',
    '/server/@127.0.0.1:1/api/x',
    '/server/\\127.0.0.1:1\\api\\x',
    '/server/.127.0.0.1/api/x',
    'http://127.0.0.1:1/server/../api/x',
  ])('of the path %s', async (path) => {
    expect(await raw(`GET ${path} HTTP/1.1`, keys.keyOf('agt_1'))).toMatch(/^HTTP\/1.1 (40[0-4])/)
    expect(seen.filter((request) => !request.path.startsWith('/api/'))).toEqual([])
    expect(seen).toEqual([])
  })

  /** A request as it is written, which a client would put in order first. */
  async function raw(line: string, token: string): Promise<string> {
    const { host, port } = new URL(api.url ?? '')
    const socket = connect(Number(port), '127.0.0.1')
    socket.write(`${line}\r\nHost: ${host}\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\n\r\n`)
    let text = ''
    for await (const piece of socket) text += String(piece)
    return text
  }
})

test('what is encoded in a path stays what it is', async () => {
  await ask('/server/api/channels/%23a%2Fb/..%252f', keys.keyOf('agt_1'))
  expect(seen.map(({ path }) => path)).toEqual(['/api/channels/%23a%2Fb/..%252f'])
})

test('a server that points elsewhere is not followed', async () => {
  answer = () => Response.redirect('http://127.0.0.1:1/', 307)
  const response = await ask('/server/api/x', keys.keyOf('agt_1'))
  expect([response.status, (await response.json()).code]).toEqual([503, 'redirected'])
})

test('of the answer comes what it says, and no credential', async () => {
  answer = () =>
    new Response('gone', {
      status: 410,
      headers: { 'set-cookie': 'session=1', 'www-authenticate': 'Bearer', etag: '"1"', 'x-secret': 'y' },
    })
  const response = await ask('/server/api/x', keys.keyOf('agt_1'))
  expect([response.status, await response.text(), response.headers.get('etag')]).toEqual([410, 'gone', '"1"'])
  for (const name of ['set-cookie', 'www-authenticate', 'x-secret']) expect(response.headers.has(name)).toBe(false)
})

test('a token that is refused is renewed once, and the request sent again', async () => {
  valid = new Set(['nat_agt_1_new'])
  const init = { method: 'PUT', body: 'bytes', headers: { 'content-type': 'text/plain' } }
  expect((await ask('/server/api/x', keys.keyOf('agt_1'), init)).status).toBe(200)
  expect(seen.map(({ body }) => body)).toEqual(['bytes', 'bytes'])
  valid = new Set()
  expect((await ask('/server/api/x', keys.keyOf('agt_1'), init)).status).toBe(401)
  expect(renewed).toEqual(['agt_1', 'agt_1'])
})

test('a large file goes through as it is, and is to be sent again when the token was renewed meanwhile', async () => {
  let sum = ''
  answer = async (request) => {
    sum = new Bun.CryptoHasher('sha256').update(await request.bytes()).digest('hex')
    return Response.json({})
  }
  const bytes = crypto.getRandomValues(new Uint8Array(60_000)).toBase64().repeat(400)
  const put = () => ask('/server/api/x', keys.keyOf('agt_1'), { method: 'PUT', body: bytes })
  expect((await put()).status).toBe(200)
  expect(sum).toBe(new Bun.CryptoHasher('sha256').update(bytes).digest('hex'))
  valid = new Set(['nat_agt_1_new'])
  const response = await put()
  expect([response.status, (await response.json()).code]).toEqual([503, 'try_again'])
  expect(renewed).toEqual(['agt_1'])
})

test('events come as they happen, and the server is left when the listener goes', async () => {
  const left = Promise.withResolvers<void>()
  answer = (request) => {
    request.signal.addEventListener('abort', () => left.resolve())
    const body = new ReadableStream({
      start: (controller) => controller.enqueue(new TextEncoder().encode('data: 1\n\n')),
    })
    return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
  }
  const ending = new AbortController()
  const response = await ask('/server/api/server-events', keys.keyOf('agt_1'), { signal: ending.signal })
  const first = await response.body?.getReader().read()
  expect(new TextDecoder().decode(first?.value)).toBe('data: 1\n\n')
  ending.abort()
  await left.promise
})

test('an agent holds so many requests open and no more, and a place that is left is free again', async () => {
  const waiting: (() => void)[] = []
  answer = () => new Promise((resolve) => waiting.push(() => resolve(new Response('x'))))
  const key = keys.keyOf('agt_1')
  const all = Array.from({ length: 64 }, () => ask('/server/api/x', key))
  while (seen.length < 64) await Bun.sleep(1)
  expect((await ask('/server/api/x', key)).status).toBe(429)
  for (const wake of waiting.splice(0)) wake()
  for (const response of await Promise.all(all)) await response.text()
  answer = () => new Response('x')
  expect((await ask('/server/api/x', key)).status).toBe(200)
})

test('a server that is away is told as that', async () => {
  await upstream.stop(true)
  const response = await ask('/server/api/x', keys.keyOf('agt_1'))
  expect([response.status, await response.json()]).toEqual([
    503,
    expect.objectContaining({ code: 'unreachable', next: expect.any(String) }),
  ])
})
