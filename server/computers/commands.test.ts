import type { Actor } from '@shared/contract'
import type { ComputerPrincipal } from '../access/principal'
import { afterEach, beforeEach, expect, test } from 'bun:test'
import { type World, createWorld } from '../../test/world'
import type { Commands, NewCommand, Operation } from './commands'

let world: World
let commands: Commands
let daemon: ComputerPrincipal

beforeEach(async () => {
  world = await createWorld()
  commands = world.computers.commands
  const admin = (await world.user('admin')).principal
  daemon = await world.computer((await world.enrolled(admin)).token)
  world.take()
})
afterEach(() => world.close())

const ann: Actor = { kind: 'human', id: 'usr_1', name: 'ann', displayName: 'Ann' }

type Order = { action: 'restart'; reason?: string } | { command: Extract<NewCommand, { command: unknown }>['command'] }
const enqueue = (order: Order): Promise<Operation> =>
  world.db.tx((tx) => commands.enqueue(tx, { computerId: daemon.id, agentId: 'agent_1', requestedBy: ann, ...order }))
const report = (operationId: string, state: 'running' | 'completed' | 'failed' | 'unsupported', detail = '') =>
  commands.report(daemon, { operationId, state, detail })

test('an order reaches its own computer only, and a person’s reason is not in the event', async () => {
  const { id } = await enqueue({ action: 'restart', reason: 'private words' })
  const [event] = world.take()
  expect(event).toMatchObject({
    kind: 'operation',
    operation: 'created',
    aggregateId: id,
    audience: `computer:${daemon.id}`,
  })
  expect(event!.payload).not.toContain('private words')
  expect(await commands.control(id)).toMatchObject({ action: 'restart', reason: 'private words' })
})

test('a command without an action of its own travels as JSON', async () => {
  const command = { type: 'kill', runId: 'run_1' } as const
  const control = await commands.control((await enqueue({ command })).id)
  expect(control).toMatchObject({
    action: 'custom',
    operation: { action: 'kill', agentId: 'agent_1', state: 'queued' },
  })
  expect(JSON.parse(control!.reason)).toEqual(command)
})

test('progress is told to admins and to whoever gave the order, an end is final, and a report that comes again changes nothing', async () => {
  const { id } = await enqueue({ action: 'restart' })
  world.take()
  await report(id, 'running', 'stopping')
  await report(id, 'completed', 'pid 17')
  expect(world.take().map((e) => [e.audience, JSON.parse(e.payload).state, JSON.parse(e.payload).detail])).toEqual([
    ['admin:usr_1', 'running', 'stopping'],
    ['admin:usr_1', 'completed', 'pid 17'],
  ])
  expect(await report(id, 'failed', 'too late')).toMatchObject({ state: 'completed', detail: 'pid 17' })
  expect(await report(id, 'completed', 'pid 17')).toMatchObject({ state: 'completed' })
  expect(world.take()).toEqual([])
  expect(await commands.control(id)).toBeUndefined()
})

test('credentials in an installer’s output are taken out', async () => {
  const { id } = await enqueue({ command: { type: 'install_runtime', kind: 'codex' } })
  await report(id, 'failed', `npm error: Bearer ${'a'.repeat(40)} ndt_${'b'.repeat(43)}`)
  const { detail } = (await commands.find(id))!
  expect(detail).toBe('npm error: Bearer [redacted] ndt_[redacted]')
})

test('a computer cannot report on another computer’s operation', async () => {
  const { id } = await enqueue({ action: 'restart' })
  const other = await world.computer((await world.enrolled((await world.user('admin')).principal)).token)
  const before = await world.state()
  await expect(commands.report(other, { operationId: id, state: 'completed', detail: '' })).rejects.toMatchObject({
    code: 'operation_unknown',
  })
  await expect(report('ctl_none', 'completed')).rejects.toMatchObject({ code: 'operation_unknown' })
  expect(await world.state()).toEqual(before)
})

test('what nobody reported on for an hour is failed with one event; what only passes on to a run is left alone', async () => {
  const restart = await enqueue({ action: 'restart' })
  const answer = await enqueue({
    command: { type: 'answer_permission', runId: 'run_1', requestId: '1', allow: true, remember: false, message: '' },
  })
  world.take()
  world.clock.ms += 60 * 60_000
  await commands.sweep()
  expect(world.take()).toEqual([])
  world.clock.ms += 1
  await commands.sweep()
  await commands.sweep()
  expect(world.take().map((e) => [e.aggregateId, e.audience, JSON.parse(e.payload).state])).toEqual([
    [restart.id, 'admin:usr_1', 'failed'],
  ])
  expect((await commands.find(answer.id))?.state).toBe('queued')
})

test('operations are forgotten after thirty days', async () => {
  const { id } = await enqueue({ action: 'restart' })
  world.clock.ms += 30 * 24 * 60 * 60_000
  await commands.sweep()
  expect(await commands.find(id)).toBeDefined()
  world.clock.ms += 1
  await commands.sweep()
  expect(await commands.find(id)).toBeUndefined()
})
