import { expect, test } from 'bun:test'
import { NekodeError } from '@shared/errors'
import { networkOf } from '../http/network'
import { Throttle } from './throttle'

function clocked(free = 3, maxSeconds = 60) {
  let now = 1_000_000
  const throttle = new Throttle({ free, maxSeconds, now: () => now })
  /** The seconds to wait; 0 when the attempt was let through. */
  const attempt = (key = 'k'): number => {
    try {
      throttle.attempt(key)
      return 0
    } catch (error) {
      if (!(error instanceof NekodeError)) throw error
      return error.retryAfterSeconds ?? -1
    }
  }
  return { throttle, attempt, wait: (seconds: number) => (now += seconds * 1000) }
}

test('the first failures cost nothing, each further one twice as long as the one before', () => {
  const { attempt, wait } = clocked()
  expect([attempt(), attempt(), attempt()]).toEqual([0, 0, 0])
  for (const seconds of [1, 2, 4, 8, 16, 32, 60, 60]) {
    expect(attempt()).toBe(seconds)
    wait(seconds)
    expect(attempt()).toBe(0)
  }
})

test('an attempt that was refused does not make the wait longer', () => {
  const { attempt, wait } = clocked(1)
  expect([attempt(), attempt(), attempt(), attempt()]).toEqual([0, 1, 1, 1])
  wait(1)
  expect(attempt()).toBe(0)
})

test('attempts at the same moment are counted before they are made', () => {
  const { attempt } = clocked(2)
  expect(Array.from({ length: 5 }, () => attempt())).toEqual([0, 0, 1, 1, 1])
})

test('a success starts anew, and one key says nothing about another', () => {
  const { throttle, attempt } = clocked(1)
  expect([attempt('a'), attempt('a'), attempt('b')]).toEqual([0, 1, 0])
  throttle.forgive('a')
  expect(attempt('a')).toBe(0)
})

test('an attempt that is taken back leaves those before it', () => {
  const { throttle, attempt } = clocked(2)
  expect(attempt()).toBe(0)
  expect(attempt()).toBe(0)
  throttle.takeBack('k')
  expect([attempt(), attempt()]).toEqual([0, 1])
})

test('an hour without an attempt is forgotten', () => {
  const { attempt, wait } = clocked(1)
  expect([attempt(), attempt()]).toEqual([0, 1])
  wait(3600)
  expect([attempt(), attempt()]).toEqual([0, 1])
})

test('many keys do not fill the memory: the oldest are forgotten', () => {
  const { attempt } = clocked(1)
  attempt('first')
  for (let i = 0; i < 10_000; i++) attempt(`k${i}`)
  expect(attempt('first')).toBe(0)
  expect(attempt('k9999')).toBe(1)
})

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['', ''],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:DB8:0001:2::9', '2001:db8:1:2::/64'],
  ['2001:db8::9', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::', 'fe80:0:0:0::/64'],
])('%p is throttled as %p', (address, key) => {
  expect(networkOf(address)).toBe(key)
})
