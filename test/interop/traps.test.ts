import { afterAll, beforeAll, beforeEach, expect, test } from 'bun:test'
import { AgentPresence } from '@shared/gen/nekode/daemon/v1/agents_pb'
import { EventOperation } from '@shared/gen/nekode/daemon/v1/common_pb'
import { ServerEventKind, type SubscribeServerEventsResponse } from '@shared/gen/nekode/daemon/v1/events_pb'
import { RunState } from '@shared/gen/nekode/daemon/v1/runs_pb'
import { type Caller, type TestServer, startTestServer } from '../../server/testing'
import { Frames, type Rpc, refusal, rpcClient } from '../fixtures/rpc'

/*
 * What daemons that are deployed today rely on, one by one; `legacy.test.ts` has them all at work together. In other files, because
 * they are about more than such daemons:
 * - cleartext HTTP/2 without an upgrade, all codecs, TLS: `clients.test.ts` (with a client in Go), and every call here is h2c
 * - `__attach__`, `X-Nekode-Tunnel-Port`, raw bytes after 101, an attach of another computer: `tunnels.test.ts`
 * - all 95 methods: `every.test.ts`
 * - the keys of a daemon's configuration and the code that works once: `server/enrollment/routes.test.ts`
 * - names of packages and `SHA256SUMS.txt`: `server/artifacts/service.test.ts`
 * Not kept, on purpose: a token that works for another computer, runs and orders that reach every daemon, acknowledgements that take
 * events from others, two unrelated spaces of sequences. No call that a daemon makes depends on one of them.
 */

let server: TestServer
let owner: Caller
let box: Caller
let bot: Caller
let rpc: Rpc
let names = 0
let name = ''

beforeAll(async () => {
  server = await startTestServer()
  owner = await server.as('owner')
})
afterAll(() => server.stop())
beforeEach(async () => {
  box = await server.computer()
  name = `bot${++names}`
  bot = await server.agent({ computerId: box.id, name })
  rpc = rpcClient(server.url, box.token)
})

const ask = async (): Promise<string> => {
  const { deliveries } = await owner.call('POST /api/messages', {
    body: { target: '#general', content: `@${name} hi` },
  })
  return deliveries[0]!.runId!
}
const events = (more: object = {}) =>
  new Frames<SubscribeServerEventsResponse>((options) =>
    rpc.subscribeServerEvents({ includeAllAgents: true, ...more }, options),
  )

test('the first frame of SubscribeServerEvents is a PING, and its acknowledgement is taken', async () => {
  const frames = events()
  const { event } = await frames.next()
  expect(event).toMatchObject({ kind: ServerEventKind.PING, operation: EventOperation.HEARTBEAT })
  expect(event?.payload).toMatchObject({ case: 'ping', value: { timeoutSeconds: 60 } })
  const { eventId, sequence } = event!
  // It gives the aggregate for the id of the server.
  const cursor = { sequence, serverId: event!.aggregateId }
  expect(await refusal(rpc.acknowledgeServerEvents({ eventIds: [eventId], cursor }))).toBe('ok')
  await frames.close()
})

test('RUN_ASSIGNED says of a run that it is there, and each change of it as well: UPDATED, with its state', async () => {
  const frames = events({
    kinds: [ServerEventKind.RUN_ASSIGNED, ServerEventKind.AGENT_CONTROL, ServerEventKind.MESSAGE],
  })
  await frames.next()
  const runId = await ask()
  const next = async () => (await frames.until(({ event }) => event?.aggregateId === runId)).at(-1)!.event!
  const first = await next()
  expect(first).toMatchObject({ kind: ServerEventKind.RUN_ASSIGNED, operation: EventOperation.CREATED })
  expect(first.payload).toMatchObject({ case: 'run', value: { runId, state: RunState.QUEUED } })
  await rpc.updateRunStatus({ runId, state: RunState.RUNNING, leaseId: 'l' })
  const second = await next()
  expect(second).toMatchObject({ kind: ServerEventKind.RUN_ASSIGNED, operation: EventOperation.UPDATED })
  expect(second.payload).toMatchObject({ case: 'run', value: { runId, state: RunState.RUNNING } })
  await frames.close()
})

