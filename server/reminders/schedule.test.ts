import { describe, expect, test } from 'bun:test'
import { MAX_SCHEDULE } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import { clockFor } from '@shared/schedule/clock'
import { checkZone } from '@shared/schedule/zone'
import { type When, readSchedule } from './schedule'

const NOW = Date.parse('2026-11-21T12:00:00Z') // a Saturday

/** The first times of a schedule, in UTC to the minute; or what is wrong with it. */
async function times(when: When, zone = 'UTC', count = 2, now = NOW, who: 'human' | 'agent' = 'human') {
  try {
    const plan = await readSchedule(when, checkZone(zone), who, now)
    const next = await clockFor([plan])
    const all: string[] = []
    for (let at: number | null = now; all.length < count;) {
      at = next(plan, at)
      if (at === null) break
      all.push(new Date(at).toISOString().slice(0, 16))
    }
    return all.join(' ')
  } catch (error) {
    if (error instanceof NekodeError) return error.code
    throw error
  }
}

describe('words', () => {
  const cases: [words: string, expected: string, zone?: string][] = [
    ['in 20 minutes', '2026-11-21T12:20'],
    ['Tomorrow at 9', '2026-11-22T08:00', 'Europe/Berlin'],
    ['tomorrow', '2026-11-22T01:00', 'Asia/Shanghai'],
    ['tonight', '2026-11-21T22:00'],
    ['next monday 8:30', '2026-11-23T08:30'],
    ['every 2 hours', '2026-11-21T14:00 2026-11-21T16:00'],
    ['hourly', '2026-11-21T13:00 2026-11-21T14:00'],
    ['every day at 7pm', '2026-11-21T19:00 2026-11-22T19:00'],
    ['every weekday 8:30', '2026-11-23T08:30 2026-11-24T08:30'],
    ['weekdays at noon', '2026-11-23T12:00 2026-11-24T12:00'],
    ['every monday, wednesday and friday at 9:15', '2026-11-23T09:15 2026-11-25T09:15'],
    ['every other tuesday at 10', '2026-12-01T10:00 2026-12-15T10:00'],
    ['every month on the 1st at 8', '2026-12-01T08:00 2027-01-01T08:00'],
    ['明天上午9点', '2026-11-22T01:00', 'Asia/Shanghai'],
    ['20分钟后', '2026-11-21T12:20'],
    ['每天9点', '2026-11-22T01:00 2026-11-23T01:00', 'Asia/Shanghai'],
    ['每个工作日上午8点半', '2026-11-23T08:30 2026-11-24T08:30'],
    ['每周一、三下午三点', '2026-11-23T15:00 2026-11-25T15:00'],
    ['每隔三十分钟', '2026-11-21T12:30 2026-11-21T13:00'],
    ['每月十五号', '2026-12-15T09:00 2027-01-15T09:00'],
    ['下周一8点半', '2026-11-23T08:30'],
  ]
  test.each(cases.map(([words, expected, zone = 'UTC']) => [words, expected, zone] as const))(
    '“%s” is %s',
    async (words, expected, zone) => {
      expect(await times({ schedule: words }, zone)).toBe(expected)
    },
  )

  test.each([
    'bring milk',
    'tomorrow at 9 if it rains',
    'every day at 25',
    'every 0 minutes',
    '每天25点',
    '每月40号',
    'x'.repeat(MAX_SCHEDULE),
  ])('“%.30s” is refused', async (words) => {
    expect(await times({ schedule: words })).toBe('schedule_invalid')
  })

  test('“in 24 hours” is as long across a change of clocks, “tomorrow at 9” is what the clock shows', async () => {
    const before = Date.parse('2027-03-27T12:00:00Z')
    expect(await times({ schedule: 'in 24 hours' }, 'Europe/Berlin', 1, before)).toBe('2027-03-28T12:00')
    expect(await times({ schedule: 'tomorrow at 9' }, 'Europe/Berlin', 1, before)).toBe('2027-03-28T07:00')
  })
})

