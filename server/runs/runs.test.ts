import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { AgentPrincipal, ComputerPrincipal, UserPrincipal } from '../access/principal'
import { createWorld, type World } from '../../test/fixtures/world'
import type { StatusUpdate } from './service'
import type { NewStep } from './steps'

let world: World
let owner: UserPrincipal
let computer: ComputerPrincipal
let agent: AgentPrincipal

beforeAll(async () => {
  world = await createWorld()
  owner = await world.user('ada', 'owner')
  computer = await world.computer()
  agent = await world.agent(owner, computer, 'bot', { limits: { turnsPerHour: null, costPerDayUsd: null } })
})
afterAll(() => world.close())

const kinds = (audience: string): string[] =>
  world
    .events()
    .filter((e) => e.audience.startsWith(audience))
    .map((e) => `${e.kind} ${e.operation}`)

const ask = (content = '@bot hello', threadId?: string) =>
  world.talk.messages.post(owner, { target: '#general', content, threadId })
const update = (runId: string, state: StatusUpdate['state'], more: Partial<StatusUpdate> = {}): StatusUpdate => ({
  runId,
  state,
  leaseId: 'lease_1',
  summary: '',
  resultMessage: '',
  result: {},
  error: '',
  ...more,
})
const report = (...args: Parameters<typeof update>) => world.talk.runs.report(computer, update(...args))
const started = async (content?: string): Promise<string> => {
  const { deliveries } = await ask(content)
  const runId = deliveries[0]!.runId!
  await report(runId, 'running')
  world.events()
  return runId
}
const step = (runId: string, detail: NewStep['detail'], more: Partial<NewStep> = {}) =>
  world.talk.steps.append(computer, {
    id: `step_${detail.type}`,
    runId,
    leaseId: 'lease_1',
    sequence: 1,
    status: 'running',
    detail,
    startedAt: 1,
    completedAt: null,
    ...more,
  })
const delivery = async (runId: string, agentId = agent.id) => {
  const { items } = await world.talk.deliveries.list(owner, { agentId, limit: 200 })
  return items.find((d) => d.runId === runId)!
}

describe('a mention', () => {
  test('becomes a delivery and a run, told to the channel and to the computer', async () => {
    world.events()
    const { message, deliveries } = await ask()
    expect(deliveries).toMatchObject([
      { agentId: agent.id, cause: 'mention', state: 'pending', waiting: null, threadId: message.id },
    ])
    const events = world.events()
    expect(events.map((e) => `${e.audience.split(':')[0]} ${e.kind} ${e.operation}`)).toEqual([
      'channel message created',
      'channel run created',
      'computer run created',
      'channel delivery created',
    ])
    expect(events.map((e) => e.sequence)).toEqual([0, 1, 2, 3].map((i) => events[0]!.sequence + i))
  })

  test('of nobody, in code or in an address reaches nobody', async () => {
    for (const content of ['hello', '`@bot`', '```\n@bot\n```', 'me@bot', 'see @bots', 'npm i @bot/cli'])
      expect((await ask(content)).deliveries).toEqual([])
  })

  test('twice in one message is one delivery', async () => {
    expect((await ask('@bot and again @bot')).deliveries).toHaveLength(1)
  })

  test('waits with a reason while the computer is offline, and says so when it is back', async () => {
    const laptop = await world.computer()
    await world.agent(owner, laptop, 'sleeper')
    await world.offline(laptop)
    const { deliveries } = await ask('@sleeper hi')
    expect(deliveries[0]).toMatchObject({ state: 'pending', waiting: 'computer_offline' })
    await world.computers.heartbeat(laptop, { leaseId: '' })
    await world.talk.deliveries.computerChanged(laptop.id, true)
    expect(await delivery(deliveries[0]!.runId!, deliveries[0]!.agentId)).toMatchObject({
      state: 'pending',
      waiting: null,
    })
  })
})

