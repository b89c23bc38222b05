import { expect, test } from 'bun:test'
import { Attempts } from './attempts'

test('the first wrong passwords cost nothing, then each costs twice the wait of the one before, up to a minute', () => {
  let now = 0
  const attempts = new Attempts(() => now)
  const waits = Array.from({ length: 12 }, () => {
    attempts.failed('a')
    const wait = attempts.waitSeconds('a')
    now += wait * 1000
    return wait
  })
  expect(waits).toEqual([0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60])
  expect(attempts.waitSeconds('a')).toBe(0)
  expect(attempts.waitSeconds('b')).toBe(0)
})

test('a right password forgets the wrong ones', () => {
  const attempts = new Attempts(() => 0)
  for (let i = 0; i < 8; i++) attempts.failed('a')
  expect(attempts.waitSeconds('a')).toBe(8)
  attempts.succeeded('a')
  attempts.failed('a')
  expect(attempts.waitSeconds('a')).toBe(0)
})

test('no more addresses are remembered than there is room for, the latest ones', () => {
  const attempts = new Attempts(() => 0)
  for (let address = 0; address < 5000; address++) for (let i = 0; i < 5; i++) attempts.failed(String(address))
  expect([attempts.waitSeconds('0'), attempts.waitSeconds('4999')]).toEqual([0, 1])
})
