import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { Reminder } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import { eq } from 'drizzle-orm'
import { type World, createWorld } from '../../test/fixtures/world'
import { type Scratch, storages } from '../../test/storages'
import type { AgentPrincipal, UserPrincipal } from '../access/principal'
import type { ReminderClock } from './fire'
import type { Author, NewReminder, ReminderService } from './service'

const MINUTE = 60_000

for (const storage of storages.filter((s) => s.available))
  describe(`on ${storage.name}`, () => {
    let scratch: Scratch
    let world: World
    let ada: UserPrincipal
    let bob: UserPrincipal
    let eve: UserPrincipal
    let bot: AgentPrincipal
    let reminders: ReminderService
    let clock: ReminderClock

    beforeAll(async () => {
      scratch = await storage.scratch()
      world = await createWorld(scratch.dsn)
      ada = await world.user('ada', 'owner')
      bob = await world.user('bob')
      eve = await world.user('eve')
      bot = await world.agent(ada, await world.computer(), 'bot')
      ;({ reminders, reminderClock: clock } = world.talk)
      await world.talk.channels.create(ada, { name: 'den', visibility: 'private' })
      for (const [kind, memberId] of [
        ['human', bob.id],
        ['agent', bot.id],
      ] as const)
        await world.talk.channels.addMember(ada, '#den', { kind, memberId })
    }, 60_000)
    afterAll(async () => {
      await world?.close()
      await scratch?.drop()
    })

    const set = (more: Partial<NewReminder> = {}, p: Author = bob) =>
      reminders.create(p, {
        target: '#den',
        title: 'Stand-up',
        ...(more.fireAt || more.schedule ? {} : { delaySeconds: 60 }),
        ...more,
      })
    const code = async (work: Promise<unknown>): Promise<string> => {
      try {
        await work
        return 'ok'
      } catch (error) {
        return error instanceof NekodeError ? error.code : String(error)
      }
    }
    const kinds = () => world.events().map((e) => `${e.kind} ${e.operation}`)
    /** Lets the clock strike when the reminder is due, and gives what it is then. */
    const strike = async ({ id }: Reminder, late = 0): Promise<Reminder> => {
      const { nextRunAt } = await reminders.get(ada, id)
      await clock.fireDue((nextRunAt ?? 0) + late)
      return reminders.get(ada, id)
    }
    const lastMessage = async () => (await world.talk.messages.list(ada, { target: '#den', limit: 1 })).items[0]
    const log = async (id: string) => (await reminders.log(ada, id, {})).items

    test('what words come to can be looked at before anything is set', async () => {
      kinds()
      const preview = (schedule: string, p: Author = bob) => reminders.preview(p, { schedule, timezone: 'Asia/Tokyo' })
      const daily = await preview('every day at 9')
      expect(daily).toMatchObject({ recurring: true, timezone: 'Asia/Tokyo' })
      expect(daily.times).toHaveLength(5)
      const gaps = daily.times.slice(1).map((at, n) => at - (daily.times[n] ?? 0))
      expect(new Set(gaps)).toEqual(new Set([24 * 60 * MINUTE]))
      const hours = daily.times.map((at) => new Date(at).toLocaleTimeString('en-GB', { timeZone: 'Asia/Tokyo' }))
      expect(new Set(hours)).toEqual(new Set(['09:00:00']))
      expect(await preview('in 20 minutes')).toMatchObject({
        recurring: false,
        ruleKind: 'at',
        times: [expect.any(Number)],
      })
      expect(await code(preview('when the cows come home'))).toBe('schedule_invalid')
      expect(await code(reminders.preview(bot, { schedule: '* * * * *', scheduleKind: 'cron' }))).toBe(
        'schedule_invalid',
      )
      expect(kinds()).toEqual([])
    })

    test('one that fires once is a message for whom it is for, and then it is done', async () => {
      const r = await set({ for: { kind: 'human', memberId: ada.id }, prompt: 'Bring **numbers**.' })
      expect(r).toMatchObject({ status: 'active', recurring: false, for: { name: 'ada' }, createdBy: { id: bob.id } })
      world.events()
      const done = await strike(r)
      expect(kinds().filter((kind) => !kind.startsWith('inbox'))).toEqual(['message created', 'reminder state_changed'])
      expect(done).toMatchObject({ status: 'done', runCount: 1, nextRunAt: null })
      const message = await lastMessage()
      expect(message).toMatchObject({
        sender: { kind: 'system' },
        content: '⏰ @ada **Stand-up** (set by bob)\n\nBring **numbers**.',
      })
      expect(message?.mentions.map((m) => m.id)).toEqual([ada.id])
      expect((await log(r.id)).map((e) => [e.type, e.messageId])).toEqual([
        ['fired', message!.id],
        ['created', null],
      ])
      await clock.fireDue(Date.now() + 10 * MINUTE)
      expect((await reminders.get(ada, r.id)).runCount).toBe(1)
    })

    test('one for an agent is a delivery with its cause, whatever the agent’s mode in the channel', async () => {
      const change = { kind: 'agent', memberId: bot.id } as const
      await world.talk.channels.updateMember(ada, '#den', change.kind, change.memberId, { deliveryMode: 'off' })
      const r = await set({ for: change, prompt: 'Summarise the day.' })
      await strike(r)
      const message = await lastMessage()
      const { deliveries, runs } = await world.talk.messages.get(ada, message!.id)
      expect(deliveries).toMatchObject([{ agentId: bot.id, cause: 'reminder', state: 'pending' }])
      expect(runs).toMatchObject([{ agentId: bot.id, inputMessageId: message!.id }])
      await world.talk.channels.updateMember(ada, '#den', change.kind, change.memberId, { deliveryMode: 'mentions' })
    })

    test('an agent sets one for itself; its guards hold, and what a guard refuses is in the log', async () => {
      await world.talk.agents.update(ada, bot.id, { limits: { turnsPerHour: 0, costPerDayUsd: null } })
      const r = await set({}, bot)
      expect(r).toMatchObject({ for: { id: bot.id }, createdBy: { kind: 'agent' } })
      const done = await strike(r)
      expect(done).toMatchObject({ status: 'done', runCount: 1 })
      expect(done.lastError).toContain('its limit is 0')
      await world.talk.agents.update(ada, bot.id, { limits: { turnsPerHour: null, costPerDayUsd: null } })
    })

    test('an agent’s reminders have an end, a number and a distance', async () => {
      const every = { schedule: '20m', scheduleKind: 'every' as const }
      expect(await set(every, bot)).toMatchObject({ maxRuns: 100 })
      expect(await code(set({ schedule: '5m', scheduleKind: 'every' }, bot))).toBe('schedule_invalid')
      expect(await code(set({ for: { kind: 'agent', memberId: 'agent_other' } }, bot))).toBe('forbidden')
      const more = await Promise.all(Array.from({ length: 25 }, () => code(set(every, bot))))
      expect(more.filter((each) => each === 'too_many_reminders').length).toBeGreaterThanOrEqual(6)
      const { items } = await reminders.list(ada, { memberId: bot.id, status: ['active'], limit: 100 })
      expect(items).toHaveLength(20)
      for (const { id } of items) await reminders.cancel(bob, id, undefined)
    })

    test('a recurring one goes on; after a pause of the server it fires once, late, and not for every time that passed', async () => {
      const r = await set({ schedule: '10m', scheduleKind: 'every' })
      const first = await strike(r)
      expect(first).toMatchObject({ status: 'active', runCount: 1, nextRunAt: r.nextRunAt! + 10 * MINUTE })
      const late = await strike(r, 35 * MINUTE)
      expect(late).toMatchObject({ runCount: 2, nextRunAt: r.nextRunAt! + 50 * MINUTE })
      expect((await log(r.id))[0]).toMatchObject({ type: 'fired', detail: '2100 seconds late.' })
      await reminders.cancel(bob, r.id, undefined)
    })

    test('what may be skipped is not said when the server was not running, and says so in its log', async () => {
      const again = await set({ schedule: '10m', scheduleKind: 'every', missed: 'skip' })
      expect(await strike(again, 5 * MINUTE)).toMatchObject({ runCount: 0, status: 'active' })
      const once = await set({ missed: 'skip' })
      const failed = await strike(once, 5 * MINUTE)
      expect(failed).toMatchObject({ runCount: 0, status: 'failed', nextRunAt: null })
      expect(failed.lastError).toContain('not running')
      expect((await log(once.id))[0]).toMatchObject({ type: 'missed', scheduledAt: once.nextRunAt })
      await reminders.cancel(bob, again.id, undefined)
    })

    test('of two clocks that strike at once one lets it fire', async () => {
      const all = await Promise.all(Array.from({ length: 30 }, (_, i) => set({ title: `Many ${i}` })))
      const at = Math.max(...all.map((r) => r.nextRunAt!))
      const counts = await Promise.all([clock.fireDue(at), clock.fireDue(at), clock.fireDue(at)])
      expect(counts.reduce((a, b) => a + b, 0)).toBe(30)
      const { items } = await world.talk.messages.list(ada, { target: '#den', limit: 60 })
      expect(items.filter((m) => m.content.includes('Many'))).toHaveLength(30)
    })

    test('more than a batch that are due at once all fire', async () => {
      const all = await Promise.all(Array.from({ length: 120 }, () => set({ title: 'Crowd' })))
      expect(await clock.fireDue(Math.max(...all.map((r) => r.nextRunAt!)))).toBe(120)
    }, 30_000)

    test('snoozed it fires once more, and a recurring one then goes on as before', async () => {
      const once = await set()
      await strike(once)
      expect(await reminders.snooze(bob, once.id, 600)).toMatchObject({ status: 'active' })
      expect(await strike(once)).toMatchObject({ status: 'done', runCount: 2 })
      const daily = await set({ schedule: 'every day at 9' })
      const snoozed = await reminders.snooze(bob, daily.id, 60)
      expect(snoozed.nextRunAt).toBeLessThan(daily.nextRunAt!)
      expect(await strike(daily)).toMatchObject({ nextRunAt: daily.nextRunAt, runCount: 1 })
      expect((await log(daily.id)).map((e) => e.type)).toEqual(['fired', 'snoozed', 'created'])
      await reminders.cancel(bob, daily.id, undefined)
      expect(await code(reminders.snooze(bob, daily.id, 60))).toBe('illegal_transition')
      expect(await reminders.cancel(bob, daily.id, undefined)).toMatchObject({ status: 'canceled' })
    })

    test('it can be changed, paused and go on, by those whose it is', async () => {
      const r = await set({ schedule: '0 9 * * *', scheduleKind: 'cron' })
      const paused = await reminders.update(bob, r.id, { paused: true })
      expect(paused).toMatchObject({ status: 'paused', nextRunAt: null })
      await clock.fireDue(r.nextRunAt! + MINUTE)
      expect(await reminders.update(bob, r.id, { paused: false })).toMatchObject({
        status: 'active',
        nextRunAt: r.nextRunAt,
      })
      const moved = await reminders.update(bob, r.id, { timezone: 'Asia/Shanghai', title: 'Earlier' })
      expect(moved).toMatchObject({ title: 'Earlier', timezone: 'Asia/Shanghai', schedule: '0 9 * * *' })
      expect(new Date(moved.nextRunAt!).getUTCHours()).toBe(1)
      expect(await code(reminders.update(bob, r.id, { title: 'x', expectedVersion: 1 }))).toBe('version_conflict')
      expect(await code(reminders.update(bot, r.id, { title: 'x' }))).toBe('forbidden')
      expect(await code(reminders.get(eve, r.id))).toBe('not_found')
      expect(await code(reminders.cancel(eve, r.id, undefined))).toBe('not_found')
      expect((await reminders.update(ada, r.id, { title: 'By an admin' })).title).toBe('By an admin')
      await reminders.cancel(ada, r.id, undefined)
    })

    test('whoever holds its token may cancel it; a wrong one cancels nothing', async () => {
      const r = await set()
      expect(await code(reminders.cancel(bot, r.id, undefined))).toBe('forbidden')
      expect(await code(reminders.cancel(bob, r.id, 'rct_wrong'))).toBe('cancel_token_wrong')
      expect(await reminders.cancel(bot, r.id, r.cancelToken)).toMatchObject({ status: 'canceled' })
      expect(JSON.stringify(await reminders.list(ada, { includeCanceled: true }))).not.toContain(r.cancelToken)
    })

    test('one about a message fires in its thread', async () => {
      const { message } = await world.talk.messages.post(bob, { target: '#den', content: 'a question' })
      const r = await set({ msgRef: message.id })
      await strike(r)
      const { items } = await world.talk.messages.list(ada, { target: '#den', threadId: message.id })
      expect(items.some((m) => m.content.includes('Stand-up'))).toBeTrue()
      const { message: elsewhere } = await world.talk.messages.post(bob, { target: '#general', content: 'hi' })
      expect(await code(set({ msgRef: elsewhere.id }))).toBe('not_found')
    })

    test('what somebody set in a private channel is not said there once they have left it', async () => {
      const r = await set({}, bob)
      await world.talk.channels.removeMember(ada, '#den', 'human', bob.id)
      const failed = await strike(r)
      expect(failed).toMatchObject({ status: 'failed', runCount: 0 })
      expect(failed.lastError).toContain('@bob')
      await world.talk.channels.addMember(ada, '#den', { kind: 'human', memberId: bob.id })
    })

    test('what somebody set who may not write there any more is not said, and not changed by them either', async () => {
      const of = { for: { kind: 'agent', memberId: bot.id } } as const
      const [r, kept] = [await set(of), await set({ ...of, delaySeconds: 600 })]
      const is = (role: 'member' | 'viewer') => world.talk.channels.updateMember(ada, '#den', 'human', bob.id, { role })
      await is('viewer')
      expect(await code(reminders.update(bob, r.id, { prompt: 'Do something else.' }))).toBe('forbidden')
      expect(await code(reminders.snooze(bob, r.id, 60))).toBe('forbidden')
      expect(await strike(r)).toMatchObject({ status: 'failed', lastError: expect.stringContaining('may not write') })
      expect(await code(reminders.cancel(bob, kept.id, undefined))).toBe('ok')
      await is('member')
    })

    test('an agent that goes on setting the same one again comes to its end as with new ones', async () => {
      const renewals = [
        (id: string) => reminders.snooze(bot, id, 60),
        (id: string) => reminders.update(bot, id, { delaySeconds: 60 }),
      ]
      for (const renew of renewals) {
        const r = await set({ for: { kind: 'agent', memberId: bot.id } })
        let refused = ''
        for (let i = 0; i < 10 && refused === ''; i++) {
          if (i > 0) await renew(r.id)
          refused = (await strike(r)).lastError
        }
        expect(refused).toContain('without a person')
        // A person may want more of it.
        await reminders.snooze(ada, r.id, 60)
        expect((await strike(r)).lastError).toBe('')
      }
    })

    test('a key makes one reminder, and another request with it none', async () => {
      const once = <T>(tx: Parameters<Parameters<typeof world.core.db.tx>[0]>[0], perform: () => Promise<T>) =>
        world.core.idempotency.once(tx, { principal: 'user:x', method: 'reminder', key: 'k', request: 1 }, perform)
      const input = { target: '#den', title: 'Keyed', delaySeconds: 600 }
      const [a, b] = [await reminders.create(bob, input, once), await reminders.create(bob, input, once)]
      expect(b.id).toBe(a.id)
      await reminders.cancel(bob, a.id, undefined)
    })

    test('its log does not grow for ever', async () => {
      const r = await set()
      const { reminderEvents: t } = world.core.db.t
      const old = Date.now() - 91 * 24 * 60 * MINUTE
      await world.core.db.tx((tx) => Promise.resolve(tx.q.update(t).set({ at: old }).where(eq(t.reminderId, r.id))))
      await reminders.sweep()
      expect(await log(r.id)).toEqual([])
      await reminders.cancel(bob, r.id, undefined)
    })
  })
