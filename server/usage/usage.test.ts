import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { eq } from 'drizzle-orm'
import type { UsageReport } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import { type World, createWorld } from '../../test/fixtures/world'
import { type Scratch, storages } from '../../test/storages'
import type { AgentPrincipal, ComputerPrincipal, UserPrincipal } from '../access/principal'
import { daysBetween, stretches } from './days'
import type { UsageQuery } from './service'

const at = (iso: string): number => Date.parse(iso)

describe('the days of a zone', () => {
  test('change their length where the clocks do', () => {
    const [from, to] = [at('2026-03-28T12:00:00Z'), at('2026-10-26T12:00:00Z')]
    const hour = 3_600_000
    expect(stretches('Europe/Berlin', from, to)).toEqual([
      { until: at('2026-03-29T01:00:00Z'), offset: hour },
      { until: at('2026-10-25T01:00:00Z'), offset: 2 * hour },
      { until: Number.MAX_SAFE_INTEGER, offset: hour },
    ])
    expect(stretches('Asia/Kolkata', from, to)).toEqual([{ until: Number.MAX_SAFE_INTEGER, offset: 5.5 * hour }])
  })

  test('are all named, once, from the first to the last', () => {
    const [from, to] = [at('2026-03-28T23:30:00Z'), at('2026-03-31T22:00:00Z')]
    expect(daysBetween(from, to, stretches('Europe/Berlin', from, to))).toEqual([
      '2026-03-29',
      '2026-03-30',
      '2026-03-31',
    ])
    expect(daysBetween(from, from, stretches('UTC', from, from))).toEqual(['2026-03-28'])
  })

  test('of a zone that does not exist are refused', () => {
    expect(() => stretches('Mars/Olympus', 0, 1)).toThrow(NekodeError)
  })
})

