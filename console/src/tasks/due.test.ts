import { afterEach, expect, test } from 'bun:test'
import { chooseLocale } from '../i18n'
import { dueInk, dueLabel, endOfDay, inDays, parseDue } from './due'

afterEach(() => chooseLocale('en'))

const now = new Date('2026-05-20T09:00:00')
const at = (text: string) => new Date(text).getTime()

test.each([
  ['tomorrow', '2026-05-21T23:59:00'],
  ['next friday at 5pm', '2026-05-29T17:00:00'],
  ['in 3 days', '2026-05-23T23:59:00'],
  ['2026-06-01', '2026-06-01T23:59:00'],
])('“%s” is a time', async (text, expected) => {
  const due = await parseDue(text, now)
  expect(endOfDay(due ?? 0)).toBe(endOfDay(at(expected)))
})

test('a time of day is kept, and a day ends at its end', async () => {
  expect(await parseDue('tomorrow at 17:30', now)).toBe(at('2026-05-21T17:30:00'))
  expect(await parseDue('tomorrow', now)).toBe(at('2026-05-21T23:59:00'))
  expect(await parseDue('whenever', now)).toBeUndefined()
})

test('Chinese words are understood in Chinese', async () => {
  await chooseLocale('zh-CN')
  expect(await parseDue('明天', now)).toBe(at('2026-05-21T23:59:00'))
})

test('a label is short, and says what is near by its name', () => {
  const from = now.getTime()
  expect(dueLabel(inDays(0, from), from)).toBe('Today')
  expect(dueLabel(at('2026-05-21T17:30:00'), from)).toMatch(/^Tomorrow, .*30/)
  expect(dueLabel(at('2026-06-05T23:59:00'), from)).toMatch(/Jun/)
  expect(dueLabel(at('2027-06-05T23:59:00'), from)).toMatch(/2027/)
  expect([dueInk(from - 1, from), dueInk(from + 1000, from), dueInk(inDays(3, from), from)]).toEqual([
    'text-bad',
    'text-warn',
    'text-soft',
  ])
})
