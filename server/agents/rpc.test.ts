import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import {
  AgentActivityState,
  AgentControlAction,
  AgentControlState,
  AgentHealth,
  AgentPresence,
} from '@shared/gen/nekode/daemon/v1/agents_pb'
import { RunState } from '@shared/gen/nekode/daemon/v1/runs_pb'
import { type Rpc, refusal, rpcClient } from '../../test/fixtures/rpc'
import { type Caller, type TestServer, startTestServer } from '../testing'

let server: TestServer
let owner: Caller
let box: Caller
let bot: Caller
let other: Caller
let people: Rpc
let agent: Rpc
let computer: Rpc
let stranger: Rpc

beforeAll(async () => {
  server = await startTestServer()
  owner = await server.as('owner')
  box = await server.computer()
  bot = await server.agent({
    computerId: box.id,
    name: 'bot',
    runtimeKind: 'claude',
    model: 'opus',
    workspace: '/srv/bot',
    approvals: { default: 'ask', rules: { read: 'allow', delete: 'deny' } },
    command: ['my-agent', '--fast'],
  })
  const laptop = await server.computer()
  other = await server.agent({ computerId: laptop.id, name: 'other' })
  const env = [
    { name: 'PLAIN', value: 'seen', secret: false },
    { name: 'API_KEY', value: 'hidden', secret: true },
  ]
  await owner.call('PUT /api/agents/{id}/env', { params: { id: bot.id }, body: { env } })
  people = rpcClient(server.url, owner.token)
  agent = rpcClient(server.url, bot.token)
  computer = rpcClient(server.url, box.token)
  stranger = rpcClient(server.url, laptop.token)
  await computer.registerComputer({ info: { daemonId: 'box' } })
})
afterAll(() => server.stop())

const profileOf = async (rpc: Rpc, agentId: string) => (await rpc.getAgentProfile({ agentId })).profile!