describe('a run', () => {
  test('completes: the answer is posted in the thread and the delivery is answered, in one commit', async () => {
    const runId = await started()
    expect((await delivery(runId)).state).toBe('claimed')
    const outcome = await report(runId, 'completed', { resultMessage: 'done' })
    expect(outcome).toMatchObject({ accepted: true, run: { state: 'completed' } })
    const { state, answerMessageId, threadId } = await delivery(runId)
    expect(state).toBe('answered')
    const page = await world.talk.messages.list(owner, { target: '#general', threadId: threadId! })
    expect(page.items[0]).toMatchObject({
      id: answerMessageId,
      content: 'done',
      runId,
      sender: { kind: 'agent', name: 'bot' },
    })
    expect(page.items.at(-1)).toMatchObject({ id: threadId, replyCount: 1 })
  })

  test('posts its answer once, however often its end is reported', async () => {
    const runId = await started()
    const outcomes = await Promise.all(
      Array.from({ length: 5 }, () => report(runId, 'completed', { resultMessage: 'once' })),
    )
    expect(outcomes.every((o) => o.accepted)).toBe(true)
    const { threadId } = await delivery(runId)
    const { items } = await world.talk.messages.list(owner, { target: '#general', threadId: threadId! })
    expect(items.filter((m) => m.content === 'once')).toHaveLength(1)
  })

  const refusals: [
    name: string,
    before: () => Promise<string>,
    change: Parameters<typeof update>[1],
    more: Partial<StatusUpdate>,
    reason: string,
  ][] = [
    [
      'that is over does not run again',
      async () => {
        const id = await started()
        await report(id, 'completed')
        return id
      },
      'running',
      {},
      'run_over',
    ],
    [
      'that failed does not complete',
      async () => {
        const id = await started()
        await report(id, 'failed')
        return id
      },
      'completed',
      {},
      'run_over',
    ],
    ['belongs to whoever holds its lease', () => started(), 'completed', { leaseId: 'lease_other' }, 'lease_lost'],
    [
      'that has not started does not complete',
      async () => (await ask()).deliveries[0]!.runId!,
      'completed',
      {},
      'lease_lost',
    ],
  ]
  for (const [name, before, state, more, reason] of refusals)
    test(name, async () => {
      const runId = await before()
      const was = (await world.talk.runs.get(owner, runId)).run
      world.events()
      expect(await report(runId, state, more)).toMatchObject({ accepted: false, reason })
      expect((await world.talk.runs.get(owner, runId)).run).toEqual(was)
      expect(world.events()).toEqual([])
    })

  test('of another computer can be neither reported nor read', async () => {
    const runId = await started()
    const other = await world.computer()
    expect(world.talk.runs.report(other, update(runId, 'completed'))).rejects.toMatchObject({ code: 'foreign_run' })
    expect(world.talk.runs.visible(other, runId)).rejects.toMatchObject({ kind: 'not_found' })
  })

  test('fails with its reason, and the delivery with it', async () => {
    const runId = await started()
    const failure = { reason: 'quota_exhausted', message: 'no tokens left', resetsAt: 99 }
    await report(runId, 'failed', { result: { failure } })
    expect(await delivery(runId)).toMatchObject({ state: 'failed', failure })
  })

  test('is tried three times when it is given back, then fails', async () => {
    const { deliveries } = await ask()
    const runId = deliveries[0]!.runId!
    for (const attempt of [2, 3]) {
      const leaseId = `lease_of_${attempt}`
      await report(runId, 'running', { leaseId })
      expect((await report(runId, 'queued', { leaseId })).run).toMatchObject({
        state: 'queued',
        attempt,
        leaseId: null,
      })
    }
    await report(runId, 'running')
    expect((await report(runId, 'queued', { error: 'boom' })).run).toMatchObject({
      state: 'failed',
      failure: { reason: 'crashed' },
    })
    expect((await delivery(runId)).state).toBe('failed')
  })

  test('whose lease ran out goes back to the queue, and its old holder is turned away', async () => {
    const runId = await started()
    expect(await world.talk.reaper.reap(Date.now() + 299_000)).toBe(0)
    expect(await world.talk.reaper.reap(Date.now() + 301_000)).toBeGreaterThan(0)
    expect((await world.talk.runs.get(owner, runId)).run).toMatchObject({ state: 'queued', attempt: 2 })
    expect(await report(runId, 'completed', { resultMessage: 'late' })).toMatchObject({ accepted: false })
    expect(await step(runId, { type: 'notice', level: 'info', text: 'late' })).toMatchObject({ accepted: false })
  })

  for (const state of ['failed', 'canceled', 'running', 'completed', 'queued'] as const)
    test(`that waits for its next attempt cannot be reported ${state} under the lease of the last one`, async () => {
      const runId = await started()
      await world.talk.reaper.reap(Date.now() + 301_000)
      const was = (await world.talk.runs.get(owner, runId)).run
      expect(was).toMatchObject({ state: 'queued', attempt: 2 })
      world.events()
      expect(await report(runId, state)).toMatchObject({ accepted: false, reason: 'lease_lost' })
      expect((await world.talk.runs.get(owner, runId)).run).toEqual(was)
      expect(world.events()).toEqual([])
      // Nor when the attempt after that has been given up too.
      await report(runId, 'running', { leaseId: 'lease_next' })
      await world.talk.reaper.reap(Date.now() + 301_000)
      for (const leaseId of ['lease_1', 'lease_next'])
        expect(await report(runId, state, { leaseId })).toMatchObject({ accepted: false, reason: 'lease_lost' })
      await report(runId, 'canceled', { leaseId: '' })
    })

  test('that never started can be refused by its computer, at any attempt', async () => {
    const failure = { reason: 'runtime_missing', message: 'codex is not there' }
    const { deliveries } = await ask()
    const first = deliveries[0]!.runId!
    expect(await report(first, 'failed', { leaseId: '', result: { failure } })).toMatchObject({ accepted: true })
    expect(await delivery(first)).toMatchObject({ state: 'failed', failure })
    const again = await started()
    await world.talk.reaper.reap(Date.now() + 301_000)
    expect(await report(again, 'failed', { leaseId: '', result: { failure } })).toMatchObject({ accepted: true })
    expect(await delivery(again)).toMatchObject({ state: 'failed', failure })
  })

  test('that took in a message completes both deliveries with one answer', async () => {
    const first = await started()
    const { threadId } = await delivery(first)
    const { deliveries } = await ask('and one more thing', threadId!)
    expect(deliveries).toMatchObject([{ cause: 'direct', agentId: agent.id }])
    const second = deliveries[0]!.runId!
    await report(second, 'running', { leaseId: 'lease_2' })
    await report(first, 'completed', { resultMessage: 'both' })
    await report(second, 'completed', { leaseId: 'lease_2', result: { joinedRunId: first } })
    const [a, b] = [await delivery(first), await delivery(second)]
    expect(b).toMatchObject({ state: 'answered', answerMessageId: a.answerMessageId! })
  })

  test('without an answer is declined; one that answered by itself is answered', async () => {
    const silent = await started()
    await report(silent, 'completed')
    expect((await delivery(silent)).state).toBe('declined')
    const talker = await started()
    const { threadId } = await delivery(talker)
    for (const run of (await world.talk.runs.list(owner, { agentId: agent.id, state: 'running', limit: 200 })).items)
      if (run.id !== talker) await world.talk.actions.perform(owner, run.id, 'kill')
    await world.talk.messages.post(agent, { target: '#general', content: 'here', threadId: threadId! })
    await report(talker, 'completed')
    expect((await delivery(talker)).state).toBe('answered')
  })
})

