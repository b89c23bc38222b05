import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { AgentRunPhase } from '@shared/gen/nekode/daemon/v1/archive_pb'
import { type Rpc, refusal, rpcClient } from '../../test/fixtures/rpc'
import { type Caller, type TestServer, startTestServer } from '../testing'

// A long run has more than a thousand events, each of which is a transaction.
setDefaultTimeout(30_000)

let server: TestServer
let owner: Caller
let box: Caller
let bot: Caller
let other: Caller
let people: Rpc
let member: Rpc
let computer: Rpc
let stranger: Rpc

beforeAll(async () => {
  server = await startTestServer()
  owner = await server.as('owner')
  box = await server.computer()
  bot = await server.agent({ computerId: box.id, name: 'bot' })
  const laptop = await server.computer()
  other = await server.agent({ computerId: laptop.id, name: 'other' })
  await owner.call('POST /api/channels', { body: { name: 'den', visibility: 'private' } })
  const body = { kind: 'agent' as const, memberId: bot.id }
  await owner.call('POST /api/channels/{target}/members', { params: { target: '#den' }, body })
  people = rpcClient(server.url, owner.token)
  member = rpcClient(server.url, (await server.as('member')).token)
  computer = rpcClient(server.url, box.token)
  stranger = rpcClient(server.url, laptop.token)
})
afterAll(() => server.stop())

const ask = async (target = '#general') => {
  const body = { target, content: '@bot hi' }
  return (await owner.call('POST /api/messages', { body })).deliveries[0]!.runId!
}

interface Sent {
  phase: AgentRunPhase
  summary?: string
  payloadJson?: Uint8Array
  exitCode?: number
  errorMessage?: string
  atUnixNano?: bigint
}
async function* events(runId: string, sent: Sent[], more: object = {}) {
  for (const event of sent) yield { runId, agentId: bot.id, computerId: box.id, ...event, ...more }
}
const report = async (rpc: Rpc, ...args: Parameters<typeof events>) => {
  const { persistedCount, droppedCount } = await rpc.reportAgentRun(events(...args))
  return [Number(persistedCount), Number(droppedCount)]
}
const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value))
const { START, TOOL_CALL, TOOL_RESULT, OUTPUT, ERROR, END, UNSPECIFIED } = AgentRunPhase

