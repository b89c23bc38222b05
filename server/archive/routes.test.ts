import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { ErrorBody } from '@shared/contract'
import { AgentRunPhase } from '@shared/gen/nekode/daemon/v1/archive_pb'
import { type Rpc, rpcClient } from '../../test/fixtures/rpc'
import { type Caller, type TestServer, startTestServer } from '../testing'

let server: TestServer
let owner: Caller
let member: Caller
let box: Caller
let people: Rpc
let runId: string

const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value))

beforeAll(async () => {
  server = await startTestServer()
  owner = await server.as('owner')
  member = await server.as('member')
  box = await server.computer()
  people = rpcClient(server.url, owner.token)
  const bot = await server.agent({ computerId: box.id, name: 'bot' })
  await owner.call('POST /api/channels', { body: { name: 'den', visibility: 'private' } })
  const body = { kind: 'agent' as const, memberId: bot.id }
  await owner.call('POST /api/channels/{target}/members', { params: { target: '#den' }, body })
  const asked = await owner.call('POST /api/messages', { body: { target: '#den', content: '@bot hi' } })
  runId = asked.deliveries[0]!.runId!
  await rpcClient(server.url, box.token).reportAgentRun(
    (async function* () {
      const of = { runId, agentId: bot.id, computerId: box.id }
      yield { ...of, phase: AgentRunPhase.START, atUnixNano: 1_700_000_000_123_456_789n }
      for (let i = 0; i < 300; i++)
        // As an unreliable clock has it: the order is that in which they came.
        yield {
          ...of,
          phase: AgentRunPhase.TOOL_CALL,
          atUnixNano: BigInt(1e15 - i),
          payloadJson: json({ i, pad: 'x'.repeat(20_000) }),
        }
      yield { ...of, phase: AgentRunPhase.END, summary: 'needle', exitCode: 7 }
    })(),
  )
})
afterAll(() => server.stop())

const replay = (caller: Pick<Caller, 'fetch'>, headers: Record<string, string> = {}) =>
  caller.fetch(`/api/agent-runs/${runId}/replay`, { headers })

describe('archives over HTTP', () => {
  test('are listed, read with their events and found, by those who see the run', async () => {
    for (const caller of [owner, box]) {
      const { items } = await caller.call('GET /api/agent-runs', { query: {} })
      expect(items).toMatchObject([{ runId, startedAt: 1_700_000_000_123, exitCode: 7, eventCount: 302 }])
      const params = { id: runId }
      const bare = await caller.call('GET /api/agent-runs/{id}', { params, query: {} })
      expect([bare.run, bare.events]).toEqual([items[0]!, []])
      const { events } = await caller.call('GET /api/agent-runs/{id}', { params, query: { events: 'true' } })
      expect(events.at(-1)).toMatchObject({ position: 301, phase: 'end', summary: 'needle', payload: null })
      expect(events.length).toBeLessThan(302)
      const found = await caller.call('GET /api/agent-runs/search', { query: { q: 'needle' } })
      expect(found.items).toMatchObject([{ run: { runId }, event: { position: 301 }, highlight: 'needle' }])
    }
    const { hits } = await people.searchAgentRuns({ query: 'needle' })
    expect(hits).toMatchObject([
      { run: { runId }, matchingEvent: { phase: AgentRunPhase.END, summary: 'needle' }, highlight: 'needle' },
    ])
  })

  test('give their events page by page, as many as fit into an answer', async () => {
    const params = { id: runId }
    const first = await owner.call('GET /api/agent-runs/{id}/events', { params, query: { limit: 200 } })
    // 20 kB each: 3 MiB hold about 155 of them.
    expect(first.items.length).toBeLessThan(200)
    expect(first.items[0]).toMatchObject({ position: 0, phase: 'start', atNanos: '1700000000123456789' })
    const cursor = first.nextCursor!
    const second = await owner.call('GET /api/agent-runs/{id}/events', { params, query: { limit: 200, cursor } })
    expect(second.items[0]?.position).toBe(first.items.length)
    expect(second.items[0]?.payload).toMatchObject({ i: first.items.length - 1 })
  })

  test('are replayed as they came, and go on after the last event that was heard', async () => {
    const heard = async (headers: Record<string, string>) => {
      const response = await replay(owner, headers)
      expect(response.headers.get('content-type')).toBe('text/event-stream')
      const events = (await response.text()).trimEnd().split('\n\n')
      const ids = events.flatMap((event) => /^id: (\d+)$/m.exec(event)?.[1] ?? [])
      const data = events.flatMap((event) => /^data: (.+)$/m.exec(event)?.[1] ?? [])
      expect(data.map((text) => JSON.parse(text).position).slice(0, -1)).toEqual(ids.map(Number))
      const last = /^event: (\w+)$/m.exec(events.at(-1) ?? '')?.[1]
      return { ids, last }
    }
    const all = Array.from({ length: 302 }, (_, i) => `${i}`)
    expect(await heard({})).toEqual({ ids: all, last: 'over' })
    expect(await heard({ 'last-event-id': '299' })).toEqual({ ids: ['300', '301'], last: 'over' })
    expect(await heard({ 'last-event-id': '301' })).toEqual({ ids: [], last: 'over' })
    expect((await replay(owner, { 'last-event-id': 'x' })).status).toBe(400)
  })

  test('are not there for anybody else', async () => {
    expect((await member.call('GET /api/agent-runs', { query: {} })).items).toEqual([])
    expect((await member.call('GET /api/agent-runs/search', { query: { q: 'needle' } })).items).toEqual([])
    for (const path of ['', '/events', '/replay'])
      for (const caller of [member, await server.computer(), await server.agent()]) {
        const response = await caller.fetch(`/api/agent-runs/${runId}${path}`)
        expect([response.status, ErrorBody.parse(await response.json()).code]).toEqual([404, 'run_unknown'])
      }
  })
})
