import { expect, test } from 'bun:test'
import { Savings } from './savings'

const tokens = (input: number, output: number) => ({ input, cacheRead: 0, cacheWrite: 0, output, reasoning: 0 })
const used = (input: number, output: number, costUsd?: number) => ({
  type: 'usage' as const,
  turnId: 't',
  usage: tokens(input, output),
  ...(costUsd === undefined ? {} : { costUsd }),
})

test('a turn of which every answer came from the cache used nothing and cost nothing', () => {
  const savings = new Savings()
  savings.add(tokens(100, 20))
  savings.add(tokens(50, 10))
  expect(savings.correct(used(150, 30, 0.5))).toEqual(used(0, 0, 0))
})

test('what the model itself answered is counted, with its part of the cost', () => {
  const savings = new Savings()
  savings.add(tokens(100, 20))
  expect(savings.correct(used(200, 40, 0.5))).toEqual(used(100, 20, 0.25))
})

test('what was taken out of one count is not taken out of the next, and counts never fall below nothing', () => {
  const savings = new Savings()
  savings.add(tokens(100, 20))
  expect(savings.correct(used(60, 40))).toEqual(used(0, 20))
  expect(savings.correct(used(60, 40, 1)).usage).toEqual(tokens(20, 40))
  expect(savings.correct(used(60, 40, 1))).toEqual(used(60, 40, 1))
})

test('without the cache counts are what the program says', () => {
  expect(new Savings().correct(used(0, 0, 0.1))).toEqual(used(0, 0, 0.1))
})