describe('a profile', () => {
  test('tells its computer, and nobody else, what confines the agent', async () => {
    const params = { id: bot.id }
    const { confinement: none } = await owner.call('GET /api/agents/{id}/settings', { params })
    expect(none).toMatchObject({ sandbox: false, network: true, memoryMb: null })
    const confinement = { ...none, sandbox: true, memoryMb: 512, readable: ['/srv/docs'] }
    expect(await owner.call('PATCH /api/agents/{id}', { params, body: { confinement } })).toMatchObject({ confinement })
    const [said] = (await profileOf(computer, bot.id)).capabilities
    expect(said).toMatchObject({ name: 'confinement', enabled: true })
    expect(JSON.parse(said?.description ?? '')).toEqual(confinement)
    expect((await profileOf(agent, other.id)).capabilities).toEqual([])
    for (const wrong of [{ readable: ['docs'] }, { memoryMb: 1 }, { cpuPercent: 0.5 }, { turnMinutes: 0 }])
      expect(
        await owner
          .call('PATCH /api/agents/{id}', { params, body: { confinement: { ...none, ...wrong } } })
          .catch((error: unknown) => error),
      ).toMatchObject({ code: 'invalid_request' })
    await owner.call('PATCH /api/agents/{id}', { params, body: { confinement: none } })
  })

  test('tells its computer everything that running it takes', async () => {
    const profile = await profileOf(computer, bot.id)
    expect(profile).toMatchObject({
      agentId: bot.id,
      name: 'bot',
      enabled: true,
      runtimeKind: 'claude',
      provider: 'anthropic',
      model: 'opus',
      memoryRoot: '/srv/bot',
      computerId: box.id,
    })
    expect(profile.env.map(({ name, value, secret }) => [name, value, secret])).toEqual([
      ['PLAIN', 'seen', false],
      ['API_KEY', 'hidden', true],
      ['NEKODE_EXECUTOR_COMMAND', 'my-agent', false],
      ['NEKODE_EXECUTOR_ARGS', '["--fast"]', false],
    ])
    expect(profile.permissions.map((p) => [p.name, p.allowed, p.reason])).toEqual([
      ['tool.default', true, 'ask'],
      ['tool.read', true, 'allow'],
      ['tool.delete', false, 'deny'],
    ])
  })

  test('tells nobody else a secret', async () => {
    for (const rpc of [people, agent]) {
      const { env } = await profileOf(rpc, bot.id)
      expect(env.map(({ name, value, redacted }) => [name, value, redacted])).toEqual([
        ['PLAIN', 'seen', false],
        ['API_KEY', '', true],
      ])
    }
    expect(await refusal(stranger.getAgentProfile({ agentId: bot.id }))).toBe('permission_denied foreign_agent')
    expect(await refusal(people.getAgentProfile({ agentId: 'agent_0' }))).toBe('not_found')
  })

  test('is listed once each, for a computer only its own', async () => {
    const names = async (rpc: Rpc) => (await rpc.listAgentProfiles({})).profiles.map((p) => p.name)
    expect(await names(computer)).toEqual(['bot'])
    expect(await names(stranger)).toEqual(['other'])
    expect(await names(people)).toEqual(['bot', 'other'])
    const first = await people.listAgentProfiles({ limit: 1 })
    const second = await people.listAgentProfiles({ limit: 1, cursor: first.nextCursor! })
    expect([first, second].map((page) => page.profiles[0]?.name)).toEqual(['bot', 'other'])
  })

  test('is changed by an admin, with a reload for the daemon', async () => {
    const { profile } = await people.updateAgentProfile({
      agentId: bot.id,
      displayName: 'Botty',
      description: 'Helps.',
    })
    expect(profile).toMatchObject({ displayName: 'Botty', description: 'Helps.', model: 'opus' })
    const renamed = await people.updateAgentProfile({ agentId: bot.id, displayName: 'Bot' })
    expect(renamed.profile).toMatchObject({ displayName: 'Bot', description: 'Helps.' })
    expect(await refusal(people.updateAgentProfile({ agentId: bot.id, displayName: ' ' }))).toBe(
      'invalid_argument invalid_request',
    )
    expect(await refusal(people.updateAgentProfile({ agentId: bot.id, avatarFilename: 'a.png' }))).toBe('unimplemented')
    const orders = await server.core.db.q.select().from(server.core.db.t.operations)
    expect(orders.at(-1)).toMatchObject({ computerId: box.id, agentId: bot.id, action: 'reload_agent' })
  })

  test('keeps a redacted secret when its environment is sent back', async () => {
    const { env } = await profileOf(people, bot.id)
    await people.setAgentEnv({ agentId: bot.id, env: [...env, { name: 'MORE', value: '1' }] })
    const values = (await profileOf(computer, bot.id)).env.map(({ name, value }) => `${name}=${value}`)
    expect(values.slice(0, 3)).toEqual(['PLAIN=seen', 'API_KEY=hidden', 'MORE=1'])
    const refused: [object[], string][] = [
      [[{ name: 'NEKODE_DAEMON_TOKEN', value: 'x' }], 'invalid_argument invalid_request'],
      [[{ name: 'a b', value: 'x' }], 'invalid_argument invalid_request'],
      [[{ name: 'NEW', redacted: true }], 'invalid_argument invalid_request'],
      [[{ name: 'REF', secretRef: 'no such name' }], 'invalid_argument invalid_request'],
    ]
    for (const [wrong, said] of refused)
      expect(await refusal(people.setAgentEnv({ agentId: bot.id, env: wrong }))).toBe(said)
    expect((await profileOf(people, bot.id)).env).toHaveLength(3)
  })

  test('refers to a secret of the computer by its name, for people and for the computer', async () => {
    const ref = await server.agent({ computerId: box.id, name: 'referring' })
    await people.setAgentEnv({ agentId: ref.id, env: [{ name: 'REF', secretRef: 'GITHUB_TOKEN' }] })
    for (const rpc of [people, computer])
      expect((await profileOf(rpc, ref.id)).env).toMatchObject([
        { name: 'REF', value: '', secretRef: 'GITHUB_TOKEN', secret: false, redacted: false },
      ])
    const { env } = await profileOf(people, ref.id)
    await people.setAgentEnv({ agentId: ref.id, env })
    expect((await profileOf(computer, ref.id)).env).toMatchObject([{ secretRef: 'GITHUB_TOKEN' }])
    await owner.call('DELETE /api/agents/{id}', { params: { id: ref.id } })
  })

  test('of an agent whose secret cannot be read still comes, without the value', async () => {
    const broken = await server.agent({
      computerId: box.id,
      name: 'broken',
      env: [{ name: 'LOST', value: 'v1.nonsense', secret: true }],
    })
    const { profiles } = await computer.listAgentProfiles({})
    expect(profiles.find((p) => p.agentId === broken.id)?.env).toMatchObject([
      { name: 'LOST', value: '', redacted: true },
    ])
    expect(profiles.find((p) => p.agentId === bot.id)?.env.length).toBeGreaterThan(2)
    await owner.call('DELETE /api/agents/{id}', { params: { id: broken.id } })
  })
})