describe('zones', () => {
  const spring = Date.parse('2027-03-27T12:00:00Z')
  const autumn = Date.parse('2026-10-24T12:00:00Z')
  test('an hour that is left out in spring fires once, later; one that comes twice in autumn fires once', async () => {
    const cron = { schedule: '30 2 * * *', scheduleKind: 'cron' as const }
    expect(await times(cron, 'Europe/Berlin', 2, spring)).toBe('2027-03-28T01:30 2027-03-29T00:30')
    expect(await times(cron, 'Europe/Berlin', 2, autumn)).toBe('2026-10-25T00:30 2026-10-26T01:30')
    expect(await times({ fireAt: '2027-03-28T02:30' }, 'Europe/Berlin', 1, spring)).toBe('2027-03-28T01:30')
    expect(await times({ fireAt: '2026-10-25 02:30' }, 'Europe/Berlin', 1, autumn)).toBe('2026-10-25T00:30')
  })

  test('an RRULE keeps its local time across a change of clocks and leaves out what does not exist, as RFC 5545 says', async () => {
    const rule = { schedule: 'FREQ=DAILY;BYHOUR=2;BYMINUTE=30', scheduleKind: 'rrule' as const }
    expect(await times(rule, 'Europe/Berlin', 2, spring)).toBe('2027-03-29T00:30 2027-03-30T00:30')
    const nine = { schedule: 'FREQ=DAILY;BYHOUR=9;BYMINUTE=0', scheduleKind: 'rrule' as const }
    expect(await times(nine, 'Europe/Berlin', 2, spring)).toBe('2027-03-28T07:00 2027-03-29T07:00')
  })

  test.each(['Mars/Olympus', '+02:00', '', '../etc', 'UTC; drop'])('“%s” is no zone', (zone) => {
    expect(() => checkZone(zone)).toThrow('There is no time zone')
  })
})

describe('notations', () => {
  const cases: [when: When, expected: string, zone?: string][] = [
    [{ delaySeconds: 90 }, '2026-11-21T12:01'],
    [{ fireAt: '2026-12-24' }, '2026-12-23T23:00', 'Europe/Berlin'],
    [{ fireAt: '2026-12-24T10:00:00+02:00' }, '2026-12-24T08:00'],
    [{ fireAt: '1798102800' }, '2026-12-24T09:00'],
    [{ schedule: '90m', scheduleKind: 'every' }, '2026-11-21T13:30 2026-11-21T15:00'],
    [
      { schedule: 'FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=16;BYMINUTE=0', scheduleKind: 'rrule' },
      '2026-11-27T16:00 2026-12-25T16:00',
    ],
    [
      { schedule: 'RRULE:FREQ=WEEKLY;BYDAY=MO;BYHOUR=9;BYMINUTE=0;UNTIL=20261123', scheduleKind: 'rrule' },
      '2026-11-23T09:00',
    ],
    [
      { schedule: 'DTSTART:20261201T080000\nRRULE:FREQ=DAILY;COUNT=2', scheduleKind: 'rrule' },
      '2026-12-01T07:00 2026-12-02T07:00',
      'Europe/Berlin',
    ],
  ]
  test.each(cases.map(([when, expected, zone = 'UTC']) => [when, expected, zone] as const))(
    '%j is %s',
    async (when, expected, zone) => {
      expect(await times(when, zone)).toBe(expected)
    },
  )

  const refused: When[] = [
    {},
    { delaySeconds: 5, fireAt: '2027-01-01' },
    { fireAt: '2020-01-01' },
    { fireAt: 'soon-ish' },
    { fireAt: '2099-01-01' },
    { schedule: '30', scheduleKind: 'every' },
    { schedule: '-5m', scheduleKind: 'every' },
    { schedule: '61 * * * *', scheduleKind: 'cron' },
    { schedule: '0 0 30 2 *', scheduleKind: 'cron' },
    { schedule: '* * * * * *', scheduleKind: 'cron' },
    { schedule: `0 9 * * 1${',1'.repeat(200)}`, scheduleKind: 'cron' },
    { schedule: 'FREQ=SECONDLY', scheduleKind: 'rrule' },
    { schedule: 'FREQ=DAILY;COUNT=100000', scheduleKind: 'rrule' },
    { schedule: 'FREQ=DAILY;BYHOUR=99', scheduleKind: 'rrule' },
    { schedule: 'FREQ=DAILY;X-FOO=1', scheduleKind: 'rrule' },
    { schedule: 'FREQ=DAILY;FREQ=DAILY', scheduleKind: 'rrule' },
    { schedule: 'FREQ=DAILY;COUNT=2;UNTIL=20270101', scheduleKind: 'rrule' },
    { schedule: 'FREQ=DAILY;UNTIL=20200101', scheduleKind: 'rrule' },
    { schedule: 'FREQ=DAILY;UNTIL=20271399', scheduleKind: 'rrule' },
    { schedule: 'COUNT=3', scheduleKind: 'rrule' },
    // Never: it must be refused without going through all days there are.
    { schedule: 'FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30', scheduleKind: 'rrule' },
    { schedule: 'FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30', scheduleKind: 'rrule' },
  ]
  test.each(refused)('%j is refused', async (when) => {
    expect(await times(when)).toBe('schedule_invalid')
  })

  test('an agent cannot wake itself up as often as a person may be woken up', async () => {
    const often = { schedule: '*/5 * * * *', scheduleKind: 'cron' as const }
    expect(await times(often, 'UTC', 1, NOW, 'human')).toBe('2026-11-21T12:05')
    expect(await times(often, 'UTC', 1, NOW, 'agent')).toBe('schedule_invalid')
  })
})