for (const storage of storages)
  describe.skipIf(!storage.available)(`usage on ${storage.name}`, () => {
    let scratch: Scratch
    let world: World
    let ada: UserPrincipal
    let bob: UserPrincipal
    let computer: ComputerPrincipal
    let bot: AgentPrincipal
    let helper: AgentPrincipal
    const range = { from: at('2026-03-28T00:00:00Z'), to: at('2026-04-02T00:00:00Z') }

    beforeAll(async () => {
      scratch = await storage.scratch()
      world = await createWorld(scratch.dsn)
      ada = await world.user('ada', 'owner')
      bob = await world.user('bob')
      computer = await world.computer()
      const limits = { turnsPerHour: null, costPerDayUsd: null }
      bot = await world.agent(ada, computer, 'bot', { limits, model: 'gpt-5' })
      helper = await world.agent(ada, computer, 'helper', { limits })
      await world.talk.channels.create(bob, { name: 'den', visibility: 'private' })
      await world.talk.channels.addMember(bob, '#den', { kind: 'agent', memberId: bot.id })
    }, 60_000)
    afterAll(async () => {
      await world?.close()
      await scratch?.drop()
    })

    interface Past {
      startedAt: string
      input: number
      costUsd?: number
      fails?: boolean
    }
    /** A run that was over at some time in the past, as its daemon reported it. */
    const ran = async (who: UserPrincipal, target: string, handle: string, past: Past): Promise<string> => {
      const { deliveries } = await world.talk.messages.post(who, { target, content: `@${handle} go` })
      const runId = deliveries[0]!.runId!
      const report = (state: 'running' | 'completed' | 'failed') =>
        world.talk.runs.report(computer, {
          runId,
          state,
          leaseId: 'l',
          summary: '',
          resultMessage: '',
          result: {},
          error: '',
        })
      await report('running')
      const usage = { input: past.input, cacheRead: 1, cacheWrite: 2, output: 10, reasoning: 3 }
      await world.talk.steps.append(computer, {
        id: `step_${runId.slice(-20)}`,
        runId,
        leaseId: 'l',
        sequence: 1,
        status: 'completed',
        detail: { type: 'usage', usage, ...(past.costUsd === undefined ? {} : { costUsd: past.costUsd }) },
        startedAt: 1,
        completedAt: 1,
      })
      await report(past.fails ? 'failed' : 'completed')
      const { db } = world.core
      const rows = await db.q.select().from(db.t.runUsage)
      expect(rows.filter((row) => row.runId === runId)).toHaveLength(1)
      await db.tx(async (tx) => {
        const set = { at: at(past.startedAt), durationMs: 60_000 }
        await tx.q.update(db.t.runUsage).set(set).where(eq(db.t.runUsage.runId, runId))
      })
      return runId
    }
    const report = (who: UserPrincipal, query: UsageQuery = {}): Promise<UsageReport> =>
      world.talk.usage.report(who, { ...range, ...query })
    const parts = ({ items }: UsageReport) => items.map(({ key, name, runs, input }) => [key, name, runs, input])

    test('is summed by day, agent, model, channel and person, and only of what the caller may see', async () => {
      // In Berlin the second of these is on the next day already.
      await ran(ada, '#general', 'bot', { startedAt: '2026-03-29T12:00:00Z', input: 100, costUsd: 0.5 })
      await ran(bob, '#general', 'helper', { startedAt: '2026-03-29T22:30:00Z', input: 200, fails: true })
      await ran(bob, '#den', 'bot', { startedAt: '2026-03-31T00:30:00Z', input: 400, costUsd: 0.25 })
      await ran(ada, '#general', 'helper', { startedAt: '2026-04-02T00:00:00Z', input: 800 })

      const all = await report(bob)
      expect(all.total).toEqual({
        runs: 3,
        failed: 1,
        input: 700,
        cacheRead: 3,
        cacheWrite: 6,
        output: 30,
        reasoning: 9,
        costUsd: 0.75,
        durationMs: 180_000,
      })
      expect(all.days.map(({ day, runs, input }) => [day, runs, input])).toEqual([
        ['2026-03-28', 0, 0],
        ['2026-03-29', 2, 300],
        ['2026-03-30', 0, 0],
        ['2026-03-31', 1, 400],
        ['2026-04-01', 0, 0],
      ])
      const berlin = await report(bob, { timezone: 'Europe/Berlin' })
      expect(berlin.days.filter(({ runs }) => runs > 0).map(({ day, input }) => [day, input])).toEqual([
        ['2026-03-29', 100],
        ['2026-03-30', 200],
        ['2026-03-31', 400],
      ])
      expect(parts(all)).toEqual([
        [bot.id, 'bot', 2, 500],
        [helper.id, 'helper', 1, 200],
      ])
      expect((await report(bob, { by: 'model' })).items.map(({ key, runs }) => [key.split('/')[1], runs])).toEqual([
        ['gpt-5', 2],
        [undefined, 1],
      ])
      expect(parts(await report(bob, { by: 'person' }))).toEqual([
        [ada.id, 'ada', 1, 100],
        [bob.id, 'bob', 2, 600],
      ])
      expect(parts(await report(bob, { by: 'channel' }))).toEqual([
        ['#general', '#general', 2, 300],
        ['#den', '#den', 1, 400],
      ])

      // An admin sums up everything, and learns nothing of a private conversation but what it costs.
      expect(parts(await report(ada, { by: 'channel' }))).toEqual([
        ['#general', '#general', 2, 300],
        ['', '', 1, 400],
      ])
      const eve = await world.user('eve')
      expect((await report(eve)).total).toMatchObject({ runs: 2, input: 300 })
      expect(parts(await report(eve, { by: 'channel' }))).toEqual([['#general', '#general', 2, 300]])
    })

    test('is told of one agent and of one channel', async () => {
      expect((await report(bob, { agentId: bot.id })).total).toMatchObject({ runs: 2, input: 500 })
      expect((await report(bob, { agentId: bot.id, target: '#den' })).total).toMatchObject({ runs: 1, input: 400 })
      const eve = await world.user('eve2')
      expect(report(eve, { target: '#den' })).rejects.toMatchObject({ kind: 'not_found' })
    })

    test('of a time that cannot be is refused', async () => {
      for (const query of [{ from: 2, to: 1 }, { from: 0 }, { timezone: 'Mars/Olympus' }])
        expect(report(ada, query)).rejects.toMatchObject({ code: 'invalid_request' })
    })

    test('of a run that never began is not noted', async () => {
      const { deliveries } = await world.talk.messages.post(ada, { target: '#general', content: '@bot never mind' })
      await world.talk.actions.perform(ada, deliveries[0]!.runId!, 'kill')
      const rows = await world.core.db.q.select().from(world.core.db.t.runUsage)
      expect(rows.map((row) => row.runId)).not.toContain(deliveries[0]!.runId!)
    })
  })
