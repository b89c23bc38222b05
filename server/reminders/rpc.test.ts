import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { CollaborationEventKind } from '@shared/gen/nekode/daemon/v1/events_pb'
import { ReminderEventType, ReminderScheduleKind, ReminderStatus } from '@shared/gen/nekode/daemon/v1/reminders_pb'
import { type Rpc, refusal, rpcClient } from '../../test/fixtures/rpc'
import { type Caller, type TestServer, startTestServer } from '../testing'

let server: TestServer
let owner: Caller
let bot: Caller
let people: Rpc
let agent: Rpc
let computer: Rpc
let outside: Rpc

beforeAll(async () => {
  server = await startTestServer()
  owner = await server.as('owner')
  const box = await server.computer()
  bot = await server.agent({ computerId: box.id, name: 'bot' })
  await owner.call('POST /api/channels', { body: { name: 'den', visibility: 'private' } })
  const params = { target: '#den' }
  await owner.call('POST /api/channels/{target}/members', { params, body: { kind: 'agent', memberId: bot.id } })
  people = rpcClient(server.url, owner.token)
  agent = rpcClient(server.url, bot.token)
  computer = rpcClient(server.url, box.token)
  outside = rpcClient(server.url, (await server.agent({ name: 'stranger' })).token)
})
afterAll(() => server.stop())

const delay = (value: number) => ({ case: 'delaySeconds' as const, value })

describe('over the wire', () => {
  test('a reminder is set once for its key, listed, snoozed, changed, canceled with its token, and its log tells of that', async () => {
    const request = { target: '#den', title: 'Stand-up', scheduleSpec: delay(600), idempotencyKey: 'r1' }
    const { reminder } = await people.scheduleReminder(request)
    expect((await people.scheduleReminder(request)).reminder?.reminderId).toBe(reminder!.reminderId)
    expect(reminder).toMatchObject({ status: ReminderStatus.ACTIVE, enabled: true, prompt: 'Stand-up' })
    const { reminderId, cancelToken } = reminder!
    expect(cancelToken).toStartWith('rct_')
    for (const rpc of [people, agent, computer]) {
      const { reminders } = await rpc.listReminders({ target: '#den', statuses: [ReminderStatus.ACTIVE] })
      expect(reminders.map((r) => [r.reminderId, r.cancelToken])).toEqual([[reminderId, '']])
    }
    expect((await computer.listReminders({})).reminders.map((r) => r.reminderId)).toEqual([reminderId])
    expect(await refusal(outside.getReminderLog({ reminderId }))).toBe('not_found')
    const snoozed = await people.snoozeReminder({ reminderId, delaySeconds: 1200 })
    expect(snoozed.reminder!.nextRunUnix).toBeGreaterThan(reminder!.nextRunUnix)
    const recurring = { kind: ReminderScheduleKind.CRON, expression: '0 9 * * 1-5', timezone: 'Asia/Shanghai' }
    const changed = await people.updateReminder({ reminderId, scheduleUpdate: { case: 'recurring', value: recurring } })
    expect(changed.reminder).toMatchObject({
      scheduleKind: ReminderScheduleKind.CRON,
      recurrence: { rule: '0 9 * * 1-5', timezone: 'Asia/Shanghai' },
    })
    expect(await people.cancelReminder({ reminderId, cancelToken: 'wrong' })).toMatchObject({ accepted: false })
    expect(await agent.cancelReminder({ reminderId, cancelToken })).toMatchObject({
      accepted: true,
      reminder: { status: ReminderStatus.CANCELED },
    })
    expect((await people.getReminderLog({ reminderId })).events.map((e) => e.eventType)).toEqual([
      ReminderEventType.CANCELED,
      ReminderEventType.UPDATED,
      ReminderEventType.SNOOZED,
      ReminderEventType.CREATED,
    ])
    expect((await people.listReminders({ target: '#den' })).reminders).toEqual([])
    expect((await people.listReminders({ target: '#den', includeCanceled: true })).reminders).toHaveLength(1)
    const { events } = await people.listEventsSince({ kinds: [CollaborationEventKind.REMINDER] })
    expect(events.length).toBeGreaterThanOrEqual(4)
  })

  test('a computer sets one for its agent, and older clients’ notations and names are understood', async () => {
    const context = { actor: { agentId: bot.id } }
    const { reminder } = await computer.scheduleReminder({
      channel: '#den',
      name: 'Old',
      prompt: 'Look again.',
      timezone: 'Europe/Berlin',
      scheduleSpec: { case: 'fireAt', value: '2027-03-01 09:00' },
      context,
    })
    expect(reminder).toMatchObject({ title: 'Old', prompt: 'Look again.', target: '#den' })
    expect(Number(reminder!.nextRunUnix)).toBe(Date.parse('2027-03-01T08:00:00Z') / 1000)
    expect(await refusal(computer.scheduleReminder({ target: '#den', title: 'x', scheduleSpec: delay(5) }))).toBe(
      'permission_denied foreign_agent',
    )
    expect(await refusal(people.scheduleReminder({ target: '#den', title: 'x' }))).toBe(
      'invalid_argument schedule_invalid',
    )
    expect(await refusal(outside.scheduleReminder({ target: '#den', title: 'x', scheduleSpec: delay(5) }))).toStartWith(
      'not_found',
    )
  })
})

describe('over HTTP', () => {
  test('one that is due fires by itself, and whom it is for finds it in the inbox', async () => {
    const member = await server.as('member')
    const params = { target: '#den' }
    await owner.call('POST /api/channels/{target}/members', { params, body: { kind: 'human', memberId: member.id } })
    const made = await owner.call('POST /api/reminders', {
      body: { target: '#den', title: 'Soon', delaySeconds: 1, for: { kind: 'human', memberId: member.id } },
    })
    let now = await member.call('GET /api/reminders/{id}', { params: { id: made.id } })
    while (now.status === 'active') {
      await Bun.sleep(50)
      now = await member.call('GET /api/reminders/{id}', { params: { id: made.id } })
    }
    expect(now).toMatchObject({ status: 'done', runCount: 1 })
    const channel = await member.call('GET /api/channels/{target}', { params })
    expect(channel.mentionCount).toBe(1)
    const inbox = await member.call('GET /api/inbox')
    expect(inbox.items.map((item) => [item.kind, item.target, item.state])).toContainEqual([
      'mention',
      '#den',
      'unread',
    ])
    const { items } = await member.call('GET /api/reminders/{id}/log', { params: { id: made.id }, query: {} })
    expect(items.map((e) => e.type)).toEqual(['fired', 'created'])
  }, 30_000)

  test('what is out of bounds is refused with its reason', async () => {
    const cases: [object, string][] = [
      [{ target: '#den', title: 'x', schedule: 'FREQ=SECONDLY', scheduleKind: 'rrule' }, 'schedule_invalid'],
      [{ target: '#den', title: 'x', schedule: 'x'.repeat(501) }, 'invalid_request'],
      [{ target: '#den', title: 'x', delaySeconds: 0 }, 'invalid_request'],
      [{ target: '#den', title: 'x', delaySeconds: 60, timezone: 'Mars/X' }, 'schedule_invalid'],
      [{ target: '#den', delaySeconds: 60 }, 'invalid_request'],
      [{ target: '#nowhere', title: 'x', delaySeconds: 60 }, 'not_found'],
    ]
    for (const [body, code] of cases) {
      const response = await owner.fetch('/api/reminders', {
        method: 'POST',
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json' },
      })
      expect(await response.json()).toMatchObject({ code })
    }
  })
})
