import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { ApiError } from '@shared/contract/client'
import { type Caller, type TestServer, startTestServer } from '../testing'

let server: TestServer
let owner: Caller
let member: Caller
let box: Caller
let bot: Caller

beforeAll(async () => {
  server = await startTestServer()
  owner = await server.as('owner')
  member = await server.as('member')
  box = await server.computer({ announced: 'online', lastSeenAt: Date.now() })
  bot = await server.agent({ computerId: box.id, name: 'codex' })
  await server.services.computers.load()
  await owner.call('POST /api/rooms', { body: { name: 'den', visibility: 'private' } })
})
afterAll(() => server.stop())

const refusal = async (work: Promise<unknown>): Promise<string> => {
  const error = await work.then(
    () => undefined,
    (e: unknown) => e,
  )
  return error instanceof ApiError ? `${error.status} ${error.code}` : 'not refused'
}

test('rooms and chats are channels, to the same people', async () => {
  for (const p of [owner, member, bot]) {
    const { items } = await p.call('GET /api/channels')
    expect(await p.call('GET /api/rooms')).toEqual({ items })
    expect(await p.call('GET /api/chats')).toEqual({ items })
  }
  const seen = (await member.call('GET /api/rooms')).items.map((room) => room.target)
  expect(seen).toEqual(['#general'])
})

test('a room is made once, under a name that a channel may have', async () => {
  const room = await member.call('POST /api/rooms', { body: { name: '#Lab', topic: 'Trying' } })
  expect(room).toMatchObject({ target: '#lab', topic: 'Trying', joined: true, role: 'admin' })
  expect(await refusal(member.call('POST /api/rooms', { body: { name: 'lab' } }))).toBe('409 name_taken')
  expect(await refusal(member.call('POST /api/rooms', { body: { name: 'no spaces' } }))).toBe('400 invalid_request')
})

describe('a room is named by its name or its id', () => {
  test('and shows its members to those who may see it', async () => {
    const { id } = await owner.call('GET /api/channels/{target}', { params: { target: '#den' } })
    for (const room of ['den', '#den', id]) {
      const { items } = await owner.call('GET /api/rooms/{room}/members', { params: { room } })
      expect(items.map(({ name, role }) => [name, role])).toEqual([['owner', 'admin']])
      for (const p of [member, bot])
        for (const path of ['GET /api/rooms/{room}/members', 'GET /api/rooms/{room}/mentionables'] as const)
          expect(await refusal(p.call(path, { params: { room } }))).toBe('404 not_found')
    }
  })

  test('and says who can be called there', async () => {
    const list = async (p: Caller) => {
      const { items } = await p.call('GET /api/rooms/{room}/mentionables', { params: { room: 'general' } })
      return items.map(({ kind, name }) => `${kind} ${name}`).toSorted()
    }
    const people = ['agent codex', 'human member', 'human owner']
    expect(await list(owner)).toEqual([...people, 'channel channel', 'channel here'].toSorted())
    expect(await list(bot)).toEqual(people)
  })
})

test('an agent is invited by its name, and invited again its mode changes', async () => {
  const invite = (p: Caller, body: { agent_key: string; mode?: 'mentions' | 'all' | 'off' }) =>
    p.call('POST /api/rooms/{room}/agents', { params: { room: 'den' }, body })
  expect(await refusal(invite(member, { agent_key: 'codex' }))).toBe('404 not_found')
  expect(await refusal(invite(owner, { agent_key: 'nobody' }))).toBe('404 agent_unknown')
  expect(await refusal(invite(owner, { agent_key: 'member' }))).toBe('404 agent_unknown')
  expect(await invite(owner, { agent_key: 'codex' })).toMatchObject({ memberId: bot.id, deliveryMode: 'mentions' })
  expect(await invite(owner, { agent_key: bot.id, mode: 'all' })).toMatchObject({ deliveryMode: 'all' })
  expect(await invite(owner, { agent_key: '@codex' })).toMatchObject({ deliveryMode: 'all' })
})

test('a topic of a room is one of its channel, and the same key makes it once', async () => {
  await owner.call('POST /api/rooms', { body: { name: 'study', visibility: 'private' } })
  await owner.call('POST /api/rooms/{room}/agents', { params: { room: 'study' }, body: { agent_key: 'codex' } })
  const begin = (p: Caller, key: string, title = 'Investigation') =>
    p.call('POST /api/rooms/{room}/topics', { params: { room: 'study' }, body: { title }, idempotencyKey: key })
  const topic = await begin(owner, 'k1')
  expect(topic).toMatchObject({ target: '#study', number: 1, title: 'Investigation' })
  expect(await begin(owner, 'k1')).toEqual(topic)
  expect(await refusal(begin(owner, 'k1', 'Another'))).toBe('409 idempotency_conflict')
  expect(await refusal(begin(member, 'k2'))).toBe('404 not_found')
  expect((await begin(bot, 'k3', 'Findings')).number).toBe(2)
  const list = async (p: Caller) => {
    const { items } = await p.call('GET /api/rooms/{room}/topics', { params: { room: '#study' } })
    return items.map(({ title }) => title)
  }
  expect(await list(owner)).toEqual(['Findings', 'Investigation'])
  expect(await refusal(list(member))).toBe('404 not_found')
  const reply = { room: 'study', threadId: topic.threadId, content: 'Looking.' }
  expect((await owner.call('POST /api/messages', { body: reply })).message.threadId).toBe(topic.threadId)
})

describe('restarting an agent in a room', () => {
  const restart = (p: Caller, room: string, agent = 'codex') =>
    p.call('POST /api/rooms/{room}/agents/{agent}/restart', { params: { room, agent } })

  test('starts its run there once more, for the same message', async () => {
    const { deliveries } = await owner.call('POST /api/messages', { body: { target: '#den', content: '@codex go' } })
    const before = deliveries[0]!.runId!
    expect(await refusal(restart(member, 'den'))).toBe('404 not_found')
    const { run, operationId } = await restart(owner, 'den')
    expect([run?.state, run?.inputMessageId, operationId]).toEqual(['queued', deliveries[0]!.messageId, null])
    expect(run?.id).not.toBe(before)
    const { run: old } = await owner.call('GET /api/runs/{id}', { params: { id: before } })
    expect(old).toMatchObject({ state: 'canceled', failure: { reason: 'killed' } })
  })

  test('restarts its process when it is not at work there', async () => {
    const { run, operationId } = await restart(owner, 'general')
    expect(run).toBeNull()
    expect(operationId).toStartWith('ctl_')
  })

  test('is refused for one that is not there', async () => {
    await member.call('POST /api/rooms', { body: { name: 'empty' } })
    expect(await refusal(restart(member, 'empty'))).toBe('409 agent_left')
    expect(await refusal(restart(member, 'empty', 'nobody'))).toBe('404 agent_unknown')
  })
})
