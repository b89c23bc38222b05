import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { AgentControlAction } from '@shared/gen/nekode/daemon/v1/agents_pb'
import { EventOperation, EventScopeType } from '@shared/gen/nekode/daemon/v1/common_pb'
import {
  CollaborationEventKind,
  type ServerEvent,
  ServerEventKind,
  type SubscribeActivityResponse,
  type SubscribeServerEventsResponse,
} from '@shared/gen/nekode/daemon/v1/events_pb'
import { RunState } from '@shared/gen/nekode/daemon/v1/runs_pb'
import { Frames, type Rpc, refusal, rpcClient } from '../../test/fixtures/rpc'
import { rpcHandlers } from '../listener/rpc'
import { createRpc } from '../rpc/router'
import { type Caller, type TestServer, startTestServer } from '../testing'

let server: TestServer
let owner: Caller

beforeAll(async () => {
  server = await startTestServer()
  owner = await server.as('owner')
})
afterAll(() => server.stop())

let made = 0
/** A computer with an agent, and the name that mentions it. */
async function machine() {
  const computer = await server.computer()
  const name = `bot${++made}`
  const agent = await server.agent({ computerId: computer.id, name })
  const rpc = rpcClient(server.url, computer.token)
  await rpc.registerComputer({ info: { daemonId: name } })
  return { computer, agent, name, rpc }
}

async function ask(name: string, target = '#general'): Promise<string> {
  const { deliveries } = await owner.call('POST /api/messages', { body: { target, content: `@${name} hi` } })
  return deliveries[0]!.runId!
}

const subscribe = (rpc: Rpc, request: Parameters<Rpc['subscribeServerEvents']>[0] = {}) =>
  new Frames<SubscribeServerEventsResponse>((options) =>
    rpc.subscribeServerEvents({ includeAllAgents: true, ...request }, options),
  )
const eventOf = (frame: SubscribeServerEventsResponse): ServerEvent => frame.event!
const runOf = (event: ServerEvent) => (event.payload.case === 'run' ? event.payload.value : undefined)
const isRun = (runId: string) => (frame: SubscribeServerEventsResponse) => runOf(eventOf(frame))?.runId === runId

