import { describe, expect, test } from 'bun:test'
import type { RunStep, StepDetail } from '@shared/contract'
import { advance, begunAt, longestWait, neighbour, reelOf, stepAt } from './replay'
import { layOut, ticks } from './timeline'

const text = (text: string): StepDetail => ({ type: 'text', offset: 0, text })
const tool = (outcome?: 'completed' | 'failed'): StepDetail => ({
  type: 'tool',
  name: 'shell',
  kind: 'execute',
  title: 'ls',
  ...(outcome ? { outcome, output: 'out' } : {}),
})
let sequence = 0
const step = (startedAt: number, completedAt: number | null, detail: StepDetail = tool('completed')): RunStep => ({
  id: `s${++sequence}`,
  runId: 'run_1',
  sequence,
  status: completedAt === null ? 'running' : 'completed',
  detail,
  startedAt,
  completedAt,
})

describe('the timeline', () => {
  test('puts steps that went on at once into rows of their own', () => {
    const { bars, lanes, from, span } = layOut([step(1000, 3000), step(2000, 5000), step(3000, 4000)], 9000)
    expect({ lanes, from, span }).toEqual({ lanes: 2, from: 1000, span: 4000 })
    expect(bars.map(({ start, width, lane }) => [start, width, lane])).toEqual([
      [0, 0.5, 0],
      [0.25, 0.75, 1],
      [0.5, 0.25, 0],
    ])
  })

  test('ends what is not over yet now, and colours what failed as a problem', () => {
    const { bars, span } = layOut([step(0, 500, tool('failed')), step(500, null, text('hi'))], 1000)
    expect(span).toBe(1000)
    expect(bars.map(({ kind, duration }) => [kind, duration])).toEqual([
      ['problem', 500],
      ['text', 500],
    ])
  })

  test('of ten thousand steps has no more bars than can be told apart', () => {
    const steps = Array.from({ length: 10_000 }, (_, at) => step(at * 10, at * 10 + 10))
    const { bars } = layOut(steps, 0)
    expect(bars.length).toBeLessThan(600)
    expect(bars.reduce((sum, bar) => sum + bar.count, 0)).toBe(10_000)
    for (const { start, width } of bars) expect(start + width).toBeLessThanOrEqual(1.000001)
  })

  test('of nothing is nothing', () => {
    expect(layOut([], 5)).toEqual({ bars: [], lanes: 0, from: 0, span: 0 })
  })

  test('has a scale at round figures', () => {
    expect(ticks(4200)).toEqual([0, 1000, 2000, 3000, 4000])
    expect(ticks(125_000)).toEqual([0, 30_000, 60_000, 90_000, 120_000])
  })
})

describe('the clock of a replay', () => {
  const reel = reelOf([
    { id: 'a', startedAt: 0, completedAt: 1000 },
    { id: 'b', startedAt: 500, completedAt: 600 },
    { id: 'c', startedAt: 3_600_000, completedAt: 7_200_000 },
  ])

  test('shortens long waits and keeps what went on at once', () => {
    expect(reel.moments).toEqual([
      { id: 'a', start: 0, end: 1000 },
      { id: 'b', start: 500, end: 620 },
      { id: 'c', start: 500 + longestWait, end: 500 + 2 * longestWait },
    ])
    expect(reel.length).toBe(500 + 2 * longestWait)
  })

  test('knows what has begun, and the moments before and after', () => {
    expect([-1, 0, 499, 500, 99_999].map((at) => begunAt(reel, at))).toEqual([0, 1, 1, 2, 3])
    expect(neighbour(reel, 0, 1)).toBe(500)
    expect(neighbour(reel, 500, 1)).toBe(2500)
    expect(neighbour(reel, 2500, 1)).toBe(reel.length)
    expect(neighbour(reel, 2600, -1)).toBe(500)
    expect(neighbour(reel, 0, -1)).toBe(0)
  })

  test('runs faster at a higher speed and stops at the end', () => {
    expect(advance(reel, 100, 50, 4)).toBe(300)
    expect(advance(reel, 100, 50_000, 16)).toBe(reel.length)
    expect(advance(reel, 100, -50, 1)).toBe(100)
  })

  test('shows a text as far as it was written, and a tool without what came of it', () => {
    const moment = { id: 'x', start: 100, end: 200 }
    expect(stepAt(step(0, 9, text('0123456789')), moment, 150).detail).toMatchObject({ text: '01234' })
    expect(stepAt(step(0, 9, text('0123456789')), moment, 200).detail).toMatchObject({ text: '0123456789' })
    const running = stepAt(step(0, 9, tool('completed')), moment, 150)
    expect(running).toMatchObject({ status: 'running', completedAt: 0 })
    expect(running.detail).not.toHaveProperty('output')
  })
})