describe('ReportAgentRun', () => {
  test('keeps a run’s events in order, with what they carry', async () => {
    const runId = await ask()
    const at = 1_700_000_000_123_456_789n
    const counts = await report(computer, runId, [
      { phase: START, summary: 'started', atUnixNano: at },
      { phase: TOOL_CALL, payloadJson: json({ command: 'ls' }) },
      { phase: TOOL_RESULT, payloadJson: json({ exit_code: 0 }) },
      { phase: OUTPUT, summary: 'text' },
      { phase: END, summary: 'all done', exitCode: 3, errorMessage: 'boom' },
    ])
    expect(counts).toEqual([5, 0])
    const { run, events: kept } = await computer.getAgentRun({ runId, includeEvents: true })
    expect(run).toMatchObject({
      runId,
      agentId: bot.id,
      computerId: box.id,
      startedTimeUnix: 1_700_000_000n,
      exitCode: 3,
      summary: 'all done',
      errorMessage: 'boom',
      eventCount: 5,
    })
    expect(run!.endedTimeUnix).toBeGreaterThan(0n)
    expect(kept.map((event) => event.phase)).toEqual([START, TOOL_CALL, TOOL_RESULT, OUTPUT, END])
    expect(kept[0]?.atUnixNano).toBe(at)
    expect(new TextDecoder().decode(kept[1]?.payloadJson)).toBe('{"command":"ls"}')
    expect((await computer.getAgentRun({ runId })).events).toEqual([])
  })

  test('goes on in the same archive when the run is tried again', async () => {
    const runId = await ask()
    await report(computer, runId, [{ phase: START }, { phase: ERROR }, { phase: END, exitCode: 1 }])
    expect(await report(computer, runId, [{ phase: START }])).toEqual([1, 0])
    const { run } = await computer.getAgentRun({ runId })
    expect(run).toMatchObject({ endedTimeUnix: 0n, exitCode: 0, eventCount: 4 })
  })

  test('drops and counts what makes no sense', async () => {
    const runId = await ask()
    const notUtf8 = new Uint8Array([0x7b, 0xff, 0x7d])
    const counts = await report(computer, runId, [
      { phase: TOOL_CALL },
      { phase: START },
      { phase: UNSPECIFIED },
      { phase: OUTPUT, payloadJson: json('text') },
      { phase: OUTPUT, payloadJson: notUtf8 },
      { phase: OUTPUT, payloadJson: new TextEncoder().encode('{') },
      { phase: OUTPUT, payloadJson: json({ large: 'x'.repeat(300_000) }) },
    ])
    expect(counts).toEqual([1, 6])
    expect(await report(computer, '', [{ phase: START }])).toEqual([0, 1])
    expect(await report(computer, 'run_00000000000000000000000000000000', [{ phase: START }])).toEqual([0, 1])
  })

  test('keeps an event whose payload is nested as deep as can be, and goes on with the next', async () => {
    const runId = await ask()
    const payloadJson = new TextEncoder().encode(`{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`)
    expect(await report(computer, runId, [{ phase: START }, { phase: OUTPUT, payloadJson }, { phase: END }])).toEqual([
      3, 0,
    ])
  })

  test('takes an older daemon’s run of a direct message, whose agent is named after the conversation', async () => {
    const runId = `direct-msg_${'0'.repeat(32)}`
    expect(await report(computer, runId, [{ phase: START }, { phase: END }], { agentId: `dm:${bot.id}` })).toEqual([
      2, 0,
    ])
    expect((await computer.getAgentRun({ runId })).run?.agentId).toBe(bot.id)
    expect(await refusal(people.getAgentRun({ runId }))).toBe('not_found run_unknown')
  })

  test('of another computer’s run or agent is refused', async () => {
    const runId = await ask()
    const none = { agentId: '', computerId: '' }
    expect(await refusal(report(stranger, runId, [{ phase: START }], none))).toBe('permission_denied foreign_run')
    expect(await refusal(report(stranger, runId, [{ phase: START }]))).toBe('permission_denied foreign_computer')
    const direct = { agentId: bot.id, computerId: '' }
    expect(await refusal(report(stranger, 'direct-1', [{ phase: START }], direct))).toBe(
      'permission_denied foreign_agent',
    )
    expect(await refusal(stranger.getAgentRun({ runId }))).toBe('not_found run_unknown')
    // Its own agent, in an archive that somebody else began.
    await report(computer, 'direct-2', [{ phase: START }])
    const intruder = { agentId: other.id, computerId: '' }
    expect(await refusal(report(stranger, 'direct-2', [{ phase: OUTPUT }], intruder))).toBe(
      'permission_denied foreign_run',
    )
    expect((await computer.getAgentRun({ runId: 'direct-2' })).run?.eventCount).toBe(1)
  })

  async function* endless() {
    yield { phase: START }
    await new Promise(() => {})
  }

  test('ends when the server stops, and does not keep it from stopping', async () => {
    await using stopping = await startTestServer()
    const reporting = refusal(rpcClient(stopping.url, (await stopping.computer()).token).reportAgentRun(endless()))
    await Bun.sleep(50)
    stopping.core.hub.close()
    expect(await reporting).toBe('unavailable')
  })

  test('ends when the credential is revoked', async () => {
    const gone = await server.computer()
    const reporting = refusal(rpcClient(server.url, gone.token).reportAgentRun(endless()))
    // The stream has to be there before it can be ended.
    await Bun.sleep(50)
    const { db, credentials } = server.core
    await db.tx((tx) => credentials.revoke(tx, { kind: 'computer', ownerId: gone.id }))
    expect(await reporting).toBe('unauthenticated token_invalid')
  })

  test('of a long run answers with the newest events that fit into one message', async () => {
    const runId = await ask()
    const payloadJson = json({ text: 'x'.repeat(250_000) })
    await report(computer, runId, [
      { phase: START },
      ...Array.from({ length: 20 }, () => ({ phase: AgentRunPhase.OUTPUT, payloadJson })),
    ])
    const { run, events: kept } = await computer.getAgentRun({ runId, includeEvents: true })
    expect([run?.eventCount, kept.length]).toEqual([21, 12])
    expect(kept.every(({ phase }) => phase === AgentRunPhase.OUTPUT)).toBe(true)
    const small = await ask()
    await report(computer, small, [
      { phase: START },
      ...Array.from({ length: 1200 }, (_, n) => ({ phase: AgentRunPhase.OUTPUT, summary: `${n}` })),
    ])
    const { events: newest } = await computer.getAgentRun({ runId: small, includeEvents: true })
    expect([newest.length, newest[0]?.summary, newest.at(-1)?.summary]).toEqual([1000, '200', '1199'])
  })

  test('keeps no credential', async () => {
    const runId = await ask()
    const token = `sk-${'c'.repeat(30)}`
    await report(computer, runId, [{ phase: START, summary: token, payloadJson: json({ env: token }) }])
    const { events: kept } = await computer.getAgentRun({ runId, includeEvents: true })
    expect(kept[0]!.summary + new TextDecoder().decode(kept[0]!.payloadJson)).not.toContain(token)
  })
})

test('archives are listed newest first, page by page, to those who see the run’s channel', async () => {
  const runs: string[] = []
  for (const [i, target] of ['#general', '#den', '#general'].entries()) {
    const runId = await ask(target)
    await report(computer, runId, [{ phase: START, atUnixNano: BigInt(4_000_000_000 + i) * 1_000_000_000n }])
    runs.unshift(runId)
  }
  const page = async (rpc: Rpc, more: object = {}) => {
    const { runs: found, nextCursor } = await rpc.listAgentRuns({ agentId: bot.id, limit: 2, ...more })
    return { ids: found.map((run) => run.runId), nextCursor }
  }
  const first = await page(people)
  expect(first.ids).toEqual(runs.slice(0, 2))
  expect((await page(people, { cursor: first.nextCursor! })).ids[0]).toBe(runs[2]!)
  expect((await page(member)).ids).toEqual([runs[0]!, runs[2]!])
  expect(await refusal(member.getAgentRun({ runId: runs[1]! }))).toBe('not_found run_unknown')
  expect((await page(computer)).ids).toEqual(runs.slice(0, 2))
  expect((await page(stranger)).ids).toEqual([])
  expect((await page(people, { agentId: other.id })).ids).toEqual([])
  expect((await page(computer, { computerId: 'cmp_1' })).ids).toEqual([])
})
