import { afterAll, beforeAll, beforeEach, afterEach, expect, test } from 'bun:test'
import { eq } from 'drizzle-orm'
import { ServerEventKind } from '@shared/gen/nekode/daemon/v1/events_pb'
import { type Caller, type TestServer, startTestServer } from '../../server/testing'
import { rpcClient } from '../fixtures/rpc'
import { LegacyDaemon, type Turn } from './legacy'

let server: TestServer
let owner: Caller
let box: Caller
let daemon: LegacyDaemon
let prompts: string[]
let turn: (prompt: string) => Promise<Turn>
let names = 0
let name = ''
let agentId = ''
let maxConcurrentRuns = 1

beforeAll(async () => {
  server = await startTestServer()
  owner = await server.as('owner')
})
afterAll(() => server.stop())

beforeEach(async () => {
  box = await server.computer({ displayName: '' })
  name = `old${++names}`
  agentId = (await server.agent({ computerId: box.id, name, runtimeKind: 'codex' })).id
  prompts = []
  maxConcurrentRuns = 1
  turn = async () => ({ output: 'done', exitCode: 0 })
  daemon = new LegacyDaemon({
    url: server.url,
    token: box.token,
    computerId: box.id,
    maxConcurrentRuns: () => maxConcurrentRuns,
    execute: (prompt) => {
      prompts.push(prompt)
      return turn(prompt)
    },
  })
})
afterEach(() => daemon.stop())

const ask = async (content: string, target = '#general') => {
  const { deliveries } = await owner.call('POST /api/messages', { body: { target, content } })
  return deliveries[0]!.runId!
}
const run = (id: string) => owner.call('GET /api/runs/{id}', { params: { id } })
const over = async (id: string) => {
  for (;;) {
    const found = await run(id)
    if (['completed', 'failed', 'canceled'].includes(found.run.state)) return found
    await Bun.sleep(10)
  }
}
/** Everything that it does about a run, the last call included. */
const idle = async () => {
  const { db } = server.core
  const permits = () => db.q.select().from(db.t.permits)
  while ((await permits()).some((permit) => permit.computerId === box.id)) await Bun.sleep(10)
}

test('an older daemon registers, is seen online, and its runtimes are listed', async () => {
  await daemon.start()
  await daemon.heartbeat()
  const computer = await owner.call('GET /api/computers/{id}', { params: { id: box.id } })
  expect(computer).toMatchObject({ status: 'online', displayName: 'old', version: 'v0.46.1' })
  expect(computer.runtimes.map((r) => [r.kind, r.installed])).toEqual([
    ['claude', false],
    ['codex', true],
    ['gemini', false],
  ])
})

test('an older daemon runs what an agent is asked, and people see its steps, activity and archive', async () => {
  await daemon.start()
  const runId = await ask(`@${name} list the files`)
  const { run: done } = await over(runId)
  await idle()
  expect(done).toMatchObject({ state: 'completed', attempt: 1, agentId, computerId: box.id, summary: 'finished' })
  expect(prompts).toEqual([`@${name} list the files\ninput_message_id=${done.inputMessageId}`])
  const { items: steps } = await owner.call('GET /api/runs/{id}/steps', { params: { id: runId } })
  expect(steps.map((step) => [step.detail.type, step.status])).toEqual([
    ['notice', 'completed'],
    // It never says of the first one that it is over; the end of the run does.
    ['tool', 'completed'],
    ['tool', 'completed'],
    ['notice', 'completed'],
  ])
  expect(steps[2]!.detail).toMatchObject({
    kind: 'execute',
    title: 'codex exec --json',
    output: 'done',
    outcome: 'completed',
  })
  const rpc = rpcClient(server.url, box.token)
  const { run: archived } = await rpc.getAgentRun({ runId })
  expect(archived).toMatchObject({ eventCount: 3, exitCode: 0 })
  const { activities } = await rpc.listActivity({})
  expect(activities.map((a) => a.kind)).toEqual(['run_completed', 'prompt_snapshot_loaded'])
})

test('an older daemon’s failed run fails with what it said', async () => {
  turn = async () => ({ output: 'no such file', exitCode: 2 })
  await daemon.start()
  const { run: done } = await over(await ask(`@${name} break`))
  expect(done).toMatchObject({ state: 'failed', failure: { reason: 'crashed', message: 'exit status 2' } })
})

