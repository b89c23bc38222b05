import { afterAll, beforeAll, expect, test } from 'bun:test'
import { ContentFormat, EventOperation, PermissionScope } from '@shared/gen/nekode/daemon/v1/common_pb'
import {
  CollaborationEventKind,
  ServerEventKind,
  type SubscribeServerEventsResponse,
} from '@shared/gen/nekode/daemon/v1/events_pb'
import { Frames, type Rpc, refusal, rpcClient } from '../../test/fixtures/rpc'
import { type Caller, type TestServer, startTestServer } from '../testing'

let server: TestServer
let owner: Caller
let bot: Caller
let other: Caller
let people: Rpc
let agent: Rpc
let computer: Rpc
let stranger: Rpc

beforeAll(async () => {
  server = await startTestServer()
  owner = await server.as('owner')
  const box = await server.computer()
  bot = await server.agent({ computerId: box.id, name: 'bot' })
  other = await server.agent({ name: 'other' })
  people = rpcClient(server.url, owner.token)
  agent = rpcClient(server.url, bot.token)
  computer = rpcClient(server.url, box.token)
  stranger = rpcClient(server.url, other.token)
})
afterAll(() => server.stop())

const write = (rpc: Rpc, record: object, expectedVersion = 0n, more: object = {}) =>
  rpc.upsertAgentMemory({ record: { agentId: bot.id, ...record }, expectedVersion, ...more })

test('a note is written by the agent, its computer or an admin, and a late writer gets the present one', async () => {
  const record = {
    path: 'notes/a.md',
    title: 'A',
    content: 'one',
    scope: PermissionScope.GLOBAL,
    contentFormat: ContentFormat.MARKDOWN,
    tags: ['x'],
  }
  const first = await write(agent, record, 0n, { idempotencyKey: 'm1' })
  expect(first).toMatchObject({
    accepted: true,
    record: { version: 1n, agentId: bot.id, contentSizeBytes: 3, tags: ['x'] },
  })
  expect(await write(agent, record, 0n, { idempotencyKey: 'm1' })).toEqual(first)
  expect((await write(computer, { ...record, content: 'two' }, 1n)).record?.version).toBe(2n)
  expect((await write(people, { ...record, content: 'three' }, 2n)).record?.version).toBe(3n)
  expect(await write(agent, { ...record, content: 'late' }, 2n)).toMatchObject({
    accepted: false,
    rejectionReason: 'version_conflict',
    record: { version: 3n, content: 'three' },
  })
})

test('lists are filtered and paged; an agent that names none lists its own', async () => {
  await write(agent, { path: 'c.md', content: 'c', scope: PermissionScope.CHANNEL, target: '#general' })
  const own = await agent.listAgentMemory({})
  expect(own.records.map((r) => r.path)).toEqual(['c.md', 'notes/a.md'])
  const first = await people.listAgentMemory({ agentId: bot.id, limit: 1 })
  const rest = await people.listAgentMemory({ agentId: bot.id, limit: 1, cursor: first.nextCursor! })
  expect([...first.records, ...rest.records].map((r) => r.path)).toEqual(['c.md', 'notes/a.md'])
  for (const rpc of [agent, computer, stranger]) {
    const { records } = await rpc.listAgentMemory({ agentId: bot.id, target: '#general' })
    expect(records.map((r) => [r.path, r.target, r.scope])).toEqual([['c.md', '#general', PermissionScope.CHANNEL]])
  }
  const { records } = await stranger.listAgentMemory({ agentId: bot.id })
  expect(records.map((r) => r.path)).toEqual(['c.md'])
})

test('what is not allowed or makes no sense is refused and leaves no trace', async () => {
  const before = await server.events()
  for (const [call, said] of [
    [() => write(stranger, { path: 'x.md', content: 'x' }), 'permission_denied forbidden'],
    [() => people.listAgentMemory({ agentId: 'agent_0' }), 'not_found'],
    [() => people.upsertAgentMemory({}), 'invalid_argument invalid_request'],
    [() => write(agent, { path: '../x', content: 'x' }), 'invalid_argument invalid_request'],
    [() => write(agent, { path: 'x.md', content: 'x', scope: Number('77') }), 'invalid_argument invalid_request'],
    [() => agent.listAgentMemory({ scope: Number('77') }), 'invalid_argument invalid_request'],
    [() => write(agent, { path: 'big.md', content: 'x'.repeat(64_001) }), 'invalid_argument invalid_request'],
    [() => agent.listAgentMemory({ cursor: { cursor: 'junk' } }), 'invalid_argument invalid_request'],
  ] as const)
    expect(await refusal(call())).toBe(said)
  expect(await server.events()).toBe(before)
})

test('the computer hears of every change on its stream, and readers of the log of those they may see', async () => {
  const head = { sequence: BigInt(server.core.hub.head) }
  const frames = new Frames<SubscribeServerEventsResponse>((options) =>
    computer.subscribeServerEvents({ cursor: head }, options),
  )
  await frames.next()
  await write(agent, { path: 'told.md', content: 'told' })
  const seen = await frames.until(({ event }) => event?.kind === ServerEventKind.MEMORY)
  const { event } = seen.at(-1)!
  await frames.close()
  expect(event).toMatchObject({ operation: EventOperation.CREATED, payload: { case: 'memoryRecord' } })
  const kinds = [CollaborationEventKind.MEMORY]
  const log = await people.listEventsSince({ cursor: head, kinds })
  expect(log.events.map((e) => (e.payload.case === 'memoryRecord' ? e.payload.value.path : ''))).toEqual(['told.md'])
  expect((await stranger.listEventsSince({ cursor: head, kinds })).events).toEqual([])
})

test('over HTTP a note is written, found, read and removed', async () => {
  const put = (caller: Caller, body: object) =>
    caller.fetch(`/api/agents/${bot.id}/memory`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  const made = await put(bot, { path: 'h.md', content: 'needle 针', expectedVersion: 0 })
  expect(made.status).toBe(200)
  const { id } = (await made.json()) as { id: string }
  expect((await put(bot, { path: 'h.md', content: 'x', expectedVersion: 0 })).status).toBe(409)
  expect((await put(other, { path: 'h.md', content: 'x', expectedVersion: 1 })).status).toBe(403)
  const found = await owner.call('GET /api/agents/{id}/memory', { params: { id: bot.id }, query: { q: '针' } })
  expect(found.items.map((m) => m.id)).toEqual([id])
  expect((await owner.call('GET /api/memory/{id}', { params: { id } })).content).toBe('needle 针')
  expect((await bot.fetch(`/api/memory/${id}?version=2`, { method: 'DELETE' })).status).toBe(409)
  await bot.call('DELETE /api/memory/{id}', { params: { id }, query: { version: 1 } })
  expect((await owner.fetch(`/api/memory/${id}`)).status).toBe(404)
})