describe('a daemon’s stream', () => {
  test('begins with a ping and brings a run that is assigned', async () => {
    const { rpc, name, agent, computer } = await machine()
    const frames = subscribe(rpc)
    const ping = eventOf(await frames.next())
    expect(ping).toMatchObject({
      kind: ServerEventKind.PING,
      operation: EventOperation.HEARTBEAT,
      scope: { scopeType: EventScopeType.COMPUTER, scopeId: computer.id },
      payload: { case: 'ping', value: { timeoutSeconds: 60 } },
    })
    const runId = await ask(name)
    const event = eventOf(await frames.next())
    expect(event).toMatchObject({
      kind: ServerEventKind.RUN_ASSIGNED,
      operation: EventOperation.CREATED,
      aggregateId: runId,
      scope: { scopeType: EventScopeType.RUN, scopeId: runId },
      payload: { case: 'run', value: { runId, state: RunState.QUEUED, agentId: agent.id } },
    })
    expect(Number(event.sequence)).toBeGreaterThan(0)
    await frames.close()
  })

  test('resumes by its cursor across three reconnects: every event once, in order', async () => {
    const { rpc, name } = await machine()
    const asked: string[] = []
    const seen: string[] = []
    let cursor: { sequence: bigint; serverId: string } | undefined
    for (const during of [2, 3, 1]) {
      // Some while nobody listens …
      for (let i = 0; i < 2; i++) asked.push(await ask(name))
      const frames = subscribe(rpc, cursor ? { cursor } : {})
      const listening = frames.next()
      // … and some while the stream is opening or open.
      for (let i = 0; i < during; i++) asked.push(await ask(name))
      expect(eventOf(await listening).kind).toBe(ServerEventKind.PING)
      const got = (await frames.until(isRun(asked.at(-1)!))).map(eventOf)
      seen.push(...got.map((event) => event.aggregateId))
      const order = got.map((event) => event.sequence)
      expect(order).toEqual(order.toSorted((a, b) => Number(a - b)))
      cursor = { sequence: order.at(-1)!, serverId: server.core.serverId }
      await frames.close()
    }
    expect(seen).toEqual(asked)
  })

  test('goes through a backlog of more than a page', async () => {
    const { rpc, name, computer } = await machine()
    const runId = await ask(name)
    const { db } = server.core
    await db.tx(async (tx) => {
      for (let i = 0; i < 1300; i++)
        tx.emit({
          kind: 'run',
          operation: 'updated',
          aggregateId: runId,
          audience: `computer:${computer.id}`,
          actor: { kind: 'system', id: 'system', name: 'x', displayName: 'x' },
          payload: {},
        })
    })
    const last = await ask(name)
    const frames = subscribe(rpc)
    const got = await frames.until(isRun(last))
    expect(got.filter(isRun(runId))).toHaveLength(1301)
    await frames.close()
  })

  test('starts without a cursor where the computer acknowledged, and so does one of another server', async () => {
    const { rpc, name } = await machine()
    const [first, second] = [await ask(name), await ask(name)]
    const frames = subscribe(rpc)
    const event = (await frames.until(isRun(first!))).map(eventOf).at(-1)!
    await frames.close()
    const cursor = { sequence: event.sequence, serverId: server.core.serverId }
    const answer = await rpc.acknowledgeServerEvents({ cursor })
    expect(answer).toMatchObject({ accepted: true, cursor })
    for (const from of [{}, { cursor: { sequence: 1n, serverId: 'srv_other' } }, { cursor: { sequence: 1n << 40n } }]) {
      const again = subscribe(rpc, from)
      expect(eventOf(await again.next())).toMatchObject({ kind: ServerEventKind.PING, sequence: event.sequence })
      expect(eventOf(await again.next()).aggregateId).toBe(second!)
      await again.close()
    }
  })

  test('brings nothing of another computer, whatever it asks to include', async () => {
    const [one, two] = [await machine(), await machine()]
    const all = { includeAllAgents: true, includeAllTargets: true, includeAllScopes: true }
    const [a, b] = [subscribe(one.rpc, all), subscribe(two.rpc, all)]
    const mine: string[] = []
    const theirs: string[] = []
    for (let i = 0; i < 5; i++) {
      mine.push(await ask(one.name))
      theirs.push(await ask(two.name))
    }
    const ids = (got: SubscribeServerEventsResponse[]) => got.map(eventOf).flatMap((event) => runOf(event)?.runId ?? [])
    expect(ids(await a.until(isRun(mine[4]!)))).toEqual(mine)
    expect(ids(await b.until(isRun(theirs[4]!)))).toEqual(theirs)
    expect(await refusal(subscribe(one.rpc, { computerId: two.computer.id }).next())).toBe(
      'permission_denied foreign_computer',
    )
    await Promise.all([a.close(), b.close()])
  })

  test('can be limited to agents, kinds and operations', async () => {
    const { rpc, name, computer } = await machine()
    const second = await server.agent({ computerId: computer.id, name: `${name}b` })
    const frames = subscribe(rpc, {
      includeAllAgents: false,
      agentIds: [second.id],
      kinds: [ServerEventKind.RUN_ASSIGNED],
      operations: [EventOperation.CREATED],
    })
    await ask(name)
    await owner.call('POST /api/agents/{id}/control', { params: { id: second.id }, body: { action: 'restart' } })
    const runId = await ask(`${name}b`)
    const got = (await frames.until(isRun(runId))).map(eventOf)
    expect(got.map((event) => event.kind)).toEqual([ServerEventKind.PING, ServerEventKind.RUN_ASSIGNED])
    await frames.close()
  })

  test('sends a run as it is now: one that was killed meanwhile is not assigned', async () => {
    const { rpc, name } = await machine()
    const runId = await ask(name)
    await owner.call('POST /api/runs/{id}/actions', { params: { id: runId }, body: { action: 'kill' } })
    const last = await ask(name)
    const frames = subscribe(rpc)
    const got = (await frames.until(isRun(last))).map(eventOf)
    const killed = got.filter((event) => event.aggregateId === runId)
    expect(killed.length).toBeGreaterThan(0)
    for (const event of killed)
      expect([event.operation, runOf(event)?.state]).toEqual([EventOperation.UPDATED, RunState.CANCELED])
    await frames.close()
  })

  test('brings orders, and none that is over', async () => {
    const { rpc, agent, name } = await machine()
    const control = (action: 'restart' | 'terminate', reason: string) =>
      owner.call('POST /api/agents/{id}/control', { params: { id: agent.id }, body: { action, reason } })
    const done = await control('restart', 'too slow')
    const report = { operationId: done.operationId, state: 'completed', detail: 'done' }
    await rpc.logActivity({ kind: 'operation', detail: JSON.stringify(report) })
    const open = await control('restart', 'still slow')
    const runId = await ask(name)
    const frames = subscribe(rpc)
    const got = (await frames.until(isRun(runId))).map(eventOf)
    const orders = got.flatMap((event) => (event.payload.case === 'agentControl' ? event.payload.value : []))
    expect(orders).toMatchObject([
      { operationId: open.operationId, action: AgentControlAction.RESTART, reason: 'still slow', agentId: agent.id },
    ])
    await frames.close()
  })

  test('ends when the credential is revoked', async () => {
    const { rpc, computer } = await machine()
    const frames = subscribe(rpc)
    await frames.next()
    const { db, credentials } = server.core
    await db.tx((tx) => credentials.revoke(tx, { kind: 'computer', ownerId: computer.id }))
    expect(await frames.ending()).toBe('unauthenticated token_invalid')
    expect(await refusal(subscribe(rpc).next())).toBe('unauthenticated token_invalid')
  })

  test('ends when the computer opens another one', async () => {
    const { rpc, name } = await machine()
    const older = subscribe(rpc)
    await older.next()
    const newer = subscribe(rpc)
    await newer.next()
    expect(await older.ending()).toBe('already_exists stream_replaced')
    const runId = await ask(name)
    expect(eventOf(await newer.next()).aggregateId).toBe(runId)
    await newer.close()
  })

  test('leaves no reader behind when the daemon hangs up', async () => {
    const { rpc } = await machine()
    const before = server.core.hub.readers
    const streams = Array.from({ length: 5 }, () => subscribe(rpc, { requestId: 'x' }))
    for (const frames of streams) await frames.next()
    await Promise.all(streams.map((frames) => frames.close()))
    for (let i = 0; i < 200 && server.core.hub.readers > before; i++) await Bun.sleep(5)
    expect(server.core.hub.readers).toBe(before)
  })

  test('is given signs of life for as long as nothing happens, and ends with the server', async () => {
    await using quick = await startTestServer()
    const { token } = await quick.computer()
    const handlers = rpcHandlers(createRpc(quick.core, quick.services, { pingMs: 20 }))
    await using listener = Bun.serve({
      hostname: '127.0.0.1',
      port: 0,
      http2: true,
      fetch: (request) =>
        handlers.get(new URL(request.url).pathname)?.(request, () => '') ?? new Response(null, { status: 404 }),
    })
    const frames = subscribe(rpcClient(listener.url.origin, token))
    for (let i = 0; i < 5; i++) expect(eventOf(await frames.next()).kind).toBe(ServerEventKind.PING)
    quick.core.hub.close()
    expect(await frames.ending()).toBe('unavailable')
  })
})

