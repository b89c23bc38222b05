import { EnvVar } from '@shared/contract'
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { createWorld, type World } from '../../test/fixtures/world'
import type { ComputerPrincipal, UserPrincipal } from '../access/principal'

let world: World
let ada: UserPrincipal
let computer: ComputerPrincipal

beforeAll(async () => {
  world = await createWorld()
  ada = await world.user('ada', 'owner')
  computer = await world.computer()
})
afterAll(() => world.close())

const make = (name: string, more = {}) =>
  world.talk.agents.create(ada, { name, computerId: computer.id, runtimeKind: 'demo', ...more })

test('a new agent is in #general, and its computer is told', async () => {
  world.events()
  const agent = await make('one')
  expect(agent.channels).toEqual([{ target: '#general', deliveryMode: 'mentions' }])
  const told = world.events().map((e) => `${e.audience.split(':')[0]} ${e.kind} ${e.operation}`)
  expect(told).toEqual(
    expect.arrayContaining(['all agent created', 'channel member created', 'computer operation created']),
  )
})

test('people and agents share their names', async () => {
  expect(make('ada')).rejects.toMatchObject({ code: 'name_taken' })
  const both = await Promise.allSettled([make('twin'), make('twin')])
  expect(both.map((r) => r.status).toSorted()).toEqual(['fulfilled', 'rejected'])
})

test('a runtime that the computer does not have is refused by name', () => {
  expect(make('x', { runtimeKind: 'nope' })).rejects.toMatchObject({
    code: 'runtime_unknown',
    next: 'Use one of: demo.',
  })
})

test('a secret is stored sealed, shown to nobody, and given to its computer', async () => {
  const secret = 'hunter2-hunter2'
  const { id, env } = await make('keeper', {
    env: [
      { name: 'KEY', value: secret, secret: true },
      { name: 'MODE', value: 'fast', secret: false },
    ],
  })
  expect(env).toEqual([
    { name: 'KEY', value: null, secret: true },
    { name: 'MODE', value: 'fast', secret: false },
  ])
  const stored = await world.core.db.raw('select env from agents')
  const logged = await world.core.db.raw('select payload from events')
  expect(JSON.stringify([stored, logged])).not.toContain(secret)
  const row = world.talk.agents.own(computer, id)
  expect(world.talk.agents.environment(row)).toMatchObject([{ name: 'KEY', value: secret }, { name: 'MODE' }])
  const kept = await world.talk.agents.setEnv(ada, id, [{ name: 'KEY', value: null, secret: true }])
  expect(kept.env).toEqual([{ name: 'KEY', value: null, secret: true }])
  expect(world.talk.agents.environment(world.talk.agents.own(computer, id))).toMatchObject([
    { name: 'KEY', value: secret },
  ])
  expect(
    world.talk.agents.setEnv(ada, id, [{ name: 'NEKODE_DAEMON_TOKEN', value: 'x', secret: false }]),
  ).rejects.toMatchObject({ kind: 'invalid' })
})

test('a reference to a secret of the computer is shown as it is, also where it was called a secret', async () => {
  const reference = { name: 'KEY', value: 'secret:github.token', secret: true }
  const { id, env } = await make('referring', { env: [reference] })
  expect(env).toEqual([{ ...reference, secret: false }])
  expect(world.talk.agents.environment(world.talk.agents.own(computer, id))).toEqual([{ ...reference, secret: false }])
})

test.each(['secret:', 'secret:two words', 'secret:1', `secret:${'x'.repeat(129)}`])(
  'what begins as a reference and is none is refused: %p',
  (value) => {
    expect(EnvVar.safeParse({ name: 'KEY', value, secret: false }).success).toBe(false)
    expect(EnvVar.safeParse({ name: 'KEY', value: `no ${value}`, secret: false }).success).toBe(true)
  },
)

