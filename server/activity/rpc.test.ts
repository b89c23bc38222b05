import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { RunState } from '@shared/gen/nekode/daemon/v1/runs_pb'
import { type Rpc, refusal, rpcClient } from '../../test/fixtures/rpc'
import { type Caller, type TestServer, startTestServer } from '../testing'

let server: TestServer
let owner: Caller
let bot: Caller
let other: Caller
let people: Rpc
let member: Rpc
let agent: Rpc
let computer: Rpc
let stranger: Rpc

beforeAll(async () => {
  server = await startTestServer()
  owner = await server.as('owner')
  const box = await server.computer()
  bot = await server.agent({ computerId: box.id, name: 'bot' })
  const laptop = await server.computer()
  other = await server.agent({ computerId: laptop.id, name: 'other' })
  await owner.call('POST /api/channels', { body: { name: 'den', visibility: 'private' } })
  const body = { kind: 'agent' as const, memberId: bot.id }
  await owner.call('POST /api/channels/{target}/members', { params: { target: '#den' }, body })
  people = rpcClient(server.url, owner.token)
  member = rpcClient(server.url, (await server.as('member')).token)
  agent = rpcClient(server.url, bot.token)
  computer = rpcClient(server.url, box.token)
  stranger = rpcClient(server.url, laptop.token)
  await computer.registerComputer({ info: { daemonId: 'box' } })
})
afterAll(() => server.stop())

const summaries = async (rpc: Rpc, request: Parameters<Rpc['listActivity']>[0] = {}) =>
  (await rpc.listActivity(request)).activities.map((a) => a.summary)

describe('LogActivity', () => {
  test('is seen by those who see its channel', async () => {
    const body = { target: '#den', content: '@bot quietly' }
    const runId = (await owner.call('POST /api/messages', { body })).deliveries[0]!.runId!
    await computer.updateRunStatus({ runId, state: RunState.RUNNING, leaseId: 'l' })
    const log = (rpc: Rpc, summary: string, more: object) => rpc.logActivity({ kind: 'note', summary, ...more })
    const { activity } = await log(computer, 'in public', {
      agentId: bot.id,
      target: '#general:msg_1',
      detail: 'more\nlines',
      stepId: 'step_1',
    })
    expect(activity).toMatchObject({
      activityId: expect.stringMatching(/^act_/),
      target: '#general',
      agentId: bot.id,
      kind: 'note',
      summary: 'in public',
      detail: 'more\nlines',
      stepId: 'step_1',
    })
    await log(computer, 'in private', { agentId: bot.id, target: '#den' })
    // Without a target it belongs where the run is.
    await log(agent, 'by the run', { runId })
    await log(computer, 'about the computer', {})
    await log(computer, 'about an agent nobody made', { agentId: 'daemon-agent-box', target: '#general' })

    const everything = ['about an agent nobody made', 'about the computer', 'by the run', 'in private', 'in public']
    expect(await summaries(people)).toEqual(everything)
    expect(await summaries(member)).toEqual(['in public'])
    expect(await summaries(agent)).toEqual(['by the run', 'in private', 'in public'])
    expect(await summaries(computer)).toEqual(['by the run', 'in private', 'in public'])
    expect(await summaries(stranger)).toEqual([])
    expect(await summaries(people, { target: '#den' })).toEqual(['by the run', 'in private'])
    expect(await summaries(computer, { target: '#den' })).toEqual(['by the run', 'in private'])
    expect(await summaries(people, { agentId: other.id })).toEqual([])
    expect(await refusal(summaries(member, { target: '#den' }))).toBe('not_found')
    const first = await people.listActivity({ limit: 2 })
    expect(await summaries(people, { limit: 2, cursor: first.nextCursor! })).toEqual(everything.slice(2, 4))
    await computer.updateRunStatus({ runId, state: RunState.CANCELED, leaseId: 'l' })
  })

  const refused: [what: string, rpc: () => Rpc, request: () => object, said: string][] = [
    ['without a kind', () => computer, () => ({ agentId: bot.id }), 'invalid_argument invalid_request'],
    [
      'about another computer’s agent',
      () => computer,
      () => ({ kind: 'note', agentId: other.id }),
      'permission_denied foreign_agent',
    ],
    [
      'of an agent about another one',
      () => agent,
      () => ({ kind: 'note', agentId: other.id }),
      'permission_denied foreign_agent',
    ],
    [
      'in a channel that the agent is not in',
      () => stranger,
      () => ({ kind: 'note', agentId: other.id, target: '#den' }),
      'not_found',
    ],
  ]
  for (const [what, rpc, request, said] of refused)
    test(`${what} is refused and leaves no trace`, async () => {
      const events = await server.events()
      expect(await refusal(rpc().logActivity(request()))).toBe(said)
      expect(await server.events()).toBe(events)
    })

  test('with the same key is noted once', async () => {
    const request = { kind: 'note', summary: 'keyed', agentId: bot.id, target: '#general', idempotencyKey: 'log-1' }
    expect(await computer.logActivity(request)).toEqual(await computer.logActivity(request))
    expect((await summaries(people)).filter((s) => s === 'keyed')).toHaveLength(1)
    expect(await refusal(computer.logActivity({ ...request, summary: 'x' }))).toBe(
      'already_exists idempotency_conflict',
    )
  })

  test('keeps no credential, and text that is too long well-formed', async () => {
    const token = `ghp_${'b'.repeat(36)}`
    const { activity } = await computer.logActivity({
      kind: 'note',
      agentId: bot.id,
      target: '#general',
      summary: `used ${token}`,
      detail: '😀'.repeat(20_000),
    })
    expect(activity?.summary).not.toContain(token)
    expect(activity!.detail.isWellFormed()).toBe(true)
    expect(activity!.detail).toEndWith('… (cut)')
  })
})

describe('the report of an order', () => {
  const order = async (): Promise<string> => {
    const params = { id: bot.id }
    return (await owner.call('POST /api/agents/{id}/control', { params, body: { action: 'restart' } })).operationId
  }
  const report = (rpc: Rpc, detail: unknown) => rpc.logActivity({ kind: 'operation', detail: JSON.stringify(detail) })
  const stateOf = async (id: string) => (await server.services.computers.commands.find(id))?.state

  test('moves it, and what is over stays as it is', async () => {
    const operationId = await order()
    for (const [state, becomes] of [
      ['running', 'running'],
      ['completed', 'completed'],
      ['failed', 'completed'],
    ]) {
      const { activity } = await report(computer, { operationId, state, detail: 'x' })
      expect([activity?.kind, activity?.activityId]).toEqual(['operation', operationId])
      expect(await stateOf(operationId)).toBe(becomes as 'running')
    }
  })

  test('of another computer, of nothing, or without sense is refused', async () => {
    const operationId = await order()
    expect(await refusal(report(stranger, { operationId, state: 'failed' }))).toBe('not_found operation_unknown')
    expect(await refusal(report(computer, { operationId: 'ctl_0', state: 'failed' }))).toBe(
      'not_found operation_unknown',
    )
    expect(await refusal(report(computer, { operationId, state: 'sleeping' }))).toBe('invalid_argument invalid_request')
    expect(await refusal(computer.logActivity({ kind: 'operation', detail: 'done' }))).toBe(
      'invalid_argument invalid_request',
    )
    expect(await stateOf(operationId)).toBe('queued')
  })
})
