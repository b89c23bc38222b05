import { describe, expect, test } from 'bun:test'
import { clockFor } from '@shared/schedule/clock'
import { dueMoments, preview, readWhen } from './when'

const NOW = Date.parse('2026-11-21T12:00:00Z') // a Saturday

const text = (at: number) => new Date(at).toISOString().slice(0, 16)

/** The first moments, in UTC to the minute. */
async function moments(said: string, zone = 'UTC', count = 2, now = NOW): Promise<string> {
  const when = await readWhen(said, zone, now)
  if (when.kind !== 'plan') return when.kind
  return (await preview(when.plan, { after: now }, count)).map(text).join(' ')
}

describe('what people write is understood', () => {
  const cases: [said: string, expected: string, zone?: string][] = [
    ['every 5m', '2026-11-21T12:05 2026-11-21T12:10'],
    ['5m', '2026-11-21T12:05 2026-11-21T12:10'],
    ['every 90 minutes', '2026-11-21T13:30 2026-11-21T15:00'],
    ['every 1h30m', '2026-11-21T13:30 2026-11-21T15:00'],
    ['Every 7 hours', '2026-11-21T19:00 2026-11-22T02:00'],
    ['2d', '2026-11-23T12:00 2026-11-25T12:00'],
    ['every 2 weeks', '2026-12-05T12:00 2026-12-19T12:00'],
    ['daily at 9:00', '2026-11-22T08:00 2026-11-23T08:00', 'Europe/Berlin'],
    ['weekdays at 8:30', '2026-11-23T08:30 2026-11-24T08:30'],
    ['every other tuesday at 10', '2026-12-01T10:00 2026-12-15T10:00'],
    ['*/15 * * * *', '2026-11-21T12:15 2026-11-21T12:30'],
    ['0 9 * * MON-FRI', '2026-11-23T09:00 2026-11-24T09:00'],
    ['0  9 1 jan *', '2027-01-01T09:00 2028-01-01T09:00'],
    ['@daily', '2026-11-22T05:00 2026-11-23T05:00', 'America/New_York'],
    ['@hourly', '2026-11-21T13:00 2026-11-21T14:00'],
    ['FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=16;BYMINUTE=0', '2026-11-27T16:00 2026-12-25T16:00'],
    ['2026-12-24T18:00', '2026-12-24T17:00', 'Europe/Berlin'],
    ['2026-12-24T18:00:00+09:00', '2026-12-24T09:00'],
    ['in 20 minutes', '2026-11-21T12:20'],
    ['每天9点', '2026-11-22T01:00 2026-11-23T01:00', 'Asia/Shanghai'],
    ['on watch', 'watch'],
    ['manual', 'manual'],
    ['now', 'now'],
  ]
  test.each(cases.map(([said, expected, zone = 'UTC']) => [said, expected, zone] as const))(
    '“%s” is %s',
    async (said, expected, zone) => {
      expect(await moments(said, zone)).toBe(expected)
    },
  )

  test.each([
    '',
    'soon',
    '0m',
    'every 0.5s',
    'every 10 years',
    '61 * * * *',
    '* * * * * *',
    '0 0 30 2 *',
    '@reboot',
    '2020-01-01T00:00',
    '2026-13-01',
    '7',
    'FREQ=SECONDLY',
    'x'.repeat(500),
  ])('“%.20s” is refused', async (said) => {
    await expect(moments(said)).rejects.toMatchObject({ code: 'schedule_invalid' })
  })

  test('a zone that is none is refused', async () => {
    await expect(moments('@daily', 'Mars/Olympus')).rejects.toMatchObject({ code: 'schedule_invalid' })
  })
})

describe('when clocks are changed', () => {
  const spring = { 'Europe/Berlin': '2027-03-27T12:00Z', 'America/New_York': '2027-03-13T12:00Z' }
  const autumn = { 'Europe/Berlin': '2026-10-24T12:00Z', 'America/New_York': '2026-10-31T12:00Z' }

  test.each<[said: string, zone: string, now: string, expected: string]>([
    // The hour from 2 to 3 is left out: once, as much later.
    ['30 2 * * *', 'Europe/Berlin', spring['Europe/Berlin'], '2027-03-28T01:30 2027-03-29T00:30'],
    ['30 2 * * *', 'America/New_York', spring['America/New_York'], '2027-03-14T07:30 2027-03-15T06:30'],
    // The hour comes twice: once, the first time.
    ['30 2 * * *', 'Europe/Berlin', autumn['Europe/Berlin'], '2026-10-25T00:30 2026-10-26T01:30'],
    ['30 1 * * *', 'America/New_York', autumn['America/New_York'], '2026-11-01T05:30 2026-11-02T06:30'],
    // Half an hour, on the other side of the world.
    ['15 2 * * *', 'Australia/Lord_Howe', '2026-10-03T00:00Z', '2026-10-03T15:45 2026-10-04T15:15'],
    // At night, so that a day begins at one.
    ['0 0 * * *', 'America/Santiago', '2026-09-05T12:00Z', '2026-09-06T04:00 2026-09-07T03:00'],
    // No change at all.
    ['30 2 * * *', 'Asia/Kolkata', spring['Europe/Berlin'], '2027-03-27T21:00 2027-03-28T21:00'],
    ['daily at 9:00', 'Europe/Berlin', spring['Europe/Berlin'], '2027-03-28T07:00 2027-03-29T07:00'],
    // An interval is as long as ever.
    ['every 24h', 'Europe/Berlin', spring['Europe/Berlin'], '2027-03-28T12:00 2027-03-29T12:00'],
  ])('“%s” in %s comes once a day', async (said, zone, now, expected) => {
    expect(await moments(said, zone, 2, Date.parse(now))).toBe(expected)
  })
})

describe('moments that have passed', () => {
  const due = async (said: string, first: string, now: string, most: number) => {
    const when = await readWhen(said, 'UTC', Date.parse(first) - 1)
    if (when.kind !== 'plan') throw new Error(when.kind)
    const next = await clockFor([when.plan])
    return dueMoments(when.plan, next, Date.parse(first), Date.parse(now), most).map(text)
  }

  test('are the latest ones, the oldest first', async () => {
    expect(await due('0 * * * *', '2026-11-21T10:00Z', '2026-11-21T12:30Z', 10)).toEqual([
      '2026-11-21T10:00',
      '2026-11-21T11:00',
      '2026-11-21T12:00',
    ])
    expect(await due('0 * * * *', '2026-01-01T00:00Z', '2026-11-21T12:30Z', 2)).toEqual([
      '2026-11-21T11:00',
      '2026-11-21T12:00',
    ])
    expect(await due('0 0 1 1 *', '2016-01-01T00:00Z', '2026-11-21T12:30Z', 1)).toEqual(['2026-01-01T00:00'])
    expect(await due('0 0 1 1 *', '2016-01-01T00:00Z', '2026-11-21T12:30Z', 100)).toHaveLength(11)
  })

  test('of an interval are counted, not walked', async () => {
    expect(await due('every 1s', '2016-01-01T00:00Z', '2026-11-21T12:00Z', 1)).toEqual(['2026-11-21T12:00'])
    expect(await due('every 7m', '2026-11-21T10:00Z', '2026-11-21T10:20Z', 5)).toEqual([
      '2026-11-21T10:00',
      '2026-11-21T10:07',
      '2026-11-21T10:14',
    ])
  })
})
