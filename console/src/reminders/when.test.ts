import { describe, expect, test } from 'bun:test'
import type { Reminder } from '@shared/contract'
import { onShelf } from './store'
import { asked, fieldMoment, spanOf, whenOf } from './when'

test.each([
  [60, { count: 1, unit: 'minutes' }],
  [5400, { count: 90, unit: 'minutes' }],
  [7200, { count: 2, unit: 'hours' }],
  [172_800, { count: 2, unit: 'days' }],
] as const)('%i seconds are shown as %o', (seconds, span) => {
  expect(spanOf(seconds)).toEqual(span)
})

const at = Date.UTC(2027, 2, 1, 0, 30)
const reminder = (more: Partial<Reminder>) =>
  ({
    id: 'rem_1',
    scheduleKind: 'at',
    schedule: '',
    rule: '',
    timezone: 'Asia/Tokyo',
    nextRunAt: at,
    ...more,
  }) as Reminder

describe('the form', () => {
  test('shows a moment in the zone of the reminder', () => {
    expect(fieldMoment(at, 'Asia/Tokyo')).toBe('2027-03-01T09:30')
    expect(whenOf(reminder({})).schedule).toBe('2027-03-01T09:30')
  })

  test('asks for a moment as a local time, and for nothing while nothing is said', () => {
    expect(asked({ scheduleKind: 'at', schedule: '2027-03-01T09:30', timezone: 'Asia/Tokyo' })).toEqual({
      scheduleKind: 'at',
      schedule: '2027-03-01 09:30',
      timezone: 'Asia/Tokyo',
    })
    expect(asked({ scheduleKind: 'natural', schedule: '  ', timezone: 'UTC' })).toBeUndefined()
  })

  test('keeps words as they were said, and an interval as its seconds', () => {
    expect(whenOf(reminder({ scheduleKind: 'natural', schedule: 'every day at 9' })).schedule).toBe('every day at 9')
    expect(whenOf(reminder({ scheduleKind: 'every', schedule: '1h', rule: '3600' })).schedule).toBe('3600')
  })
})

test('what comes next stands first, what is over the latest first', () => {
  const of = (id: string, status: Reminder['status'], nextRunAt: number | null, updatedAt = 0) =>
    ({ id, status, nextRunAt, updatedAt, createdAt: 0 }) as Reminder
  const all = [
    of('a', 'active', 9),
    of('b', 'paused', null),
    of('c', 'active', 3),
    of('d', 'done', null, 1),
    of('e', 'failed', null, 2),
    of('f', 'canceled', null),
  ]
  const ids = (shelf: 'upcoming' | 'fired' | 'canceled') => onShelf(all, shelf).map(({ id }) => id)
  expect([ids('upcoming'), ids('fired'), ids('canceled')]).toEqual([['c', 'a', 'b'], ['e', 'd'], ['f']])
})
