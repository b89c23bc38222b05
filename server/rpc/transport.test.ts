import { afterAll, beforeAll, expect, test } from 'bun:test'
import { create, toBinary } from '@bufbuild/protobuf'
import { SendMessageRequestSchema } from '@shared/gen/nekode/daemon/v1/messages_pb'
import { type Caller, type TestServer, startTestServer } from '../testing'
import { MESSAGE_BYTES } from './limits'

let server: TestServer
let owner: Caller
beforeAll(async () => {
  server = await startTestServer()
  owner = await server.as('owner')
})
afterAll(() => server.stop())

const PATH = '/nekode.daemon.v1.DaemonControlService'

interface Sent {
  method?: string
  headers?: Record<string, string>
  body?: BodyInit
}
const send = async (call: string, { method = 'POST', headers = {}, body = '{}' }: Sent = {}) => {
  const response = await owner.fetch(`${PATH}/${call}`, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(method === 'GET' ? {} : { body }),
  })
  const text = await response.text()
  const type = response.headers.get('content-type') ?? ''
  const answer: unknown = type.startsWith('application/json') && text ? JSON.parse(text) : {}
  return { status: response.status, code: Reflect.get(Object(answer), 'code'), answer, headers: response.headers }
}

const proto = { 'content-type': 'application/proto' }
/** A SendMessageRequest whose target is one byte that is no UTF-8. */
const badText = new Uint8Array([0x0a, 0x01, 0xff])
const large = JSON.stringify({ target: '#general', content: 'x'.repeat(MESSAGE_BYTES) })
const bomb = Bun.gzipSync(Buffer.from(large))

const table: [what: string, call: string, sent: Sent, status: number, code: string | undefined][] = [
  ['JSON', 'GetServerInfo', {}, 200, undefined],
  ['binary', 'GetServerInfo', { headers: proto, body: new Uint8Array() }, 200, undefined],
  ['a field that nobody knows', 'GetServerInfo', { body: '{"from": "tomorrow"}' }, 200, undefined],
  ['a method that is not there', 'DropEverything', {}, 404, 'not_found'],
  ['GET', 'GetServerInfo', { method: 'GET' }, 405, undefined],
  ['text', 'GetServerInfo', { headers: { 'content-type': 'text/plain' } }, 415, undefined],
  ['native gRPC', 'GetServerInfo', { headers: { 'content-type': 'application/grpc' } }, 415, 'unsupported_media'],
  ['broken JSON', 'SendMessage', { body: '{"target": ' }, 400, 'invalid_argument'],
  ['a field of another type', 'SendMessage', { body: '{"target": 5}' }, 400, 'invalid_argument'],
  // The protocol's library calls these internal; they end before any of our code.
  ['broken binary', 'SendMessage', { headers: proto, body: new Uint8Array([0xff, 0xff]) }, 500, 'internal'],
  ['text that is no UTF-8', 'SendMessage', { headers: proto, body: badText }, 500, 'internal'],
  ['half a character', 'SendMessage', { body: '{"target": "\\ud800"}' }, 400, 'invalid_argument'],
  ['too much', 'SendMessage', { body: large }, 429, 'resource_exhausted'],
  [
    'too much once unpacked',
    'SendMessage',
    { body: bomb, headers: { 'content-encoding': 'gzip' } },
    429,
    'resource_exhausted',
  ],
  ['a compression that nobody knows', 'SendMessage', { headers: { 'content-encoding': 'zip' } }, 501, 'unimplemented'],
  [
    'a wrong Authorization header',
    'GetServerInfo',
    { headers: { authorization: 'Basic eDp5' } },
    401,
    'unauthenticated',
  ],
]
for (const [what, call, sent, status, code] of table)
  test(`${what} gets ${status}${code === undefined ? '' : ` ${code}`}`, async () => {
    const events = await server.events()
    const got = await send(call, sent)
    expect([got.status, got.code]).toEqual([status, code])
    expect(await server.events()).toBe(events)
  })

test('an error says what happened, what to do, and its code for programs', async () => {
  const { answer, headers } = await send('GetServerInfo', { headers: { authorization: 'Bearer ndt_nobody' } })
  expect(answer).toEqual({
    code: 'unauthenticated',
    message: 'This login or token is not valid any more. Log in again, or ask for a new token.',
  })
  expect(headers.get('nekode-error')).toBe('token_invalid')
})

test('a caller without a credential is refused before its message is read', async () => {
  let read = 0
  const chunk = new Uint8Array(1 << 20)
  const body = new ReadableStream({
    pull(controller) {
      if (++read > 64) return controller.close()
      controller.enqueue(chunk)
    },
  })
  const response = await fetch(`${server.url}${PATH}/SendMessage`, { method: 'POST', headers: proto, body })
  expect(response.status).toBe(401)
  await response.text()
  expect(read).toBeLessThan(64)
})

test('what goes wrong inside stays inside', async () => {
  const { messages } = server.services
  const { post } = messages
  messages.post = () => Promise.reject(new Error('password is swordfish'))
  try {
    const body = toBinary(
      SendMessageRequestSchema,
      create(SendMessageRequestSchema, { target: '#general', content: 'x' }),
    )
    const { status, answer } = await send('SendMessage', { headers: proto, body })
    expect(status).toBe(500)
    expect(answer).toEqual({
      code: 'internal',
      message: 'The server failed to handle this request. Try again; if it happens again, look at the server’s log.',
    })
  } finally {
    messages.post = post
  }
})
