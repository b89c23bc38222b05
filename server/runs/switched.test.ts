import { afterAll, beforeAll, expect, test } from 'bun:test'
import { createWorld, type World } from '../../test/fixtures/world'
import type { AgentPrincipal, ComputerPrincipal, UserPrincipal } from '../access/principal'

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

const ask = async (): Promise<string> => {
  const { deliveries } = await world.talk.messages.post(owner, { target: '#general', content: '@bot go' })
  return deliveries[0]!.runId!
}
const turn = (enabled: boolean) => world.talk.agents.update(owner, agent.id, { enabled })
const deliveryOf = async (runId: string) => {
  const { items } = await world.talk.deliveries.list(owner, { agentId: agent.id, limit: 200 })
  return items.find((d) => d.runId === runId)
}
const report = (runId: string, state: 'running' | 'completed' | 'queued' | 'canceled', leaseId: string) => {
  const none = { summary: '', resultMessage: '', result: {}, error: '' }
  return world.talk.runs.report(computer, { ...none, runId, state, leaseId })
}
const permit = () => world.talk.permits.acquire(computer, agent.id, 60)
const assigned = async () => (await world.talk.runs.assigned(computer, [], 100)).map((run) => run.id)

test('an agent that is turned off finishes what it is at; what waits goes on waiting until it is turned on', async () => {
  const started = await ask()
  const granted = await permit()
  if (!granted.granted) throw new Error('no permit')
  await report(started, 'running', granted.leaseId)
  const waiting = await ask()

  await turn(false)
  expect(await deliveryOf(started)).toMatchObject({ state: 'claimed' })
  expect(await deliveryOf(waiting)).toMatchObject({ state: 'pending', waiting: 'agent_disabled' })
  expect(await permit()).toMatchObject({ granted: false, reason: 'agent_disabled' })
  expect(await assigned()).toEqual([started])
  // Neither does the computer's coming and going change what it waits for.
  await world.offline(computer)
  await world.talk.deliveries.computerChanged(computer.id, false)
  await world.computers.heartbeat(computer, { leaseId: '' })
  await world.talk.deliveries.computerChanged(computer.id, true)
  expect(await deliveryOf(waiting)).toMatchObject({ state: 'pending', waiting: 'agent_disabled' })
  expect(await report(started, 'completed', granted.leaseId)).toMatchObject({ accepted: true })

  world.events()
  await turn(true)
  const told = world.events().filter((e) => e.kind === 'run' && e.audience === `computer:${computer.id}`)
  expect(told.map((e) => e.aggregateId)).toEqual([waiting])
  expect(await deliveryOf(waiting)).toMatchObject({ state: 'pending', waiting: null })
  expect(await assigned()).toEqual([waiting])
  expect(await permit()).toMatchObject({ granted: true })
  await report(waiting, 'canceled', (await world.talk.runs.visible(computer, waiting)).leaseId ?? '')
})

test('a turn that is lost while its agent is turned off waits too', async () => {
  const runId = await ask()
  await report(runId, 'running', 'lease_1')
  await turn(false)
  expect(await report(runId, 'queued', 'lease_1')).toMatchObject({
    accepted: true,
    run: { state: 'queued', attempt: 2 },
  })
  expect(await deliveryOf(runId)).toMatchObject({ state: 'pending', waiting: 'agent_disabled' })
  expect(await assigned()).toEqual([])
  await world.offline(computer)
  await turn(true)
  expect(await deliveryOf(runId)).toMatchObject({ state: 'pending', waiting: 'computer_offline' })
  expect(await assigned()).toEqual([runId])
})
