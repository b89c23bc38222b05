import { afterAll, beforeAll, expect, test } from 'bun:test'
import { version } from '@shared/version'
import { rpcClient } from '../../test/fixtures/rpc'
import { type Caller, type TestServer, startTestServer } from '../testing'

let server: TestServer
let owner: Caller
let member: Caller
let box: Caller

beforeAll(async () => {
  server = await startTestServer()
  owner = await server.as('owner')
  member = await server.as('member')
})
afterAll(() => server.stop())

test('the server says who it is and how its agents are', async () => {
  expect(await member.call('GET /api/daemon/info')).toMatchObject({ health: 'idle' })
  box = await server.computer()
  const bot = await server.agent({ computerId: box.id, name: 'codex' })
  for (const p of [member, bot, box])
    expect(await p.call('GET /api/daemon/info')).toMatchObject({
      serverId: server.core.serverId,
      serverName: 'Nekode',
      version,
      protocolVersion: 1,
      minProtocolVersion: 1,
      maxProtocolVersion: 1,
      daemonRpcUrl: server.url,
      // Its computer is not there.
      health: 'degraded',
    })
})

test('an agent has one session, with the runs that the reader may see', async () => {
  const { items } = await owner.call('GET /api/sessions')
  expect(items).toMatchObject([{ agent: 'codex', computerId: box.id, runtimeKind: 'demo' }])
  const { id } = items[0]!
  await owner.call('POST /api/rooms', { body: { name: 'den', visibility: 'private' } })
  await owner.call('POST /api/rooms/{room}/agents', { params: { room: 'den' }, body: { agent_key: 'codex' } })
  for (const target of ['#general', '#den', '#general'])
    await owner.call('POST /api/messages', { body: { target, content: '@codex hi' } })
  const runs = (p: Caller, query: { limit?: number; cursor?: string } = {}) =>
    p.call('GET /api/sessions/{id}/runs', { params: { id }, query })
  expect((await runs(owner)).items.map((run) => run.target)).toEqual(['#general', '#den', '#general'])
  expect((await runs(member)).items.map((run) => run.target)).toEqual(['#general', '#general'])
  const first = await runs(owner, { limit: 2 })
  expect((await runs(owner, { cursor: first.nextCursor! })).items.map((run) => run.target)).toEqual(['#general'])
})

test('what agents said of their work is shown where they said it', async () => {
  const { items } = await owner.call('GET /api/sessions')
  const rpc = rpcClient(server.url, box.token)
  for (const target of ['#general', '#den'])
    await rpc.logActivity({ agentId: items[0]!.id, kind: 'note', summary: `in ${target}`, target })
  const list = async (p: Caller, query: { target?: string; limit?: number; cursor?: string } = {}) =>
    p.call('GET /api/daemon/activity', { query })
  expect((await list(owner)).items.map((one) => one.summary)).toEqual(['in #den', 'in #general'])
  expect((await list(member)).items.map((one) => one.summary)).toEqual(['in #general'])
  expect((await list(owner, { target: '#den' })).items).toMatchObject([{ target: '#den', kind: 'note' }])
  const first = await list(box, { limit: 1 })
  const second = await list(box, { limit: 1, cursor: first.nextCursor! })
  expect([first, second].flatMap((page) => page.items.map((one) => one.target))).toEqual(['#den', '#general'])
})

test('presets say what daemons know how to drive', async () => {
  const all = (await member.call('GET /api/runtime-presets')).items
  expect(all.find((preset) => preset.kind === 'claude')).toMatchObject({ command: 'claude', recommended: true })
  const some = await member.call('GET /api/runtime-presets', { query: { kindPrefix: 'co' } })
  expect(some.items.map((preset) => preset.kind)).toEqual(
    all.map((preset) => preset.kind).filter((kind) => kind.startsWith('co')),
  )
  expect(some.items.length).toBeGreaterThan(0)
})