describe('a step', () => {
  test('of text grows by its offsets; a piece that comes twice changes nothing', async () => {
    const runId = await started()
    const pieces: [number, string][] = [
      [0, 'Hel'],
      [3, 'lo'],
      [3, 'lo'],
      [0, 'Hel'],
      [5, ' 🐱'],
    ]
    for (const [offset, text] of pieces) await step(runId, { type: 'text', offset, text }, { id: 'step_t1' })
    expect((await world.talk.pages.page(owner, runId, {})).items).toMatchObject([
      { detail: { type: 'text', text: 'Hello 🐱' } },
    ])
    expect(await step(runId, { type: 'text', offset: 99, text: '!' }, { id: 'step_t1' })).toEqual({
      accepted: false,
      reason: 'step_gap',
    })
  })

  test('with tokens adds to the run once', async () => {
    const runId = await started()
    const usage = { input: 1, cacheRead: 2, cacheWrite: 3, output: 4, reasoning: 5 }
    for (const id of ['step_u1', 'step_u1', 'step_u2'])
      await step(runId, { type: 'usage', usage, costUsd: 0.5 }, { id, status: 'completed' })
    expect((await world.talk.runs.get(owner, runId)).run).toMatchObject({ usage: { input: 2, output: 8 }, costUsd: 1 })
  })

  test('that asks for permission holds the run up until somebody decides, once', async () => {
    const runId = await started()
    const detail = {
      type: 'approval',
      requestId: 'r1',
      name: 'shell',
      kind: 'execute',
      title: 'rm -rf x',
      canRemember: true,
    } as const
    await step(runId, detail, { id: 'step_a1' })
    const { run, approvals } = await world.talk.runs.get(owner, runId)
    expect(run.state).toBe('waiting_approval')
    expect(approvals).toMatchObject([{ state: 'pending', title: 'rm -rf x' }])
    world.events()
    const decisions = await Promise.allSettled(
      [true, false].map((allow) => world.talk.approvals.decide(owner, approvals[0]!.id, { allow })),
    )
    expect(decisions.map((d) => d.status)).toEqual(['fulfilled', 'rejected'])
    expect(decisions[1]).toMatchObject({ reason: { code: 'already_decided' } })
    expect(kinds('channel')).toEqual(['approval state_changed', 'run state_changed'])
    await step(runId, detail, { id: 'step_a1', status: 'completed' })
    expect((await world.talk.runs.get(owner, runId)).run.state).toBe('running')
  })

  test('that asked for permission is withdrawn when its run ends', async () => {
    const runId = await started()
    await step(
      runId,
      { type: 'approval', requestId: 'r', name: 'shell', kind: 'execute', title: 'x', canRemember: false },
      { id: 'step_a2' },
    )
    await report(runId, 'failed')
    const { approvals } = await world.talk.runs.get(owner, runId)
    expect(approvals).toMatchObject([{ state: 'withdrawn' }])
    expect(world.talk.approvals.decide(owner, approvals[0]!.id, { allow: true })).rejects.toMatchObject({
      code: 'already_decided',
    })
  })
})