test('a run reaches the computer that owns it and no other, however much that one asks to include', async () => {
  const other = await server.computer()
  const frames = new Frames<SubscribeServerEventsResponse>((options) =>
    rpcClient(server.url, other.token).subscribeServerEvents(
      { includeAllAgents: true, includeAllTargets: true, includeAllScopes: true },
      options,
    ),
  )
  await frames.next()
  const runId = await ask()
  await server.agent({ computerId: other.id, name: `own${names}` })
  const body = { target: '#general', content: `@own${names} hi` }
  const own = (await owner.call('POST /api/messages', { body })).deliveries[0]!.runId!
  const seen = await frames.until(({ event }) => event?.aggregateId === own)
  expect(seen.map(({ event }) => event?.aggregateId)).not.toContain(runId)
  expect(
    (await rpcClient(server.url, other.token).fetchAssignedRuns({ limit: 100 })).runs.map((run) => run.runId),
  ).toEqual([own])
  await frames.close()
})

test('a direct message comes as a run and never as a message, from whose aggregate a daemon would make up an agent', async () => {
  const frames = events()
  await frames.next()
  const { deliveries } = await owner.call('POST /api/agents/{id}/messages', {
    params: { id: bot.id },
    body: { content: 'in private' },
  })
  const { runId } = deliveries[0]!
  const seen = await frames.until(({ event }) => event?.aggregateId === runId)
  expect(seen.map(({ event }) => event?.payload.case)).toEqual(['run'])
  expect(seen[0]?.event?.payload.value).toMatchObject({ agentId: bot.id })
  await frames.close()
})

test('a daemon that has made up such an agent, or a run after a message, is told so and goes on', async () => {
  const agentId = `dm:${bot.id}`
  const runId = `direct-msg_${'0'.repeat(32)}`
  expect(await refusal(rpc.updateAgentStatus({ status: { agentId, presence: AgentPresence.BUSY } }))).toBe('ok')
  expect(await refusal(rpc.logActivity({ target: agentId, agentId, kind: 'note', summary: 's', runId }))).toBe('ok')
  // The one call of which it tolerates that something is not there.
  expect(await refusal(rpc.getLaunchPromptSnapshot({ runId, agentId }))).toBe('not_found')
  expect(await refusal(rpc.updateRunStatus({ runId, agentId, state: RunState.RUNNING, leaseId: 'l' }))).toBe(
    'not_found run_unknown',
  )
  expect((await owner.call('GET /api/agents', {})).items.map((agent) => agent.id)).not.toContain(agentId)
})

test('ids that a daemon leaves out are those of its token; those of another computer are refused', async () => {
  expect((await rpc.registerComputer({ info: { daemonId: 'd' } })).accepted).toBe(true)
  expect((await rpc.heartbeatComputer({ info: {} })).lease?.leaseId).toBeTruthy()
  expect(await refusal(rpc.heartbeatComputer({ info: { computerId: 'cmp_other' } }))).toBe(
    'permission_denied foreign_computer',
  )
})

test('a heartbeat without an inventory takes nothing away', async () => {
  const runtimes = [{ runtimeId: 'r', kind: 'codex', tool: 'codex', installed: true, healthy: true }]
  await rpc.registerComputer({ info: { daemonId: 'd' }, inventory: { runtimes } })
  await rpc.heartbeatComputer({ info: { daemonId: 'd' } })
  const computer = await owner.call('GET /api/computers/{id}', { params: { id: box.id } })
  expect(computer.runtimes.map((runtime) => runtime.kind)).toEqual(['codex'])
})

test('a permit comes before its run, for up to what the daemon asks, and its lease is that of the run', async () => {
  const runId = await ask()
  const permit = await rpc.acquireStartPermit({ computerId: box.id, agentId: bot.id, permitTtlSeconds: 600 })
  expect(permit.granted).toBe(true)
  const leaseId = permit.permitLease!.leaseId
  for (const state of [RunState.RUNNING, RunState.COMPLETED])
    expect(await rpc.updateRunStatus({ runId, agentId: bot.id, state, leaseId })).toMatchObject({ accepted: true })
  expect(await rpc.updateRunStatus({ runId, state: RunState.RUNNING, leaseId })).toMatchObject({ accepted: false })
  expect(await refusal(rpc.releaseStartPermit({ leaseId, computerId: box.id, agentId: bot.id }))).toBe('ok')
})

test('keys that are random for each call make each call one of its own; a key that comes again makes it once', async () => {
  const send = (idempotencyKey: string) =>
    rpc.sendMessage({
      target: '#general',
      content: 'same',
      sender: { agentId: bot.id },
      requestId: crypto.randomUUID(),
      idempotencyKey,
    })
  const ids = await Promise.all(['a', 'b', 'b'].map(async (key) => (await send(`${names}${key}`)).message?.messageId))
  expect(new Set(ids).size).toBe(2)
  const keyless = await Promise.all(
    [1, 2].map(() => rpc.sendMessage({ target: '#general', content: 'x', sender: { agentId: bot.id } })),
  )
  expect(new Set(keyless.map(({ message }) => message?.messageId)).size).toBe(2)
})

