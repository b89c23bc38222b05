import { afterAll, beforeAll, expect, test } from 'bun:test'
import { AgentControlAction } from '@shared/gen/nekode/daemon/v1/agents_pb'
import { refusal, rpcClient } from '../../test/fixtures/rpc'
import { type Caller, type TestServer, startTestServer } from '../testing'

let server: TestServer
let owner: Caller
let maker: Caller
let box: Caller
/** Everybody’s, in `#general`. */
let open: Caller
/** In a private channel of the owner only. */
let hidden: Caller

beforeAll(async () => {
  server = await startTestServer()
  owner = await server.as('owner')
  maker = await server.as('member', 'maker')
  box = await server.computer({ lastSeenAt: Date.now(), announced: 'online' })
  const { id: createdBy } = maker
  open = await server.agent({ computerId: box.id, name: 'open', createdBy })
  hidden = await server.agent({ computerId: box.id, name: 'hidden', createdBy })
  await owner.call('POST /api/channels', { body: { name: 'den', visibility: 'private' } })
  for (const { id: memberId } of [open, hidden])
    await owner.call('POST /api/channels/{target}/members', {
      params: { target: '#den' },
      body: { kind: 'agent', memberId },
    })
  await owner.call('DELETE /api/channels/{target}/members/{kind}/{memberId}', {
    params: { target: '#general', kind: 'agent', memberId: hidden.id },
  })
})
afterAll(() => server.stop())

const ACTIONS = ['terminate', 'restart', 'restart_reset_session', 'restart_full_reset'] as const
type Action = (typeof ACTIONS)[number]
const WIRE: Record<Action, AgentControlAction> = {
  terminate: AgentControlAction.TERMINATE,
  restart: AgentControlAction.RESTART,
  restart_reset_session: AgentControlAction.RESTART_RESET_SESSION,
  restart_full_reset: AgentControlAction.RESTART_FULL_RESET,
}

const overHttp = async (p: Caller, agent: Caller, action: Action): Promise<string> => {
  const headers = { 'content-type': 'application/json' }
  const init = { method: 'POST', headers, body: JSON.stringify({ action }) }
  const response = await p.fetch(`/api/agents/${agent.id}/control`, init)
  const { code = 'ok' }: { code?: string } = JSON.parse(await response.text())
  return code
}
const overRpc = async (p: Caller, agent: Caller, action: Action): Promise<string> => {
  const asked = rpcClient(server.url, p.token).controlAgent({ agentId: agent.id, action: WIRE[action] })
  const accepted = asked.then(({ accepted }) => accepted)
  // The wire says the kind first.
  return (await accepted.catch(() => false)) ? 'ok' : ((await refusal(asked)).split(' ')[1] ?? '')
}
const orders = async (): Promise<number> => (await server.core.db.q.select().from(server.core.db.t.operations)).length

type Case = [who: string, caller: () => Promise<Caller> | Caller, agent: () => Caller, stop: string, reset: string]
const cases: Case[] = [
  ['an admin', () => server.as('admin'), () => hidden, 'ok', 'ok'],
  ['a token of an admin to write', () => server.apiToken('write'), () => hidden, 'ok', 'agent_reset_denied'],
  ['who made it', () => maker, () => hidden, 'ok', 'ok'],
  ['a member in a common channel', () => server.as('member'), () => open, 'ok', 'agent_reset_denied'],
  [
    'a member without a common channel',
    () => server.as('member'),
    () => hidden,
    'agent_stop_denied',
    'agent_reset_denied',
  ],
  ['a viewer', () => server.as('viewer'), () => open, 'viewer', 'viewer'],
]

for (const [way, ask] of [
  ['HTTP', overHttp],
  ['the wire', overRpc],
] as const)
  for (const [who, caller, agent, stop, reset] of cases)
    test(`over ${way}, ${who} stops an agent: ${stop}, and resets it: ${reset}`, async () => {
      const p = await caller()
      for (const action of ACTIONS) {
        const before = await orders()
        const expected = action.includes('reset') ? reset : stop
        expect(await ask(p, agent(), action)).toBe(expected)
        expect(await orders()).toBe(before + (expected === 'ok' ? 1 : 0))
      }
    })

test('a common direct conversation is no common channel', async () => {
  const member = await server.as('member')
  await member.call('POST /api/agents/{id}/messages', { params: { id: hidden.id }, body: { content: 'hello' } })
  expect(await overHttp(member, hidden, 'terminate')).toBe('agent_stop_denied')
})

test('work where somebody cannot look is not theirs to end, however else they know the agent', async () => {
  const member = await server.as('member')
  const said = { target: '#den', content: '@open quietly' }
  const runId = (await owner.call('POST /api/messages', { body: said })).deliveries[0]!.runId!
  const state = async () => (await owner.call('GET /api/runs/{id}', { params: { id: runId } })).run.state
  for (const action of ['terminate', 'restart'] as const)
    for (const ask of [overHttp, overRpc]) expect(await ask(member, open, action)).toBe('agent_at_work_elsewhere')
  expect(await state()).toBe('queued')
  expect(await overHttp(maker, open, 'terminate')).toBe('ok')
  expect(await state()).toBe('canceled')
  expect(await overHttp(member, open, 'terminate')).toBe('ok')
})

test('every order is in the audit log, once for the same key, and no refused one', async () => {
  const rows = async () =>
    (await owner.call('GET /api/audit', { query: { limit: 200 } })).items.filter((e) => e.action === 'agent.control')
  const before = (await rows()).length
  expect(await overHttp(await server.as('member'), hidden, 'restart')).toBe('agent_stop_denied')
  const rpc = rpcClient(server.url, maker.token)
  const request = {
    agentId: open.id,
    action: AgentControlAction.RESTART_FULL_RESET,
    reason: 'confused',
    idempotencyKey: 'once',
  }
  const { operation } = await rpc.controlAgent(request)
  await rpc.controlAgent(request)
  const all = await rows()
  expect(all).toHaveLength(before + 1)
  expect(all[0]).toMatchObject({
    actor: { id: maker.id },
    subject: open.id,
    detail: {
      name: 'open',
      action: 'restart_full_reset',
      reason: 'confused',
      operationId: operation!.operationId,
    },
  })
})
