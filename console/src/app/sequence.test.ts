import { describe, expect, test } from 'bun:test'
import { nameOf, Sequence, type Press } from './sequence'

const press = (key: string, held: Partial<Press> = {}): Press => ({
  key,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  shiftKey: false,
  ...held,
})

test.each([
  [press('k'), 'k'],
  [press('K', { shiftKey: true }), 'shift+k'],
  [press('?', { shiftKey: true }), '?'],
  [press('Enter'), 'Enter'],
  [press('Enter', { shiftKey: true }), 'shift+Enter'],
  [press('k', { metaKey: true }), 'mod+k'],
  [press('k', { ctrlKey: true }), 'mod+k'],
  [press('ArrowDown', { altKey: true, shiftKey: true }), 'alt+shift+ArrowDown'],
  [press('˜', { altKey: true, code: 'KeyN' }), 'alt+n'],
  [press(' '), 'Space'],
])('%o is called %s', (key, name) => {
  expect(nameOf(key)).toBe(name)
})

describe('a sequence', () => {
  const table = ['g i', 'g t', 'i', 'e', 'shift+e', '?'].map((keys) => ({ keys }))
  const type = (presses: [key: string, at: number, held?: Partial<Press>][]) => {
    const sequence = new Sequence()
    return presses.map(([key, at, held]) => {
      const found = sequence.press(press(key, held), table, at)
      return typeof found === 'object' ? found.keys : found
    })
  }

  test('is found when its keys follow each other', () => {
    expect(
      type([
        ['g', 0],
        ['i', 300],
        ['e', 400],
      ]),
    ).toEqual(['half', 'g i', 'e'])
  })

  test('is forgotten after a moment, and its second key means what it means alone', () => {
    expect(
      type([
        ['g', 0],
        ['i', 5000],
      ]),
    ).toEqual(['half', 'i'])
  })

  test('that goes wrong gives way to what the last key means alone', () => {
    expect(
      type([
        ['g', 0],
        ['e', 100],
        ['g', 200],
        ['g', 300],
        ['t', 400],
      ]),
    ).toEqual(['half', 'e', 'half', 'half', 'g t'])
  })

  test('is not broken by a modifier that is pressed on the way', () => {
    expect(
      type([
        ['Shift', 0, { shiftKey: true }],
        ['E', 10, { shiftKey: true }],
        ['x', 20],
      ]),
    ).toEqual([undefined, 'shift+e', undefined])
  })

  test('of what came last wins over an equal one', () => {
    const first = { keys: 'j', of: 'frame' }
    const last = { keys: 'j', of: 'page' }
    expect(new Sequence<typeof first>().press(press('j'), [first, last])).toBe(last)
  })
})