describe('people', () => {
  test('kill a run at once, and what its computer says later changes nothing', async () => {
    const runId = await started()
    const run = await world.talk.actions.perform(owner, runId, 'kill')
    expect(run).toMatchObject({ state: 'canceled', failure: { reason: 'killed' } })
    expect(kinds('computer')).toEqual(['run state_changed', 'operation created'])
    expect(await report(runId, 'completed', { resultMessage: 'too late' })).toMatchObject({
      accepted: false,
      reason: 'run_over',
    })
  })

  test('retry a failed run as a new one; an active one only after it is over', async () => {
    const runId = await started()
    expect(world.talk.actions.perform(owner, runId, 'retry')).rejects.toMatchObject({ code: 'illegal_transition' })
    await report(runId, 'failed')
    const again = await world.talk.actions.perform(owner, runId, 'retry')
    expect(again).toMatchObject({ state: 'queued', attempt: 1, inputMessageId: expect.any(String) })
    expect(again.id).not.toBe(runId)
    expect((await delivery(again.id)).state).toBe('pending')
  })

  test('who cannot read the channel see neither its runs nor its approvals', async () => {
    const eve = await world.user('eve')
    const secret = await world.talk.channels.create(owner, { name: 'secret', visibility: 'private' })
    await world.talk.channels.addMember(owner, secret.target, { kind: 'agent', memberId: agent.id })
    const { deliveries } = await world.talk.messages.post(owner, { target: '#secret', content: '@bot psst' })
    const runId = deliveries[0]!.runId!
    expect(world.talk.runs.get(eve, runId)).rejects.toMatchObject({ kind: 'not_found' })
    expect(world.talk.actions.perform(eve, runId, 'kill')).rejects.toMatchObject({ kind: 'not_found' })
    expect((await world.talk.runs.list(eve, { limit: 200 })).items.some((r) => r.id === runId)).toBe(false)
    expect(world.talk.messages.list(eve, { target: '#secret' })).rejects.toMatchObject({ kind: 'not_found' })
    expect((await world.talk.messages.search(eve, { q: 'psst' })).items).toEqual([])
  })
})

describe('guards', () => {
  test('stop agents that answer each other, say so, and let a person go on', async () => {
    const ping = await world.agent(owner, computer, 'ping', { limits: { turnsPerHour: null, costPerDayUsd: null } })
    await world.agent(owner, computer, 'pong', { limits: { turnsPerHour: null, costPerDayUsd: null } })
    const { deliveries, message } = await ask('@ping start')
    let run = deliveries[0]!.runId!
    let turns = 0
    for (let next: string | undefined = run; next; turns++) {
      run = next
      await report(run, 'running')
      await report(run, 'completed', { resultMessage: turns % 2 ? '@ping back' : '@pong there' })
      const { items } = await world.talk.deliveries.list(owner, { target: '#general', state: 'pending', limit: 200 })
      next = items.find((d) => d.threadId === message.id)?.runId ?? undefined
    }
    expect(turns).toBe(7)
    const page = await world.talk.messages.list(owner, { target: '#general', threadId: message.id })
    expect(page.items.find((m) => m.system)).toMatchObject({
      sender: { kind: 'system' },
      system: { type: 'guard.tripped' },
    })
    const stopped = page.deliveries.find((d) => d.failure?.reason === 'guard_hops')!
    expect(await world.talk.deliveries.retry(owner, stopped.id)).toMatchObject({ state: 'pending' })
    expect(ping.id).toBeTruthy()
  })

  test('hold an agent to its turns an hour', async () => {
    await world.agent(owner, computer, 'slow', { limits: { turnsPerHour: 1, costPerDayUsd: null } })
    expect((await ask('@slow one')).deliveries[0]!.state).toBe('pending')
    expect((await ask('@slow two')).deliveries[0]).toMatchObject({
      state: 'failed',
      failure: { reason: 'guard_turns' },
    })
  })
})