describe('an acknowledgement', () => {
  const acked = async (rpc: Rpc) => (await rpc.acknowledgeServerEvents({})).cursor?.sequence

  test('is taken by event ids too, as older daemons send it', async () => {
    const { rpc, name } = await machine()
    await ask(name)
    const frames = subscribe(rpc)
    const [ping, event] = [eventOf(await frames.next()), eventOf(await frames.next())]
    // They copy the aggregate's id into the cursor, and acknowledge pings as well.
    const of = ({ eventId, sequence, aggregateId }: ServerEvent) =>
      rpc.acknowledgeServerEvents({ eventIds: [eventId], cursor: { sequence, serverId: aggregateId } })
    expect(await of(ping)).toMatchObject({ accepted: true })
    expect(await acked(rpc)).toBe(0n)
    expect(await of(event)).toMatchObject({ accepted: true, cursor: { sequence: event.sequence } })
    await of(ping)
    expect(await acked(rpc)).toBe(event.sequence)
    await frames.close()
  })

  test('never goes back, and never beyond the log', async () => {
    const { rpc } = await machine()
    const head = BigInt(server.core.hub.head)
    await rpc.acknowledgeServerEvents({ cursor: { sequence: head } })
    await rpc.acknowledgeServerEvents({ cursor: { sequence: 1n } })
    await rpc.acknowledgeServerEvents({ cursor: { sequence: head + 1_000_000n } })
    expect(await acked(rpc)).toBe(head)
  })

  test('of another computer’s event moves nothing', async () => {
    const [one, two] = [await machine(), await machine()]
    await ask(two.name)
    const frames = subscribe(two.rpc)
    await frames.next()
    const { eventId } = eventOf(await frames.next())
    await one.rpc.acknowledgeServerEvents({ eventIds: [eventId] })
    expect(await acked(one.rpc)).toBe(0n)
    await frames.close()
  })
})

