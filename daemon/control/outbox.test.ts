import { Code, ConnectError } from '@connectrpc/connect'
import { afterEach, beforeEach, expect, test } from 'bun:test'
import { RunState, RunStepStatus } from '@shared/gen/nekode/daemon/v1/runs_pb'
import { createLogger } from '@shared/log'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FakeControl, type FakeRun, until } from '../../test/fixtures/control'
import { dial } from './client'
import { Journal } from './journal'
import { Link } from './link'
import { Outbox, type OutboxOptions } from './outbox'

const log = createLogger({ write: () => undefined })
let folder: string
let server: FakeControl
let run: FakeRun
const closing: (() => unknown)[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nekode-outbox-'))
  server = new FakeControl().start()
  run = server.assign('agent_1', 'hello')
  run.leaseId = 'lease'
  run.state = RunState.RUNNING
})
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
  await server.stop()
  rmSync(folder, { recursive: true })
})

/** A daemon's outbox on the journal that earlier ones have left; `die` ends it as a kill does. */
async function open(online = true, more: Partial<OutboxOptions> = {}) {
  const journal = Journal.open(join(folder, 'journal.db'), log)
  const link = new Link()
  const outbox = new Outbox({ journal, log, client: () => link.client, ...more })
  link.whenOnline(() => outbox.wake())
  const connect = async () => {
    const connection = await dial({ serverUrl: server.url, token: server.token })
    closing.push(() => connection.close())
    link.up(connection)
  }
  if (online) await connect()
  let dead = false
  const die = async () => {
    if (dead) return
    dead = true
    link.down()
    await outbox.stop()
    journal.close()
  }
  closing.push(die)
  return { journal, outbox, link, connect, die }
}

const say = (outbox: Outbox, sequence: number, leaseId = 'lease') =>
  outbox.push(run.runId, 'AppendRunStep', {
    leaseId,
    step: {
      stepId: `step_${sequence}`,
      runId: run.runId,
      sequence,
      status: RunStepStatus.COMPLETED,
      detail: JSON.stringify({ type: 'notice', level: 'info', text: `${sequence}` }),
    },
  })
const finish = (outbox: Outbox, leaseId = 'lease') =>
  outbox.push(run.runId, 'UpdateRunStatus', {
    runId: run.runId,
    leaseId,
    state: RunState.COMPLETED,
    resultMessage: 'done',
  })
const told = () => run.steps.map(({ sequence }) => sequence)

test('what is said about a run arrives in order', async () => {
  const { outbox } = await open()
  for (let i = 1; i <= 50; i++) say(outbox, i)
  finish(outbox)
  expect(await outbox.drain(10_000)).toBe(true)
  expect(told()).toEqual(Array.from({ length: 50 }, (_, i) => i + 1))
  expect(run.reports.map(({ resultMessage }) => resultMessage)).toEqual(['done'])
})

test('what is said without a connection is sent once there is one, by the next process too', async () => {
  const first = await open(false)
  say(first.outbox, 1)
  say(first.outbox, 2)
  await first.die()
  const second = await open(false)
  say(second.outbox, 3)
  finish(second.outbox)
  expect(second.outbox.total()).toBe(4)
  await second.connect()
  expect(await second.outbox.drain(10_000)).toBe(true)
  expect(told()).toEqual([1, 2, 3])
  expect(run.state).toBe(RunState.COMPLETED)
})

test('a kill between the effect of a call and its answer repeats nothing, at whatever call it comes', async () => {
  for (let killAt = 1; killAt <= 6; killAt++) {
    run = server.assign('agent_1', 'hello')
    run.leaseId = 'lease'
    run.state = RunState.RUNNING
    let calls = 0
    let isKilled = false
    server.loseAnswer = () => !isKilled && ++calls >= killAt
    const first = await open()
    for (let i = 1; i <= 5; i++) say(first.outbox, i)
    finish(first.outbox)
    await until('the killing call', () => calls >= killAt)
    isKilled = true
    await first.die()
    const second = await open()
    second.outbox.wake()
    expect(await second.outbox.drain(10_000)).toBe(true)
    await second.die()
    expect(told()).toEqual([1, 2, 3, 4, 5])
    expect(run.reports).toHaveLength(1)
  }
})

