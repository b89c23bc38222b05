import { expect, test } from 'bun:test'
import { listOf, oneOf, span, whole } from './values'

test.each([
  ['90s', 90_000],
  ['10m', 600_000],
  ['1h30m', 5_400_000],
  ['30d', 2_592_000_000],
])('%s is %d ms', (text, ms) => {
  expect(span('timeout', text)).toBe(ms)
})

test.each(['', '0', '-5m', 'soon', '5', '1d2h', '9999999d'])('“%s” is no time', (text) => {
  expect(() => span('timeout', text)).toThrow('--timeout is a time such as')
})

test('a whole number is held to its range', () => {
  expect(whole('limit', '200', 1, 200)).toBe(200)
  for (const text of ['0', '201', '1.5', '-1', 'x', '', '1e2', '٣'])
    expect(() => whole('limit', text, 1, 200)).toThrow('--limit is a whole number from 1 to 200')
})

test('a word that is not known is refused with those that are', () => {
  expect(oneOf('--mode', 'all', ['mentions', 'all'])).toBe('all')
  expect(() => oneOf('--mode', 'ALL', ['mentions', 'all'])).toThrow('--mode is one of mentions, all, not “ALL”.')
})

test('a list is cut at commas', () => {
  expect(listOf(' a, b ,,c')).toEqual(['a', 'b', 'c'])
})