test('an older daemon that was away finds its runs by polling, each of them once', async () => {
  const runs = [await ask(`@${name} one`), await ask(`@${name} two`), await ask(`@${name} three`)]
  await daemon.start()
  for (const id of runs) expect((await over(id)).run).toMatchObject({ state: 'completed', attempt: 1 })
  await idle()
  expect(daemon.ran.toSorted()).toEqual(runs.toSorted())
})

test('an older daemon with two runs at once, one from the stream and one from the poll, ends both', async () => {
  maxConcurrentRuns = 2
  const gate = Promise.withResolvers<void>()
  turn = async () => {
    if (prompts.length === 2) gate.resolve()
    await gate.promise
    return { output: 'both', exitCode: 0 }
  }
  await daemon.start(20)
  const runs = await Promise.all([ask(`@${name} one`), ask(`@${name} two`)])
  for (const id of runs) expect((await over(id)).run.state).toBe('completed')
})

test('an older daemon keeps a long run by its heartbeats, because it never renews a lease', async () => {
  const gate = Promise.withResolvers<Turn>()
  turn = () => gate.promise
  await daemon.start()
  const runId = await ask(`@${name} think hard`)
  while (!prompts.length) await Bun.sleep(10)
  const { db } = server.core
  const age = (ms: number) =>
    db.tx(async (tx) => {
      const set = { leaseExpiresAt: Date.now() + 1000, startedAt: Date.now() - ms }
      await tx.q.update(db.t.runs).set(set).where(eq(db.t.runs.id, runId))
    })
  const soon = () => server.services.reaper.reap(Date.now() + 60_000)
  await age(400_000)
  await daemon.heartbeat()
  await soon()
  expect((await run(runId)).run).toMatchObject({ state: 'running', attempt: 1 })
  // One that is older than the daemon lets any run become is left to the reaper.
  await age(1000_000)
  await daemon.heartbeat()
  await soon()
  expect((await run(runId)).run).toMatchObject({ attempt: 2 })
  gate.resolve({ output: 'late', exitCode: 0 })
  expect((await over(runId)).run).toMatchObject({ state: 'completed', attempt: 2 })
  expect(daemon.refused).toEqual(['lease_lost'])
})

test('an older daemon gets a direct message as a run, once', async () => {
  await daemon.start()
  const { message, deliveries } = await owner.call('POST /api/agents/{id}/messages', {
    params: { id: agentId },
    body: { content: 'in private' },
  })
  expect(message.target).toStartWith('dm:')
  expect((await over(deliveries[0]!.runId!)).run.state).toBe('completed')
  await idle()
  expect(prompts).toHaveLength(1)
})

test('an older daemon’s acknowledgements move its position, pings and wrong server ids included', async () => {
  await daemon.start()
  await over(await ask(`@${name} hi`))
  await owner.call('POST /api/agents/{id}/control', { params: { id: agentId }, body: { action: 'terminate' } })
  while (!daemon.acknowledged.includes(ServerEventKind.AGENT_CONTROL)) await Bun.sleep(10)
  expect(daemon.acknowledged[0]).toBe(ServerEventKind.PING)
  const { db } = server.core
  const row = (await db.q.select().from(db.t.computers)).find((computer) => computer.id === box.id)
  expect(row!.ackedSequence).toBeGreaterThan(0)
  const { activities } = await rpcClient(server.url, box.token).listActivity({})
  expect(activities.find((a) => a.kind === 'agent_control_terminate')).toMatchObject({ agentId })
})

test('two older daemons that ask for everything each run only their own', async () => {
  const other = await server.computer()
  const otherName = `old${++names}`
  await server.agent({ computerId: other.id, name: otherName, runtimeKind: 'codex' })
  const second = new LegacyDaemon({
    url: server.url,
    token: other.token,
    computerId: other.id,
    maxConcurrentRuns: () => 1,
    execute: async () => ({ output: 'second', exitCode: 0 }),
  })
  await Promise.all([daemon.start(), second.start()])
  try {
    const mine: string[] = []
    const theirs: string[] = []
    for (let i = 0; i < 4; i++) {
      mine.push(await ask(`@${name} ${i}`))
      theirs.push(await ask(`@${otherName} ${i}`))
    }
    for (const id of [...mine, ...theirs]) expect((await over(id)).run.state).toBe('completed')
    expect([daemon.ran.toSorted(), second.ran.toSorted()]).toEqual([mine.toSorted(), theirs.toSorted()])
  } finally {
    await second.stop()
  }
})