test('a server that is away and comes back gets everything once', async () => {
  const { outbox, link, connect } = await open()
  say(outbox, 1)
  await until('the first step', () => told().length === 1)
  await server.stop()
  for (let i = 2; i <= 20; i++) say(outbox, i)
  await Bun.sleep(300)
  server.start()
  link.down()
  await connect()
  expect(await outbox.drain(10_000)).toBe(true)
  expect(told()).toEqual(Array.from({ length: 20 }, (_, i) => i + 1))
})

test('a transaction that fails leaves nothing to send', async () => {
  const { outbox, journal } = await open()
  const attempt = () =>
    journal.tx(() => {
      say(outbox, 1)
      throw new Error('the disk is full')
    })
  expect(attempt).toThrow('the disk is full')
  await Bun.sleep(50)
  expect(outbox.total()).toBe(0)
  expect(told()).toEqual([])
})

test('a run that the server has given to someone else is told so once, and the rest about it is dropped', async () => {
  const rejected: string[] = []
  const { outbox } = await open(true, {
    onRejected: (queue, method, reason) => rejected.push(`${queue} ${method} ${reason}`),
  })
  for (let i = 1; i <= 10; i++) say(outbox, i, 'an old lease')
  expect(await outbox.drain(10_000)).toBe(true)
  expect(rejected).toEqual([`${run.runId} AppendRunStep lease_lost`])
  expect(told()).toEqual([])
})

test('what the server cannot understand does not hold up what comes after it', async () => {
  const { outbox } = await open()
  server.fault = (method) =>
    method === 'appendRunStep' && server.calls.length < 3 ? new ConnectError('no', Code.InvalidArgument) : undefined
  say(outbox, 1)
  say(outbox, 2)
  say(outbox, 3)
  expect(await outbox.drain(10_000)).toBe(true)
  expect(told().at(-1)).toBe(3)
})

test('an error that the server makes for one entry again and again does not hold up the rest for ever', async () => {
  const { outbox } = await open()
  let tries = 0
  server.fault = (method) =>
    method === 'appendRunStep' && ++tries <= 3 ? new ConnectError('busy', Code.Internal) : undefined
  say(outbox, 1)
  expect(await outbox.drain(10_000)).toBe(true)
  expect(told()).toEqual([1])
  expect(tries).toBe(4)
})

test('one run does not wait for another', async () => {
  const { outbox } = await open()
  const other = server.assign('agent_2', 'hello')
  other.leaseId = 'lease'
  other.state = RunState.RUNNING
  server.fault = (method) => (method === 'appendRunStep' ? new ConnectError('away', Code.Unavailable) : undefined)
  say(outbox, 1)
  outbox.push(other.runId, 'UpdateRunStatus', { runId: other.runId, leaseId: 'lease', state: RunState.COMPLETED })
  await until('the other run is over', () => other.state === RunState.COMPLETED)
  expect(outbox.pending(run.runId)).toBe(1)
})

test('a damaged journal is set aside and a new one is started', async () => {
  writeFileSync(join(folder, 'journal.db'), 'this is no database, however long it is. '.repeat(100))
  const { outbox } = await open()
  say(outbox, 1)
  expect(await outbox.drain(10_000)).toBe(true)
  expect(readdirSync(folder).filter((name) => name.startsWith('journal.db.damaged-'))).toHaveLength(1)
})

test('a journal of a newer daemon is not touched', () => {
  const path = join(folder, 'journal.db')
  const journal = Journal.open(path, log)
  journal.prepare<unknown, []>('PRAGMA user_version = 99').run()
  journal.close()
  expect(() => Journal.open(path, log)).toThrow('written by a newer nekode-daemon')
})