test('a direct message without a key is sent each time, to whom it is for', async () => {
  const people = rpcClient(server.url, owner.token)
  const other = await server.agent({ computerId: box.id })
  const sent = [
    await people.sendAgentDirectMessage({ agentId: bot.id, content: 'one' }),
    await people.sendAgentDirectMessage({ agentId: other.id, content: 'two' }),
  ]
  expect(sent.map(({ message }) => message?.content)).toEqual(['one', 'two'])
  expect(sent[0]?.message?.target).not.toBe(sent[1]?.message?.target)
})

test('a reply stands in the thread of what it replies to, and comments of a task in the thread that the task names', async () => {
  const root = (await owner.call('POST /api/messages', { body: { target: '#general', content: 'root' } })).message
  const sender = { agentId: bot.id }
  const { message } = await rpc.sendMessage({ target: '#general', content: 'r', replyToMessageId: root.id, sender })
  expect(message?.threadId).toBe(root.id)
  const task = await owner.call('POST /api/tasks', { body: { target: '#general', summary: 'task' } })
  await owner.call('POST /api/tasks/{id}/comments', { params: { id: task.id }, body: { content: 'comment' } })
  const { messages } = await rpc.readMessages({ target: `#general:${task.id}` })
  expect(messages[0]?.content).toBe('comment')
  await rpc.sendMessage({ target: `#general:${task.id}`, content: 'answer', sender })
  const { items } = await owner.call('GET /api/tasks/{id}/comments', { params: { id: task.id }, query: {} })
  expect(items.map(({ content }) => content).toSorted()).toEqual(['answer', 'comment'])
})

test('a cursor that counts (#general:2) goes on after so many rows, and one of ours after the last', async () => {
  for (const n of [1, 2, 3, 4])
    await owner.call('POST /api/messages', { body: { target: '#general', content: `${name} ${n}` } })
  const read = async (cursor: object | undefined, limit: number) =>
    rpc.readMessages({ target: '#general', limit, ...(cursor ? { cursor } : {}) })
  const first = await read(undefined, 2)
  const texts = (page: typeof first) => page.messages.map(({ content }) => content)
  expect(texts(first)).toEqual([`${name} 4`, `${name} 3`])
  const counted = { cursor: '#general:2', sequence: 2n, aggregateId: '#general', serverId: server.core.serverId }
  expect(texts(await read(counted, 2))).toEqual([`${name} 2`, `${name} 1`])
  expect(texts(await read(first.nextCursor, 2))).toEqual([`${name} 2`, `${name} 1`])
  // Of another server: from the beginning.
  expect(texts(await read({ ...counted, serverId: 'srv_other' }, 2))).toEqual(texts(first))
})

test('the sequence of an event is its place in the log, the same after a restart', async () => {
  const frames = events()
  await frames.next()
  const runId = await ask()
  const { event } = (await frames.until((frame) => frame.event?.aggregateId === runId)).at(-1)!
  const row = (await server.core.db.q.select().from(server.core.db.t.events)).find((e) => e.id === event!.eventId)
  expect(BigInt(row!.sequence)).toBe(event!.sequence)
  await frames.close()
})

const call = (method: string, type: string, body: BodyInit) =>
  box.fetch(`/nekode.daemon.v1.DaemonControlService/${method}`, {
    method: 'POST',
    headers: { 'content-type': `application/${type}` },
    body,
  })

test('lists without anything in them are left out of JSON', async () => {
  const response = await call('FetchAssignedRuns', 'json', '{}')
  expect([response.status, await response.text()]).toEqual([200, '{}'])
})

test('fields and numbers that nobody knows are passed over, in both codecs', async () => {
  expect((await call('GetServerInfo', 'json', '{"fromTomorrow": 1}')).status).toBe(200)
  // Field 1500 as text.
  expect((await call('GetServerInfo', 'proto', new Uint8Array([0xe2, 0x5d, 0x01, 0x78]))).status).toBe(200)
})

test('an error says in words what happened, which is all that older clients show', async () => {
  const response = await call('GetRun', 'json', '{"runId": "run_0"}')
  expect(await response.json()).toMatchObject({ code: 'not_found', message: 'There is no such run.' })
  const http = await owner.fetch('/api/runs/run_0')
  expect(await http.json()).toMatchObject({ error: 'There is no such run.' })
})
