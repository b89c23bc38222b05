import { afterAll, beforeAll, expect, test } from 'bun:test'
import { type Caller, type TestServer, startTestServer } from '../testing'

let server: TestServer
let owner: Caller
let bot: Caller
let other: Caller

beforeAll(async () => {
  server = await startTestServer()
  owner = await server.as('owner')
  bot = await server.agent({ name: 'bot' })
  other = await server.agent({ name: 'other' })
})
afterAll(() => server.stop())

const inbox = (agent: Caller, all = false) =>
  agent.call('GET /api/agent/inbox', { query: { limit: 50, ...(all ? { all: 'true' as const } : {}) } })

test('an agent sees what it owes an answer to with its message, and declines what needs none without a turn', async () => {
  const { message } = await owner.call('POST /api/messages', { body: { target: '#general', content: '@bot for you' } })
  await owner.call('POST /api/messages', { body: { target: '#general', content: '@other not for you' } })
  const { items } = await inbox(bot)
  expect(items.map((item) => [item.message?.id, item.delivery.cause])).toEqual([[message.id, 'mention']])
  const { id } = items[0]!.delivery
  const params = { id }
  await expect(other.call('POST /api/agent/inbox/{id}/decline', { params, body: {} })).rejects.toMatchObject({
    status: 404,
  })
  const declined = await bot.call('POST /api/agent/inbox/{id}/decline', { params, body: {} })
  await expect(declined).toMatchObject({ id, state: 'declined', failure: null })
  expect((await bot.call('POST /api/agent/inbox/{id}/decline', { params, body: {} })).state).toBe('declined')
  expect((await inbox(bot)).items).toEqual([])
  expect((await inbox(bot, true)).items.map((item) => item.delivery.state)).toEqual(['declined'])
  const { run } = await owner.call('GET /api/runs/{id}', { params: { id: declined.runId! } })
  expect(run).toMatchObject({ state: 'completed', resultMessageId: null })
})

test('what went wrong is not declined, and a person has no such inbox', async () => {
  const { deliveries } = await owner.call('POST /api/messages', { body: { target: '#general', content: '@bot again' } })
  const [delivery] = deliveries
  await owner.call('POST /api/runs/{id}/actions', { params: { id: delivery!.runId! }, body: { action: 'kill' } })
  const decline = bot.call('POST /api/agent/inbox/{id}/decline', { params: { id: delivery!.id }, body: {} })
  await expect(decline).rejects.toMatchObject({ code: 'illegal_transition' })
  expect((await owner.fetch('/api/agent/inbox')).status).toBe(403)
})
