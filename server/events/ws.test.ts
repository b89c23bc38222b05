import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test'
import { ErrorBody, Session } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import type { Socket } from '../listener/listener'
import { PASSWORD, type Caller, type TestServer, startTestServer } from '../testing'
import type { Reader } from './hub'
import { EventSocket, sameOrigin } from './ws'

let server: TestServer
let owner: Caller
beforeAll(async () => {
  server = await startTestServer()
  owner = await server.as('owner')
})
afterAll(() => server.stop())

const say = (content: string) => owner.call('POST /api/messages', { body: { target: '#general', content } })
const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

const open: WebSocket[] = []
afterEach(() => {
  for (const socket of open.splice(0)) socket.close()
})

interface Connection {
  texts: string[]
  /** The close code, once it is closed. */
  code: number | undefined
  opened: boolean
}

function connect(headers: Record<string, string>, query = '', at: TestServer = server): Connection {
  // Headers are Bun's own option, which the types of browsers do not have.
  const options = { headers } as unknown as string[]
  const socket = new WebSocket(`${at.url.replace('http', 'ws')}/api/ws${query}`, options)
  open.push(socket)
  const connection: Connection = { texts: [], code: undefined, opened: false }
  socket.addEventListener('open', () => (connection.opened = true))
  socket.addEventListener('message', ({ data }) => {
    const { kind, payload } = JSON.parse(String(data))
    if (kind === 'message') connection.texts.push(payload.content)
  })
  socket.addEventListener('close', ({ code }) => (connection.code = code))
  return connection
}

async function eventually(done: () => boolean, ms = 5000): Promise<void> {
  for (const end = Date.now() + ms; !done(); await Bun.sleep(2))
    if (Date.now() > end) throw new Error('it did not happen')
}
const opened = (connection: Connection) => eventually(() => connection.opened)
/** Open, and the server has begun to read for it. */
const reading = async (connection: Connection, readers = server.core.hub.readers) => {
  await opened(connection)
  await eventually(() => server.core.hub.readers >= readers)
}

test('every event is one frame, in order', async () => {
  const connection = connect(bearer(owner.token))
  await reading(connection)
  const texts = Array.from({ length: 20 }, (_, i) => `m${i}`)
  for (const text of texts) await say(text)
  await eventually(() => connection.texts.length === 20)
  expect(connection.texts).toEqual(texts)
})

test('a cursor resumes, and a target narrows', async () => {
  const cursor = server.core.hub.cursor()
  await owner.call('POST /api/channels', { body: { name: 'side' } })
  await owner.call('POST /api/messages', { body: { target: '#side', content: 'beside' } })
  await say('missed')
  const all = connect(bearer(owner.token), `?cursor=${cursor}`)
  const side = connect(bearer(owner.token), `?cursor=${cursor}&target=%23side`)
  await eventually(() => all.texts.length === 2 && side.texts.length === 1)
  expect(all.texts).toEqual(['beside', 'missed'])
  expect(side.texts).toEqual(['beside'])
})

test.each([
  ['of another server', () => `srv_${'0'.repeat(32)}:1`],
  ['beyond the end', () => server.core.hub.cursor(server.core.hub.head + 1)],
])('a cursor %s closes the socket with 4410', async (_, cursor) => {
  const connection = connect(bearer(owner.token), `?cursor=${cursor()}`)
  await eventually(() => connection.code !== undefined)
  expect(connection).toMatchObject({ opened: true, code: 4410 })
})

test('a revoked token closes the socket with 4401', async () => {
  const { token, id } = await owner.call('POST /api/tokens', { body: { name: 't', scopes: ['read'] } })
  const before = server.core.hub.readers
  const connection = connect(bearer(token))
  await opened(connection)
  await owner.call('DELETE /api/tokens/{id}', { params: { id } })
  await eventually(() => connection.code !== undefined)
  expect(connection.code).toBe(4401)
  expect(server.core.hub.readers).toBe(before)
})

test('a server that stops closes the socket with 1001', async () => {
  const other = await startTestServer()
  const { token } = await other.as('owner')
  const connection = connect(bearer(token), '', other)
  await opened(connection)
  await other.stop()
  await eventually(() => connection.code !== undefined)
  expect(connection.code).toBe(1001)
})

test('a client that goes away leaves no reader behind', async () => {
  const before = server.core.hub.readers
  const connection = connect(bearer(owner.token))
  await opened(connection)
  expect(server.core.hub.readers).toBe(before + 1)
  for (const socket of open.splice(0)) socket.close()
  await eventually(() => server.core.hub.readers === before)
})

test('what a client sends is ignored', async () => {
  const connection = connect(bearer(owner.token))
  await reading(connection)
  open.at(-1)?.send('{"kind":"message"}')
  await say('still there')
  await eventually(() => connection.texts.length === 1)
  expect(connection.code).toBeUndefined()
})

const handshake = (headers: Record<string, string>) =>
  server.guest.fetch('/api/ws', {
    headers: {
      connection: 'upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
      ...headers,
    },
  })

test('a handshake without a credential is refused, and an ordinary request too', async () => {
  expect((await handshake({})).status).toBe(401)
  const plain = await owner.fetch('/api/ws')
  expect([plain.status, ErrorBody.parse(await plain.json()).code]).toEqual([400, 'websocket_only'])
})

test("a browser's cookie opens it from the server's own pages only", async () => {
  const login = await server.guest.fetch('/api/auth/login', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'owner', password: PASSWORD }),
  })
  Session.parse(await login.json())
  const cookie = login.headers.getSetCookie()[0]?.split(';')[0] ?? ''
  const foreign = await handshake({ cookie, origin: 'http://127.0.0.1:1' })
  expect([foreign.status, ErrorBody.parse(await foreign.json()).code]).toEqual([403, 'origin'])
  const own = connect({ cookie, origin: server.url })
  await reading(own)
  await say('to the console')
  await eventually(() => own.texts.length === 1)
})

test.each([
  [undefined, true],
  ['https://nekode.example', true],
  ['http://10.0.0.1:18790', true],
  ['https://nekode.example.evil.example', false],
  ['null', false],
  ['', false],
])('the origin %p is the own one: %p', (origin, own) => {
  expect(sameOrigin(origin, 'http://10.0.0.1:18790', 'https://nekode.example/sub')).toBe(own)
})

test('nothing more is read from the log while a client is behind', async () => {
  let handed = 0
  const event = {
    sequence: 1,
    id: 'evt_1',
    kind: 'message',
    operation: 'created',
    aggregateId: 'msg_1',
    audience: 'all',
    target: null,
    actor: { kind: 'system' as const, id: 's', name: 's', displayName: 's' },
    payload: '{}',
    createdAt: 0,
  }
  const closed = Promise.withResolvers<never>()
  const reader: Reader = {
    position: 0,
    next: () => (++handed <= 3 ? Promise.resolve([event]) : closed.promise),
    takeNotes: () => [],
    whenClosed: () => {},
    close: () => closed.reject(new NekodeError('unavailable', 'closed')),
  }
  const sent: string[] = []
  // A socket whose buffer is full from the second frame on.
  const socket = {
    readyState: WebSocket.OPEN,
    send: (text: string) => (sent.push(text) > 1 ? -1 : text.length),
    close: () => {},
  }
  const handler = new EventSocket(reader)
  handler.open(socket as unknown as Socket)
  await Bun.sleep(5)
  expect([sent.length, handed]).toEqual([2, 2])
  handler.drain()
  await Bun.sleep(5)
  expect([sent.length, handed]).toEqual([3, 3])
  handler.close()
  closed.promise.catch(() => {})
})
