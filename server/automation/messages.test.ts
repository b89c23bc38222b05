import { afterAll, beforeAll, expect, test } from 'bun:test'
import { ErrorBody } from '@shared/contract'
import { type Caller, type TestServer, startTestServer } from '../testing'

let server: TestServer
let owner: Caller

beforeAll(async () => {
  server = await startTestServer()
  owner = await server.as('owner')
  await server.agent({ name: 'codex' })
})
afterAll(() => server.stop())

const post = (body: object) =>
  owner.fetch('/api/messages', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })

test('a message says its room, its sender and its mentions apart from the text', async () => {
  const room = { room: 'general', sender: 'owner', mentions: ['codex'], content: 'hello' }
  const response = await post(room)
  expect(response.status).toBe(201)
  expect(await response.json()).toMatchObject({
    message: { target: '#general', content: '@codex hello', sender: { name: 'owner' }, mentions: [{ name: 'codex' }] },
    deliveries: [{ cause: 'mention', state: 'pending' }],
  })
  const said = await owner.call('POST /api/messages', {
    body: { chat: 'general', mentions: ['codex', 'channel'], content: 'hi @codex' },
  })
  expect(said.message.content).toBe('@channel hi @codex')
})

test.each<[string, object, string]>([
  ['in another’s name', { room: 'general', sender: 'codex', content: 'x' }, '403 sender_mismatch'],
  ['to nobody', { room: 'general', mentions: ['nobody'], content: 'x' }, '400 mention_unknown'],
  ['in two rooms', { room: 'general', target: '#general', content: 'x' }, '400 invalid_request'],
  ['in no room', { content: 'x' }, '400 invalid_request'],
  ['in a room that is not there', { room: 'nowhere', content: 'x' }, '404 not_found'],
])('a message %s is refused, and nothing happens', async (_, body, expected) => {
  const before = await server.events()
  const response = await post(body)
  const { code } = ErrorBody.parse(await response.json())
  expect(`${response.status} ${code}`).toBe(expected)
  expect(await server.events()).toBe(before)
})

test('messages are read by the name of their room, from the first on', async () => {
  await owner.call('POST /api/rooms', { body: { name: 'log' } })
  for (const content of ['one', 'two', 'three']) await post({ room: 'log', content })
  const read = async (query: string) => {
    const response = await owner.fetch(`/api/messages?${query}`)
    const body: { items: { id: string; content: string }[] } = await response.json()
    return body.items
  }
  const all = await read('chat=log&after=0&limit=2')
  expect(all.map((message) => message.content)).toEqual(['one', 'two'])
  expect((await read(`room=log&after=${all[1]!.id}`)).map((message) => message.content)).toEqual(['three'])
  expect((await read('target=%23log')).map((message) => message.content)).toEqual(['three', 'two', 'one'])
  expect((await owner.fetch('/api/messages?chat=log&room=log')).status).toBe(400)
})
