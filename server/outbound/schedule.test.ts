import { expect, test } from 'bun:test'
import { MAX_ATTEMPTS, pauseMs } from './schedule'

const minutes = (ms: number): number => ms / 60_000
const longest = Array.from({ length: MAX_ATTEMPTS - 1 }, (_, i) => pauseMs(i + 1, undefined, 1))

test('each pause is twice the one before, up to an hour, and all of them are five hours', () => {
  expect(longest.map(minutes)).toEqual([0.5, 1, 2, 4, 8, 16, 32, 60, 60, 60, 60])
  expect(Math.round(minutes(longest.reduce((a, b) => a + b)) / 60)).toBe(5)
})

test('chance leaves out a half at most', () => {
  for (const [i, pause] of longest.entries()) expect(pauseMs(i + 1, undefined, 0)).toBe(pause / 2)
})

test('a receiver that says when is waited for, up to six hours, and never asked sooner than usual', () => {
  expect(minutes(pauseMs(1, 600, 0))).toBe(10)
  expect(minutes(pauseMs(1, 1, 0))).toBe(0.25)
  expect(minutes(pauseMs(1, 1_000_000, 0))).toBe(360)
})
