import { expect, test } from 'bun:test'
import { Rates } from './rates'

function clocked(most?: number) {
  let now = 0
  const rates = new Rates(() => now, most)
  return { rates, wait: (seconds: number) => (now += seconds * 1000) }
}
const rate = { perSecond: 2, burst: 4 }

test('a burst is let through, then so many a second', () => {
  const { rates, wait } = clocked()
  const take = () => rates.take('a', rate)
  expect([take(), take(), take(), take(), take()]).toEqual([0, 0, 0, 0, 1])
  wait(1)
  expect([take(), take(), take()]).toEqual([0, 0, 1])
  wait(60)
  expect(Array.from({ length: 6 }, take)).toEqual([0, 0, 0, 0, 1, 1])
})

test('after the seconds that are said there is one again', () => {
  const { rates, wait } = clocked()
  const slow = { perSecond: 0.1, burst: 1 }
  expect(rates.take('a', slow)).toBe(0)
  const seconds = rates.take('a', slow)
  expect(seconds).toBe(10)
  wait(seconds - 1)
  expect(rates.take('a', slow)).toBe(1)
  wait(1)
  expect(rates.take('a', slow)).toBe(0)
})

test('nobody takes from another', () => {
  const { rates } = clocked()
  for (let i = 0; i < 10; i++) rates.take('a', rate)
  expect(rates.take('b', rate)).toBe(0)
})

test('however many callers there are, only so many are remembered', () => {
  const { rates } = clocked(100)
  for (let i = 0; i < 1000; i++) rates.take(`caller ${i}`, rate)
  expect(rates.size).toBe(100)
})
