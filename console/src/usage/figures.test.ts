import { expect, test } from 'bun:test'
import type { UsageFigures } from '@shared/contract'
import { partsOf, stack, textOf, valueOf } from './figures'

const figures: UsageFigures = {
  runs: 3,
  failed: 1,
  input: 1000,
  cacheRead: 500,
  cacheWrite: 200,
  output: 300,
  reasoning: 100,
  costUsd: 0.25,
  durationMs: 90_000,
}

test('the parts of the tokens make up all of them, and reasoning is counted once', () => {
  expect(partsOf('tokens').map((part) => part.of(figures))).toEqual([1200, 500, 300])
  expect(valueOf('tokens', figures)).toBe(2000)
})

test('each measure is written as people read it', () => {
  expect((['tokens', 'cost', 'runs', 'time'] as const).map((m) => textOf(m, valueOf(m, figures)))).toEqual([
    '2k',
    '$0.25',
    '3',
    '1m 30s',
  ])
})

test('parts stand on each other', () => {
  expect(
    stack([
      [1, 2],
      [10, 20],
      [0, 5],
    ]),
  ).toEqual([
    [1, 2],
    [11, 22],
    [11, 27],
  ])
})
