import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createWorld, type World } from '../../test/fixtures/world'
import { type Scratch, storages } from '../../test/storages'
import type { ComputerPrincipal, UserPrincipal } from '../access/principal'
import { ActivityService } from '../activity/service'
import type { ArchiveService } from '../archive/service'
import { type Kept, Retention } from './service'

const DAY = 24 * 60 * 60_000

for (const storage of storages)
  describe.skipIf(!storage.available)(`retention on ${storage.name}`, () => {
    let scratch: Scratch
    let world: World
    let ada: UserPrincipal
    let computer: ComputerPrincipal
    let agentId: string
    let archive: ArchiveService
    let activity: ActivityService

    beforeAll(async () => {
      scratch = await storage.scratch()
      world = await createWorld(scratch.dsn)
      ada = await world.user('ada', 'owner')
      computer = await world.computer()
      agentId = (await world.agent(ada, computer, 'bot')).id
      archive = world.talk.archive
      activity = new ActivityService(world.core, world.talk.runs)
    })
    afterAll(async () => {
      await world?.close()
      await scratch?.drop()
    })

    const sweep = (afterMs: number, kept: Partial<Kept> = {}) =>
      new Retention(world.core.db, world.core.hub, { eventDays: 30, detailDays: 90, ...kept }).sweep(
        Date.now() + afterMs,
      )
    const none = { summary: '', resultMessage: '', result: {}, error: '' }
    const event = { atNs: 0n, summary: '', payload: '', exitCode: 0, error: '' }

    /** A run with text that streamed, a tool, a prompt, an archive and an activity; over when `answer` is given. */
    async function worked(answer?: string): Promise<string> {
      const { talk } = world
      const { deliveries } = await talk.messages.post(ada, { target: '#general', content: '@bot hi' })
      const runId = deliveries[0]!.runId!
      await talk.runs.report(computer, { ...none, runId, state: 'running', leaseId: 'l' })
      await talk.prompts.snapshot(computer, runId)
      const step = { runId, leaseId: 'l', startedAt: 1, completedAt: null }
      const text = { ...step, id: `step_t_${runId.slice(-8)}`, sequence: 1 }
      await talk.steps.append(computer, {
        ...text,
        status: 'running',
        detail: { type: 'text', offset: 0, text: 'Hel' },
      })
      await talk.steps.append(computer, { ...text, status: 'running', detail: { type: 'text', offset: 3, text: 'l' } })
      await talk.steps.append(computer, {
        ...text,
        status: 'completed',
        detail: { type: 'text', offset: 4, text: 'o' },
      })
      for (let n = 0; n < 250; n++) {
        const detail = { type: 'notice', level: 'info', text: `${n}` } as const
        const id = `step_${n}_${runId.slice(-8)}`
        await talk.steps.append(computer, { ...step, id, sequence: n + 2, status: 'completed', detail })
      }
      const usage = { input: 1, cacheRead: 0, cacheWrite: 0, output: 2, reasoning: 0 }
      const used = { ...step, id: `step_u_${runId.slice(-8)}`, sequence: 999, status: 'completed' } as const
      await talk.steps.append(computer, { ...used, detail: { type: 'usage', usage, costUsd: 0.5 } })
      await archive.record(computer, { ...event, runId, agentId, phase: 'start' })
      await archive.record(computer, { ...event, runId, agentId, phase: 'end' })
      const note = { target: '', agentId, kind: 'note', summary: 'busy', detail: '', runId, stepId: '' }
      await activity.log(computer, note)
      if (answer !== undefined)
        await talk.runs.report(computer, { ...none, runId, state: 'completed', leaseId: 'l', resultMessage: answer })
      return runId
    }

    const rows = async () => {
      const { q, t } = world.core.db
      const runs = (await q.select().from(t.runs).orderBy(t.runs.id)).map((run) => ({ ...run, detailRemovedAt: null }))
      const messages = await q.select().from(t.messages).orderBy(t.messages.id)
      return { runs, messages, deliveries: await q.select().from(t.deliveries).orderBy(t.deliveries.id) }
    }
    const events = () => world.core.db.raw('select sequence, kind, operation from events order by sequence')

    test('details of runs that are over go after the days that are set, and what they came to stays', async () => {
      const { q, t } = world.core.db
      const over = await worked('done')
      const active = await worked()
      await archive.record(computer, { ...event, runId: 'direct-1', agentId, phase: 'start' })
      const before = await rows()

      await sweep(89 * DAY)
      await sweep(91 * DAY, { detailDays: 0 })
      expect(await q.select().from(t.runSteps)).toHaveLength(504)
      expect((await world.talk.pages.page(ada, over, {})).removed).toBe(false)

      await sweep(91 * DAY)
      const steps = await q.select().from(t.runSteps)
      expect([steps.length, new Set(steps.map((step) => step.runId))]).toEqual([252, new Set([active])])
      expect(await world.talk.pages.page(ada, over, {})).toEqual({ items: [], removed: true })
      const prompts = new Map((await q.select().from(t.prompts)).map((prompt) => [prompt.runId, prompt]))
      expect(prompts.get(over)).toMatchObject({ content: '', sections: [] })
      expect(prompts.get(active)!.content).toContain('@bot hi')
      expect(world.talk.prompts.snapshot(computer, over)).rejects.toMatchObject({ kind: 'not_found' })
      for (const table of [t.archives, t.archiveEvents, t.activities]) expect(await q.select().from(table)).toEqual([])

      expect(await rows()).toEqual(before)
      const { run } = await world.talk.runs.get(ada, over)
      expect(run).toMatchObject({ state: 'completed', usage: { input: 1, output: 2 }, costUsd: 0.5 })

      await world.talk.runs.report(computer, { ...none, runId: active, state: 'canceled', leaseId: 'l' })
    })

    test('streamed pieces go after an hour, the rest of the log after the days that are set, the last event never', async () => {
      const { hub } = world.core
      const runId = await worked()
      const before = await events()
      await sweep(DAY / 2)
      const after = await events()
      const pieces = before.filter((e) => e.operation === 'appended')
      expect(pieces.length).toBe(2)
      expect(after).toEqual(before.filter((e) => e.operation !== 'appended'))

      const old = hub.cursor(Number(after[0]!.sequence))
      expect(hub.parseCursor(old)).toBeGreaterThan(0)
      await sweep(31 * DAY, { eventDays: 0 })
      expect(await events()).toEqual(after)
      await sweep(31 * DAY)
      expect(await events()).toEqual([after.at(-1)!])
      expect(() => hub.parseCursor(old)).toThrow('does not belong')
      expect(hub.parseCursor(hub.cursor())).toBe(hub.head)
      await world.talk.runs.report(computer, { ...none, runId, state: 'canceled', leaseId: 'l' })
    })

    test('a piece that is the last event stays, so that no number is given out twice', async () => {
      const { deliveries } = await world.talk.messages.post(ada, { target: '#general', content: '@bot hi' })
      const runId = deliveries[0]!.runId!
      await world.talk.runs.report(computer, { ...none, runId, state: 'running', leaseId: 'l' })
      const detail = { type: 'text', offset: 0, text: 'x' } as const
      const step = { runId, leaseId: 'l', sequence: 1, startedAt: 1, completedAt: null, detail }
      await world.talk.steps.append(computer, { ...step, id: 'step_last', status: 'running' })
      const { head } = world.core.hub
      await sweep(DAY)
      expect(await world.core.db.head()).toBe(head)
    })

    if (storage.name === 'sqlite')
      test('nothing looks through a whole table for what is old', async () => {
        const plans: [string, string][] = [
          [
            "select sequence from events where kind = 'run_step' and operation = 'appended' and created_at < 5 and sequence < 9 limit 200",
            'INDEX events_kind',
          ],
          [
            'select id from runs where detail_removed_at is null and completed_at < 5 order by completed_at limit 1',
            'INDEX runs_detail',
          ],
          ['select run_id from archives where updated_at < 5 order by updated_at limit 1', 'INDEX archives_updated'],
          ["select id from activities where id < 'act_1' order by id limit 200", 'SEARCH'],
        ]
        for (const [sql, uses] of plans) {
          const plan = (await world.core.db.raw(`explain query plan ${sql}`)).map((row) => String(row.detail))
          expect(plan.join('\n')).toContain(uses)
          expect(plan.join('\n')).not.toMatch(/SCAN|TEMP B-TREE/)
        }
      })
  })