describe('an order', () => {
  test('is queued for the agent’s computer, once for the same key', async () => {
    const request = {
      agentId: bot.id,
      action: AgentControlAction.RESTART,
      reason: 'stuck',
      idempotencyKey: 'restart-1',
    }
    const first = await people.controlAgent(request)
    expect(first).toMatchObject({
      accepted: true,
      operation: {
        agentId: bot.id,
        computerId: box.id,
        action: AgentControlAction.RESTART,
        state: AgentControlState.QUEUED,
        reason: 'stuck',
        requestedByAgentId: '',
      },
      profile: { agentId: bot.id },
    })
    const again = await people.controlAgent(request)
    expect(again.operation?.operationId).toBe(first.operation!.operationId)
    expect(await refusal(people.controlAgent({ ...request, reason: 'other' }))).toBe(
      'already_exists idempotency_conflict',
    )
  })

  const refused: [what: string, request: () => object, said: string][] = [
    ['without an action', () => ({ agentId: bot.id }), 'invalid_argument invalid_request'],
    [
      'that only the server gives',
      () => ({ agentId: bot.id, action: AgentControlAction.CUSTOM, reason: '{"type":"refresh_inventory"}' }),
      'invalid_argument invalid_request',
    ],
    [
      'for another computer',
      () => ({ agentId: bot.id, computerId: 'cmp_1', action: AgentControlAction.RESTART }),
      'invalid_argument invalid_request',
    ],
    ['for nobody', () => ({ agentId: 'agent_0', action: AgentControlAction.RESTART }), 'not_found'],
  ]
  for (const [what, request, said] of refused)
    test(`${what} is refused`, async () => {
      const events = await server.events()
      expect(await refusal(people.controlAgent(request()))).toBe(said)
      expect(await server.events()).toBe(events)
    })
})

describe('a direct message', () => {
  test('opens the conversation, and each one arrives, with and without a key', async () => {
    const send = (content: string, more: object = {}) =>
      people.sendAgentDirectMessage({ agentId: bot.id, content, ...more })
    const first = await send('hello')
    const target = first.message!.target
    expect(target).toStartWith('dm:')
    expect((await send('world')).message).toMatchObject({ target, content: 'world' })
    const keyed = await send('!', { idempotencyKey: 'dm-1' })
    expect(await send('!', { idempotencyKey: 'dm-1' })).toEqual(keyed)
    const { runs } = await computer.fetchAssignedRuns({})
    expect(runs.filter((run) => run.target === target)).toHaveLength(3)
    expect((await profileOf(computer, bot.id)).dmTargets).toEqual([target])
    expect((await profileOf(people, bot.id)).dmTargets).toEqual([])
    expect((await agent.readMessages({ target })).messages.map((m) => m.content)).toEqual(['!', 'world', 'hello'])
    expect(await refusal(stranger.readMessages({ target }))).toBe('not_found')
    expect(await refusal(people.sendAgentDirectMessage({ agentId: 'agent_0', content: 'x' }))).toBe('not_found')
  })
})

