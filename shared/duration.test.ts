import { expect, test } from 'bun:test'
import { formatDuration, parseDuration } from './duration'

test.each([
  ['30s', 30_000],
  ['1h30m', 5_400_000],
  ['1.5s', 1500],
  ['500ms', 500],
  ['250us', 0.25],
  ['.5m', 30_000],
  [' 2m ', 120_000],
  ['0', 0],
])('%p is %p milliseconds', (text, ms) => {
  expect(parseDuration(text)).toBe(ms)
})

test.each(['', '30', 's', '-1s', '1d', '1 s', '1s2', 'soon'])('%p is no duration', (text) => {
  expect(parseDuration(text)).toBeUndefined()
})

test.each([
  [250, '250ms'],
  [45_000, '45s'],
  [5_400_000, '1h30m'],
  [3_600_000, '1h'],
])('%p milliseconds are written as %p', (ms, text) => {
  expect(formatDuration(ms)).toBe(text)
  expect(parseDuration(text)).toBe(ms)
})
