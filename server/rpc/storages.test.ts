import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { AgentRunPhase } from '@shared/gen/nekode/daemon/v1/archive_pb'
import { CollaborationEventKind, type SubscribeServerEventsResponse } from '@shared/gen/nekode/daemon/v1/events_pb'
import { RunState } from '@shared/gen/nekode/daemon/v1/runs_pb'
import { Frames, type Rpc, refusal, rpcClient } from '../../test/fixtures/rpc'
import { type Scratch, storages } from '../../test/storages'
import { type Caller, type TestServer, startTestServer } from '../testing'

/* What the RPCs ask of the storage, on each of the three databases. The rules themselves are tested on one of them. */

for (const storage of storages.filter((s) => s.available))
  describe(`on ${storage.name}`, () => {
    let scratch: Scratch
    let server: TestServer
    let owner: Caller
    let bot: Caller
    let computer: Rpc
    let people: Rpc

    beforeAll(async () => {
      scratch = await storage.scratch()
      server = await startTestServer({ dsn: scratch.dsn })
      owner = await server.as('owner')
      const box = await server.computer()
      bot = await server.agent({ computerId: box.id, name: 'bot' })
      computer = rpcClient(server.url, box.token)
      people = rpcClient(server.url, owner.token)
      await computer.registerComputer({ info: { daemonId: 'box' } })
    }, 60_000)
    afterAll(async () => {
      await server?.stop()
      await scratch?.drop()
    })

    const ask = async (content = '@bot hi') => {
      const { deliveries } = await owner.call('POST /api/messages', { body: { target: '#general', content } })
      return deliveries[0]!.runId!
    }

    test('a run goes from its event to its answer, once, and its position is remembered', async () => {
      const subscribe = () =>
        new Frames<SubscribeServerEventsResponse>((options) => computer.subscribeServerEvents({}, options))
      const frames = subscribe()
      await frames.next()
      const runId = await ask('@bot count to 😀')
      const event = (await frames.until(({ event }) => event?.aggregateId === runId)).at(-1)!.event!
      await frames.close()
      const { eventId, sequence } = event
      expect((await computer.acknowledgeServerEvents({ eventIds: [eventId] })).cursor?.sequence).toBe(sequence)

      const permit = { agentId: bot.id, idempotencyKey: 'permit' }
      const [first, second] = await Promise.all([1, 2].map(() => computer.acquireStartPermit(permit)))
      expect(second).toEqual(first!)
      const leaseId = first!.permitLease!.leaseId
      const report = (state: RunState, more: object = {}) =>
        computer.updateRunStatus({ runId, state, leaseId, ...more })
      await report(RunState.RUNNING)
      const pieces = ['one\0 ', 'two 😀']
      let offset = 0
      for (const text of pieces) {
        const detail = JSON.stringify({ type: 'text', offset, text })
        expect(
          await computer.appendRunStep({ leaseId, step: { stepId: 'step_1', runId, sequence: 1, detail } }),
        ).toMatchObject({ accepted: true })
        offset += text.length
      }
      const done = await Promise.all([1, 2, 3].map(() => report(RunState.COMPLETED, { resultMessage: 'one two 😀' })))
      expect(done.every((answer) => answer.accepted)).toBe(true)
      const { run, steps } = await computer.getRun({ runId })
      expect(JSON.parse(steps[0]!.detail).text).toMatch(/^one. two 😀$/s)
      const { messages } = await people.readMessages({ target: run!.target })
      expect(messages.filter((m) => m.role === 'assistant').map((m) => m.content)).toEqual(['one two 😀'])
      expect((await computer.listRuns({ target: '#general' })).runs.map((r) => r.runId)).toEqual([runId])
      expect(await refusal(report(RunState.COMPLETED, { idempotencyKey: 'permit', resultMessage: 'x' }))).toBe('ok')
    })

    test('messages are found by sender, activity and archives page by page, and events after a cursor', async () => {
      const runs = [await ask(), await ask(), await ask()]
      const head = { sequence: BigInt(server.core.hub.head) }
      for (const [i, runId] of runs.entries()) {
        await computer.logActivity({ kind: 'note', summary: `note ${i}`, agentId: bot.id, runId })
        async function* events() {
          for (const phase of [AgentRunPhase.START, AgentRunPhase.END])
            yield {
              runId,
              phase,
              atUnixNano: BigInt(4_000_000_000 + i) * 1_000_000_000n,
              payloadJson: new Uint8Array(),
            }
        }
        expect(await computer.reportAgentRun(events())).toMatchObject({ persistedCount: 2n })
      }
      await computer.sendMessage({ target: '#general', content: 'by the bot', sender: { agentId: bot.id } })
      const found = await people.searchMessages({ query: 'BOT', senderHandle: '@bot' })
      expect(found.messages.map((m) => m.content)).toEqual(['by the bot'])
      const notes = await people.listActivity({ limit: 2 })
      const more = await people.listActivity({ limit: 2, cursor: notes.nextCursor! })
      expect([...notes.activities, ...more.activities].map((a) => a.summary)).toEqual(['note 2', 'note 1', 'note 0'])
      const newest = await people.listAgentRuns({ limit: 2 })
      const oldest = await people.listAgentRuns({ limit: 2, cursor: newest.nextCursor! })
      expect([...newest.runs, ...oldest.runs].map((r) => r.runId)).toEqual(runs.toReversed())
      expect((await computer.getAgentRun({ runId: runs[0]!, includeEvents: true })).events).toHaveLength(2)
      const log = await people.listEventsSince({ cursor: head, kinds: [CollaborationEventKind.ACTIVITY] })
      expect(log.events.map((e) => (e.payload.case === 'activity' ? e.payload.value.summary : ''))).toEqual([
        'note 0',
        'note 1',
        'note 2',
      ])
    })
  })
