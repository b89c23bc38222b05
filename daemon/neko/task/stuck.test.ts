import { expect, test } from 'bun:test'
import type { Action } from '../agent/actions'
import { thumbnail } from './change'
import { isSame, Loops } from './stuck'

const screen = (grey: number) => thumbnail({ width: 64, height: 64, rgb: new Uint8Array(64 * 64 * 3).fill(grey) })
const click = (x: number, y = 0.5): Action => ({ action: 'CLICK', position: { x, y }, button: 'left' })

test('the same action without effect is told to the model, and then ends the task', () => {
  const loops = new Loops()
  const kinds = [0.5, 0.505, 0.5, 0.495].map((x) => loops.note(click(x), screen(100), 'none').kind)
  expect(kinds).toEqual(['fine', 'warn', 'warn', 'stuck'])
})

test('another action, or an effect, begins anew', () => {
  const loops = new Loops()
  for (let round = 0; round < 3; round++) {
    loops.note(click(0.5), screen(100), 'none')
    expect(loops.note(click(0.5), screen(100), 'none').kind).toBe('warn')
    expect(loops.note(click(0.5), screen(100 + round * 40), 'much').kind).toBe('fine')
  }
})

test('what scrolls on for long is no loop', () => {
  const loops = new Loops()
  const scroll: Action = { action: 'SCROLL', direction: 'down', amount: 1 }
  for (let at = 0; at < 30; at++) expect(loops.note(scroll, screen(at * 8), 'much').kind).toBe('fine')
})

test('a counter may be clicked some times', () => {
  const loops = new Loops()
  const kinds = Array.from({ length: 12 }, () => loops.note(click(0.5), screen(100), 'slight').kind)
  expect(kinds.slice(0, 5)).toEqual(['fine', 'fine', 'fine', 'fine', 'fine'])
  expect(kinds[5]).toBe('warn')
  expect(kinds[11]).toBe('stuck')
})

test('going back and forth between the same screens is a circle', () => {
  const loops = new Loops()
  const kinds: string[] = []
  for (let round = 0; round < 3; round++)
    for (const [x, grey] of [
      [0.2, 50],
      [0.8, 200],
    ] as const)
      kinds.push(loops.note(click(x), screen(grey), 'much').kind)
  expect(kinds).toEqual(['fine', 'fine', 'fine', 'warn', 'warn', 'stuck'])
})

test('the same two actions on ever new screens are no circle', () => {
  const loops = new Loops()
  for (let at = 0; at < 12; at++)
    expect(loops.note(click(at % 2 ? 0.2 : 0.8), screen(at * 20), 'much').kind).toBe('fine')
})

test('a screen that never changes is said to be frozen, whatever is tried', () => {
  const loops = new Loops()
  const kinds = Array.from({ length: 12 }, (_, at) => loops.note(click(0.05 + at * 0.07), screen(100), 'none').kind)
  expect(kinds.slice(0, 5).every((kind) => kind === 'fine')).toBe(true)
  expect(kinds[5]).toBe('warn')
  expect(kinds[11]).toBe('stuck')
})

test('what was said by a person clears the record', () => {
  const loops = new Loops()
  for (let at = 0; at < 3; at++) loops.note(click(0.5), screen(100), 'none')
  loops.forget()
  expect(loops.note(click(0.5), screen(100), 'none').kind).toBe('fine')
})

test('actions are the same by kind, place and value', () => {
  expect(isSame(click(0.5), click(0.51))).toBe(true)
  expect(isSame(click(0.5), click(0.6))).toBe(false)
  expect(isSame(click(0.5), { ...click(0.5), button: 'right' } as Action)).toBe(false)
  const input = (value: string): Action => ({ action: 'INPUT', value })
  expect(isSame(input('a'), input('a'))).toBe(true)
  expect(isSame(input('a'), input('b'))).toBe(false)
  expect(isSame({ action: 'ENTER' }, { action: 'COPY' })).toBe(false)
})