describe('an agent’s stream', () => {
  test('brings what is written in its channels, and nothing else', async () => {
    const { agent, name } = await machine()
    await owner.call('POST /api/channels', { body: { name: `hidden-${name}`, visibility: 'private' } })
    const frames = subscribe(rpcClient(server.url, agent.token))
    await frames.next()
    await owner.call('POST /api/messages', { body: { target: `#hidden-${name}`, content: 'secret' } })
    await ask(name)
    await owner.call('POST /api/messages', { body: { target: '#general', content: `last for ${name}` } })
    const got = (await frames.until((f) => message(f)?.content === `last for ${name}`)).map(eventOf)
    expect(got.every((event) => event.kind === ServerEventKind.MESSAGE)).toBe(true)
    const texts = got.flatMap((event) => (event.payload.case === 'message' ? event.payload.value.content : []))
    expect(texts).toEqual([`@${name} hi`, `last for ${name}`])
    await frames.close()
  })

  const message = (frame: SubscribeServerEventsResponse) => {
    const { payload } = eventOf(frame)
    return payload.case === 'message' ? payload.value : undefined
  }
})

describe('the event log', () => {
  const kindsOf = (events: { kind: CollaborationEventKind }[]) => [
    ...new Set(events.map((event) => CollaborationEventKind[event.kind])),
  ]

  test('is read page by page, as far as the caller may see it', async () => {
    const { agent, name, rpc } = await machine()
    const start = { sequence: BigInt(server.core.hub.head) }
    await owner.call('POST /api/channels', { body: { name: `private-${name}`, visibility: 'private' } })
    await owner.call('POST /api/messages', { body: { target: `#private-${name}`, content: 'secret' } })
    const runId = await ask(name)
    await rpc.updateRunStatus({ runId, state: RunState.RUNNING, leaseId: 'l' })
    const detail = JSON.stringify({ type: 'notice', level: 'info', text: 'looking' })
    await rpc.appendRunStep({ step: { stepId: `step_${name}`, runId, detail }, leaseId: 'l' })
    await rpc.logActivity({ target: '#general', agentId: agent.id, kind: 'run_started', summary: 'started' })

    const read = async (who: Rpc, more: object = {}) => {
      const events = []
      for (let cursor: object = start; ;) {
        const page = await who.listEventsSince({ cursor, limit: 2, ...more })
        events.push(...page.events)
        cursor = page.nextCursor!
        if (!page.events.length) return events
      }
    }
    const people = rpcClient(server.url, owner.token)
    const all = await read(people)
    expect(kindsOf(all)).toEqual(['MESSAGE', 'RUN', 'RUN_STEP', 'ACTIVITY'])
    const order = all.map((event) => event.sequence)
    expect(order).toEqual([...new Set(order)].toSorted((a, b) => Number(a - b)))
    const texts = (events: typeof all) =>
      events.flatMap((event) => (event.payload.case === 'message' ? event.payload.value.content : []))
    expect(texts(all)).toEqual(['secret', `@${name} hi`])
    expect(texts(await read(rpcClient(server.url, agent.token)))).toEqual([`@${name} hi`])
    expect(kindsOf(await read(rpc))).toEqual(['RUN'])
    const activity = all.find((event) => event.payload.case === 'activity')
    expect(activity).toMatchObject({
      target: '#general',
      payload: { value: { summary: 'started', agentId: agent.id } },
    })

    expect(kindsOf(await read(people, { kinds: [CollaborationEventKind.RUN] }))).toEqual(['RUN'])
    const scoped = await read(people, { scopes: [{ scopeType: EventScopeType.RUN, scopeId: runId }] })
    expect(kindsOf(scoped)).toEqual(['RUN', 'RUN_STEP'])
    const targeted = await people.listEventsSince({ cursor: { ...start, target: `#private-${name}` } })
    expect(texts(targeted.events)).toEqual(['secret'])
    expect(targeted.nextCursor?.target).toBe(`#private-${name}`)
  })

  test('is followed live, and from where a follower stopped', async () => {
    const people = rpcClient(server.url, owner.token)
    const post = (content: string) => owner.call('POST /api/messages', { body: { target: '#general', content } })
    const follow = (request: Parameters<Rpc['subscribeActivity']>[0]) =>
      new Frames<SubscribeActivityResponse>((options) => people.subscribeActivity(request, options))
    const content = ({ event }: SubscribeActivityResponse) =>
      event?.payload.case === 'message' ? event.payload.value.content : undefined

    const first = follow({ kinds: [CollaborationEventKind.MESSAGE] })
    expect((await first.next()).event?.kind).toBe(CollaborationEventKind.PING)
    await post('one')
    const one = await first.next()
    expect([content(one), one.event?.operation]).toEqual(['one', EventOperation.APPENDED])
    await first.close()
    await post('two')
    const second = follow({ kinds: [CollaborationEventKind.MESSAGE], cursor: { sequence: one.event!.sequence } })
    await second.next()
    await post('three')
    expect([content(await second.next()), content(await second.next())]).toEqual(['two', 'three'])
    await second.close()

    await owner.call('POST /api/channels', { body: { name: 'aside' } })
    const aside = follow({ targets: ['#aside'], kinds: [CollaborationEventKind.MESSAGE] })
    await aside.next()
    await post('four')
    await owner.call('POST /api/messages', { body: { target: '#aside', content: 'five' } })
    expect(content(await aside.next())).toBe('five')
    await aside.close()
    const cursor = { sequence: one.event!.sequence }
    expect(await people.acknowledgeActivityEvents({ cursor })).toMatchObject({ accepted: true, cursor })
  })

  test('ends for a follower whose API token is revoked', async () => {
    const token = await server.apiToken('read')
    const frames = new Frames((options) => rpcClient(server.url, token.token).subscribeActivity({}, options))
    await frames.next()
    await server.core.db.tx((tx) => server.core.credentials.revoke(tx, { kind: 'api', ownerId: token.id }))
    expect(await frames.ending()).toBe('unauthenticated token_invalid')
  })
})
