import { expect, test } from 'bun:test'
import { Front } from './front'

const entry = (size: number) => ({ size })

test('what was not asked for the longest goes first, and the bytes stay within the bound', () => {
  const front = new Front<{ size: number }>(100)
  for (const key of ['a', 'b', 'c', 'd']) front.set(key, entry(25))
  front.get('a')
  front.set('e', entry(20))
  expect(front.get('b')).toBeUndefined()
  expect(front.get('a')).toBeDefined()
  expect(front.bytes).toBe(95)
  front.set('a', entry(5))
  expect([front.bytes, front.count]).toEqual([75, 4])
})

test('however much is put in, no more is held than the bound, and every key is the latest of its name', () => {
  const front = new Front<{ size: number; round: number }>(10_000)
  for (let round = 0; round < 20_000; round++) {
    front.set(`key${(round * 7919) % 500}`, { size: (round * 31) % 400, round })
    expect(front.bytes).toBeLessThanOrEqual(10_000)
  }
  expect(front.count).toBeGreaterThan(20)
  front.clear()
  expect([front.bytes, front.count]).toEqual([0, 0])
})

test('one that would take the place of nearly all others is not held, and its earlier value neither', () => {
  const front = new Front<{ size: number }>(100)
  front.set('a', entry(10))
  front.set('big', entry(20))
  front.set('big', entry(26))
  expect(front.get('big')).toBeUndefined()
  expect([front.bytes, front.count]).toEqual([10, 1])
})