describe('a status', () => {
  const status = (more: object = {}) => ({
    agentId: bot.id,
    computerId: box.id,
    presence: AgentPresence.BUSY,
    activityState: AgentActivityState.RUNNING_COMMAND,
    health: AgentHealth.OK,
    ...more,
  })

  test('is stored and listed, and where the agent works only for those who may know', async () => {
    await owner.call('POST /api/channels', { body: { name: 'den', visibility: 'private' } })
    await owner.call('POST /api/channels/{target}/members', {
      params: { target: '#den' },
      body: { kind: 'agent', memberId: bot.id },
    })
    const body = { target: '#den', content: '@bot quietly' }
    const runId = (await owner.call('POST /api/messages', { body })).deliveries[0]!.runId!
    await computer.updateRunStatus({ runId, state: RunState.RUNNING, leaseId: 'l' })
    const first = (await server.events()) + 1
    const told = { runId, summary: 'running a command: cat diary.txt', detail: 'reading diary.txt' }
    const stored = await computer.updateAgentStatus({ status: status(told) })
    expect(stored.status).toMatchObject({
      presence: AgentPresence.BUSY,
      summary: 'running a command: cat diary.txt',
      runId,
      target: '#den',
      detail: 'reading diary.txt',
    })
    const seen = async (rpc: Rpc) => (await rpc.listAgentStatuses({ agentId: bot.id })).statuses[0]
    expect(await seen(people)).toMatchObject({ presence: AgentPresence.BUSY, ...told })
    const stranger = await server.as('member')
    const member = rpcClient(server.url, stranger.token)
    const hidden = { runId: '', target: '', summary: 'running a command', detail: '' }
    expect(await seen(member)).toMatchObject({ presence: AgentPresence.BUSY, ...hidden })
    for (const [who, knows] of [
      [owner, true],
      [stranger, false],
    ] as const) {
      const { agents } = await who.call('GET /api/snapshot')
      const { items } = await who.call('GET /api/events', { query: { cursor: String(first - 1) } })
      const all = JSON.stringify([agents, await who.call('GET /api/agents'), items])
      expect([all.includes('diary'), all.includes(runId)]).toEqual([knows, knows])
      const last = items.findLast((e) => e.kind === 'agent_status')
      expect(JSON.stringify(last).includes('diary')).toBe(knows)
    }
    // An edit tells everybody how the agent is now: those who know what it is at must not lose that.
    const edited = await server.events()
    await owner.call('PATCH /api/agents/{id}', { params: { id: bot.id }, body: { description: 'edited' } })
    for (const [who, knows] of [
      [owner, true],
      [stranger, false],
    ] as const) {
      const { items } = await who.call('GET /api/events', { query: { cursor: String(edited) } })
      const last = items.findLast((e) => e.kind === 'agent_status' || e.kind === 'agent')
      expect([last?.kind, JSON.stringify(items).includes('diary')]).toEqual([knows ? 'agent_status' : 'agent', knows])
    }
    const there = async (rpc: Rpc) => (await rpc.listAgentStatuses({ target: '#den' })).statuses.map((s) => s.agentId)
    expect([await there(people), await there(member)]).toEqual([[bot.id], []])
    await computer.updateRunStatus({ runId, state: RunState.COMPLETED, leaseId: 'l' })
  })

  test('comes with a heartbeat too, and one of a foreign agent changes nothing', async () => {
    const beat = {
      agentStatuses: [status({ agentId: other.id }), status({ presence: AgentPresence.IDLE, summary: 'idle' })],
    }
    expect(await computer.heartbeatComputer(beat)).toMatchObject({ accepted: true, nextHeartbeatAfterSeconds: 30 })
    const { statuses } = await people.listAgentStatuses({})
    expect(statuses.map((s) => [s.agentId, s.presence])).toEqual([
      [bot.id, AgentPresence.IDLE],
      [other.id, AgentPresence.OFFLINE],
    ])
  })

  test('of somebody else’s agent is refused, and that of an agent nobody made is only echoed', async () => {
    expect(await refusal(computer.updateAgentStatus({ status: status({ agentId: other.id }) }))).toBe(
      'permission_denied foreign_agent',
    )
    expect(await refusal(computer.updateAgentStatus({ status: status({ computerId: 'cmp_1' }) }))).toBe(
      'permission_denied foreign_computer',
    )
    expect(await refusal(computer.updateAgentStatus({}))).toBe('invalid_argument invalid_request')
    const events = await server.events()
    const made = status({ agentId: 'daemon-agent-laptop' })
    expect((await computer.updateAgentStatus({ status: made })).status).toMatchObject(made)
    expect(await server.events()).toBe(events)
  })

  test('does not show a credential', async () => {
    const token = `sk-${'a'.repeat(30)}`
    const { status: stored } = await computer.updateAgentStatus({
      status: status({ summary: `export KEY=${token}`, detail: token }),
    })
    expect(JSON.stringify([stored?.summary, stored?.detail])).not.toContain(token)
  })
})
