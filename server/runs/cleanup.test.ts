import { afterAll, beforeAll, expect, test } from 'bun:test'
import { createWorld, type World } from '../../test/fixtures/world'
import type { AgentPrincipal, ComputerPrincipal, UserPrincipal } from '../access/principal'
import type { StatusUpdate } from './service'

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

const channel = async (name: string): Promise<string> => {
  const { target } = await world.talk.channels.create(owner, { name })
  await world.talk.channels.addMember(owner, target, { kind: 'agent', memberId: agent.id })
  return target
}
const report = (runId: string, state: StatusUpdate['state'], more: Partial<StatusUpdate> = {}) =>
  world.talk.runs.report(computer, {
    runId,
    state,
    leaseId: 'lease_1',
    summary: '',
    resultMessage: '',
    result: {},
    error: '',
    ...more,
  })
const asked = async (target: string): Promise<{ runId: string; deliveryId: string }> => {
  const { deliveries } = await world.talk.messages.post(owner, { target, content: '@bot please' })
  return { runId: deliveries[0]!.runId!, deliveryId: deliveries[0]!.id }
}
const started = async (target: string) => {
  const { runId, deliveryId } = await asked(target)
  await report(runId, 'running')
  return { runId, deliveryId }
}
const delivery = async (id: string) =>
  (await world.talk.deliveries.list(owner, { limit: 200 })).items.find((d) => d.id === id)
const asks = (runId: string) =>
  world.talk.steps.append(computer, {
    id: `step_${runId.slice(-20)}`,
    runId,
    leaseId: 'lease_1',
    sequence: 1,
    status: 'running',
    detail: { type: 'approval', requestId: 'r', name: 'shell', kind: 'execute', title: 'rm', canRemember: false },
    startedAt: 1,
    completedAt: null,
  })

test('what goes on in a channel ends when it is archived: nobody could decide about it any more', async () => {
  const target = await channel('fading')
  const { runId } = await started(target)
  await asks(runId)
  await world.talk.channels.archive(owner, target)
  const { run, approvals } = await world.talk.runs.get(owner, runId)
  expect(run).toMatchObject({ state: 'canceled', failure: { reason: 'killed', message: '@ada archived #fading.' } })
  expect(approvals).toMatchObject([{ state: 'withdrawn' }])
})

test('a request to an agent that has left the channel is not tried again', async () => {
  const target = await channel('left')
  const { runId, deliveryId } = await started(target)
  await world.talk.channels.removeMember(owner, target, 'agent', agent.id)
  world.events()
  expect(world.talk.deliveries.retry(owner, deliveryId)).rejects.toMatchObject({ code: 'agent_left' })
  expect(world.talk.actions.perform(owner, runId, 'restart')).rejects.toMatchObject({ code: 'agent_left' })
  expect(world.events()).toEqual([])
  await world.talk.channels.addMember(owner, target, { kind: 'agent', memberId: agent.id })
  expect(await world.talk.deliveries.retry(owner, deliveryId)).toMatchObject({ state: 'pending' })
})

test('a message that arrives while its agent is taken out of the channel gives it no work there', async () => {
  const target = await channel('leaving')
  await Promise.all([
    world.talk.channels.removeMember(owner, target, 'agent', agent.id),
    world.talk.messages.post(owner, { target, content: '@bot quick' }),
  ])
  expect((await world.talk.deliveries.list(owner, { target })).items).toEqual([])
})

test('a turn that is under way when its agent gets another computer is stopped there and starts again here', async () => {
  const target = await channel('moving')
  const { runId, deliveryId } = await started(target)
  await asks(runId)
  const other = await world.computer()
  world.events()
  await world.talk.agents.update(owner, agent.id, { computerId: other.id })
  const { run, approvals } = await world.talk.runs.get(owner, runId)
  expect(run).toMatchObject({ state: 'queued', computerId: other.id, attempt: 2, maxAttempts: 4 })
  expect(approvals).toMatchObject([{ state: 'withdrawn' }])
  expect(await delivery(deliveryId)).toMatchObject({ state: 'pending', runId })
  const told = world.events().filter((e) => e.audience === `computer:${computer.id}`)
  expect(told.map((e) => JSON.parse(e.payload).action)).toEqual(['kill', 'terminate'])
  expect(report(runId, 'completed', { resultMessage: 'late' })).rejects.toMatchObject({ code: 'foreign_run' })
  await world.talk.agents.update(owner, agent.id, { computerId: computer.id })
})

test('a computer that is removed fails what waits for it, and everything that its agents are asked later, by that name', async () => {
  const gone = await world.computer()
  const { id } = await world.agent(owner, gone, 'stray')
  const ask = () => world.talk.messages.post(owner, { target: '#general', content: '@stray please' })
  const [waiting] = (await ask()).deliveries
  const removed = { state: 'failed', failure: { reason: 'computer_removed' } }
  // Both at the same moment: which is first must make no difference.
  const [, { deliveries }] = await Promise.all([world.computers.remove(owner, gone.id), ask()])
  expect(await delivery(waiting!.id)).toMatchObject(removed)
  expect(await delivery(deliveries[0]!.id)).toMatchObject(removed)
  const later = (await ask()).deliveries[0]!
  expect(later).toMatchObject({ ...removed, runId: null, waiting: null })
  await expect(world.talk.deliveries.retry(owner, later.id)).rejects.toMatchObject({
    code: 'computer_removed',
    next: expect.stringContaining('another computer'),
  })
  await world.talk.agents.update(owner, id, { computerId: computer.id })
  expect(await world.talk.deliveries.retry(owner, later.id)).toMatchObject({ state: 'pending', failure: null })
})

test('a message that an agent wrote somewhere else meanwhile is no answer', async () => {
  const target = await channel('quiet')
  const { runId, deliveryId } = await started(target)
  await world.talk.messages.post(agent, { target: '#general', content: 'by the way' })
  await report(runId, 'completed')
  expect(await delivery(deliveryId)).toMatchObject({ state: 'declined', answerMessageId: null })
})

test('a run that is said to have joined that of a strange conversation is not answered by what was said there', async () => {
  const private_ = await started(await channel('board'))
  await report(private_.runId, 'completed', { resultMessage: 'between us' })
  const { runId, deliveryId } = await started(await channel('lobby'))
  await report(runId, 'completed', { result: { joinedRunId: private_.runId } })
  expect((await world.talk.runs.get(owner, runId)).run.joinedRunId).toBeNull()
  expect(await delivery(deliveryId)).toMatchObject({ state: 'declined', answerMessageId: null })
})