test('a deleted agent leaves its channels, its work ends, its token dies, its name is free', async () => {
  const { id } = await make('gone')
  const { token } = await world.core.db.tx((tx) =>
    world.core.credentials.issue(tx, { kind: 'agent', ownerId: id, name: 'gone' }),
  )
  const { deliveries } = await world.talk.messages.post(ada, { target: '#general', content: '@gone hi' })
  await world.talk.agents.delete(ada, id)
  const { run } = await world.talk.runs.get(ada, deliveries[0]!.runId!)
  expect(run).toMatchObject({ state: 'canceled', failure: { reason: 'agent_removed' } })
  expect(world.talk.channels.members(ada, '#general').some((m) => m.memberId === id)).toBe(false)
  expect(world.core.credentials.resolve(token)).rejects.toMatchObject({ kind: 'unauthenticated' })
  expect((await make('gone')).id).not.toBe(id)
})

test('work that waits follows an agent to another computer', async () => {
  const { id } = await make('mover')
  const { deliveries } = await world.talk.messages.post(ada, { target: '#general', content: '@mover hi' })
  const other = await world.computer()
  await world.talk.agents.update(ada, id, { computerId: other.id })
  expect((await world.talk.runs.assigned(other, [], 10)).map((r) => r.id)).toEqual([deliveries[0]!.runId!])
  expect(await world.talk.runs.assigned(computer, [id], 10)).toEqual([])
})

test('names that mean everybody, or Nekode itself, are for nobody', async () => {
  for (const name of ['all', 'here', 'everyone', 'system', 'nekode'])
    expect(make(name)).rejects.toMatchObject({ code: 'name_taken' })
})

test('a person and an agent who want one name at the same moment do not both get it', async () => {
  const both = await Promise.allSettled([make('wanted'), world.user('wanted')])
  const { agents, users } = world.core.directory
  const names = [...agents().map((a) => a.name), ...users().map((u) => u.username)]
  expect(names.filter((name) => name === 'wanted')).toHaveLength(1)
  expect(both.map((r) => r.status)).toContain('rejected')
})

test('nobody lets an agent listen to a direct conversation, or to a private channel of others', async () => {
  const bob = await world.user('bob', 'admin')
  const { target } = await world.talk.channels.openDm(ada, 'human', bob.id)
  expect(make('spy', { channels: [target] })).rejects.toMatchObject({ kind: 'forbidden' })
  await world.talk.channels.create(bob, { name: 'board', visibility: 'private' })
  expect(make('spy', { channels: ['#board'] })).rejects.toMatchObject({ kind: 'not_found' })
  expect(world.talk.channels.members(bob, target).map((m) => m.name)).toEqual(['ada', 'bob'])
})

test('settings and environment that are changed at the same moment both stay', async () => {
  const { id } = await make('busy')
  await Promise.all([
    world.talk.agents.update(ada, id, { description: 'reads' }),
    world.talk.agents.setEnv(ada, id, [{ name: 'MODE', value: 'fast', secret: false }]),
    world.talk.agents.update(ada, id, { model: 'big' }),
  ])
  expect(world.talk.agents.get(ada, id)).toMatchObject({ description: 'reads', model: 'big' })
  expect(world.talk.agents.settings(ada, id)).toMatchObject({ env: [{ name: 'MODE' }] })
})

test('how an agent is run is for admins and whoever made it; the rest is for everybody', async () => {
  const secret = 'only for those who run it'
  const agent = await make('discreet', { instructions: secret, workspace: `/${secret}`, command: [secret] })
  const { createdBy } = agent
  expect(createdBy).toBe(ada.id)
  const admin = await world.user('root', 'admin')
  const others = [await world.user('mia'), await world.user('vic', 'viewer')]
  expect(world.talk.agents.settings(admin, agent.id)).toMatchObject({ instructions: secret, command: [secret] })
  for (const other of others) {
    expect(() => world.talk.agents.settings(other, agent.id)).toThrow('shown to admins')
    expect(JSON.stringify(world.talk.agents.get(other, agent.id))).not.toContain(secret)
    // Whoever made it goes on seeing it when they are no admin any more.
    expect(world.talk.agents.settings({ ...other, id: createdBy }, agent.id)).toMatchObject({ instructions: secret })
  }
  expect(() => world.talk.agents.settings({ ...admin, scopes: new Set(['read', 'write']) }, agent.id)).toThrow()
})
