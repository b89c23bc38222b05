import { describe, expect, test } from 'bun:test'
import { Action, annotate, type Mode } from './actions'
import type { Literal } from './literal'
import { shares, thousandths } from './places'
import { isAction, readAction } from './read'

const scale = shares({ width: 1280, height: 720 })
const P = { x: 0.5, y: 0.25 }
const Q = { x: 0.75, y: 0.5 }
type Raw = { [key: string]: Literal }
const read = (raw: Raw, mode: Mode = 'web') => readAction(raw, { mode, scale })
/** With the words of tools, and 0 to 1000. */
const call = (raw: Raw, mode: Mode = 'web', pointer = undefined as { x: number; y: number } | undefined) =>
  readAction(raw, { mode, scale: thousandths, adapts: true, pointer })

describe('the documented actions', () => {
  test.each<[Raw, Action]>([
    [
      { action: 'CLICK', value: null, position: [0.5, 0.25] },
      { action: 'CLICK', position: P, button: 'left' },
    ],
    [
      { action: 'click', value: 'right', position: [0.5, 0.25] },
      { action: 'CLICK', position: P, button: 'right' },
    ],
    [
      { action: 'INPUT', value: 'hello', position: [0.5, 0.25] },
      { action: 'INPUT', value: 'hello', position: P },
    ],
    [
      { action: 'INPUT', value: 42, position: null },
      { action: 'INPUT', value: '42' },
    ],
    [
      { action: 'SELECT', value: null, position: [0.5, 0.25] },
      { action: 'SELECT', position: P },
    ],
    [
      { action: 'HOVER', value: null, position: [0.5, 0.25] },
      { action: 'HOVER', position: P },
    ],
    [
      { action: 'ANSWER', value: 'It rains.', position: null },
      { action: 'ANSWER', value: 'It rains.' },
    ],
    [{ action: 'ANSWER' }, { action: 'ANSWER', value: '' }],
    [{ action: 'ENTER', value: null, position: null }, { action: 'ENTER' }],
    [
      { action: 'SCROLL', value: 'down', position: null },
      { action: 'SCROLL', direction: 'down', amount: 1 },
    ],
    [
      { action: 'SCROLL', direction: 'UP', amount: 3 },
      { action: 'SCROLL', direction: 'up', amount: 3 },
    ],
    [
      { action: 'SCROLL', value: 'down', position: [0.5, 0.25] },
      { action: 'SCROLL', direction: 'down', amount: 1, position: P },
    ],
    [
      {
        action: 'SELECT_TEXT',
        value: null,
        position: [
          [0.5, 0.25],
          [0.75, 0.5],
        ],
      },
      { action: 'SELECT_TEXT', from: P, to: Q },
    ],
    [
      { action: 'COPY', value: 'the text', position: null },
      { action: 'COPY', value: 'the text' },
    ],
    [{ action: 'COPY', value: null, position: null }, { action: 'COPY' }],
    [{ action: 'DONE', value: null, position: null }, { action: 'DONE' }],
    [{ action: 'WAIT' }, { action: 'WAIT', seconds: 1 }],
  ])('%j on the web', (raw, action) => expect(read(raw)).toEqual({ action }))

  test.each<[Raw, Action]>([
    [
      { action: 'TAP', value: null, position: [0.5, 0.25] },
      { action: 'TAP', position: P },
    ],
    [
      {
        action: 'SWIPE',
        value: null,
        position: [
          [0.5, 0.25],
          [0.75, 0.5],
        ],
      },
      { action: 'SWIPE', from: P, to: Q },
    ],
    [
      { action: 'SWIPE', startPosition: [0.5, 0.25], endPosition: [0.75, 0.5] },
      { action: 'SWIPE', from: P, to: Q },
    ],
    [
      { action: 'INPUT', value: 'hello', position: [0.5, 0.25] },
      { action: 'INPUT', value: 'hello', position: P },
    ],
    [
      { action: 'SCROLL', direction: 'down' },
      { action: 'SCROLL', direction: 'down', amount: 1 },
    ],
  ])('%j on a phone', (raw, action) => expect(read(raw, 'phone')).toEqual({ action }))

  test.each<[Raw, Mode, string]>([
    [{ action: 'TAP', position: [0.5, 0.5] }, 'web', 'TAP is not possible here'],
    [{ action: 'CLICK', position: [0.5, 0.5] }, 'phone', 'CLICK is not possible here'],
    [{ action: 'HOVER', position: [0.5, 0.5] }, 'phone', 'HOVER is not possible here'],
    [{ action: 'FLY' }, 'web', 'FLY is no action; the actions are'],
    [{ action: 'INPUT', value: null, position: [0.5, 0.5] }, 'web', 'the text is missing'],
    [{ action: 'INPUT', value: '', position: [0.5, 0.5] }, 'web', 'the text is missing'],
    [{ action: 'SELECT', position: null }, 'web', 'a position is missing'],
    [{ action: 'SELECT_TEXT', position: [0.5, 0.5] }, 'web', 'two positions'],
    [{ action: 'SCROLL', value: 'sideways' }, 'web', 'the direction is one of'],
    [{ action: 'CLICK', position: [0.5] }, 'web', 'two numbers'],
    [{ action: 'CLICK', position: [50_000, 3] }, 'web', 'outside of the picture'],
    [{ action: 'KEY', value: 'nosuchkey' }, 'web', 'there is no key nosuchkey'],
    [{ action: 'KEY' }, 'web', 'the key is missing'],
    [{ action: 'INPUT', value: 'x'.repeat(30_000) }, 'web', 'value'],
    [{ value: 'x' }, 'web', '"action" is missing'],
  ])('%j in %s mode is refused, and why is said', (raw, mode, problem) => {
    expect(read(raw, mode).action).toBeUndefined()
    expect(read(raw, mode).problem).toContain(problem)
  })
})

describe('words of other models', () => {
  test.each<[Raw, Action]>([
    [
      { action: 'left_click', coordinate: [500, 250] },
      { action: 'CLICK', position: P, button: 'left' },
    ],
    [
      { type: 'click', x: 500, y: 250 },
      { action: 'CLICK', position: P, button: 'left' },
    ],
    [{ action: 'left_click' }, { action: 'CLICK', button: 'left' }],
    [
      { action: 'left_click', coordinate: [500, 250], text: 'ctrl+shift' },
      { action: 'CLICK', position: P, button: 'left', held: ['Ctrl', 'Shift'] },
    ],
    [
      { action: 'right_click', coordinate: [500, 250] },
      { action: 'CLICK', position: P, button: 'right' },
    ],
    [
      { action: 'middle_click', coordinate: [500, 250] },
      { action: 'CLICK', position: P, button: 'middle' },
    ],
    [
      { action: 'double_click', coordinate: [500, 250] },
      { action: 'DOUBLE_CLICK', position: P },
    ],
    [
      { action: 'triple_click', coordinate: [500, 250] },
      { action: 'TRIPLE_CLICK', position: P },
    ],
    [
      { action: 'mouse_move', coordinate: '[500, 250]' },
      { action: 'HOVER', position: P },
    ],
    [
      { action: 'left_click_drag', start_coordinate: [500, 250], coordinate: [750, 500] },
      { action: 'DRAG', from: P, to: Q },
    ],
    [
      { action: 'type', text: 'a\nb' },
      { action: 'INPUT', value: 'a\nb' },
    ],
    [
      { action: 'key', text: 'Return' },
      { action: 'KEY', keys: ['Return'] },
    ],
    [
      { action: 'key', text: 'ctrl+a BackSpace' },
      { action: 'KEY', keys: ['Ctrl+a', 'BackSpace'] },
    ],
    [
      { action: 'key', keys: ['ctrl', 'shift', 't'] },
      { action: 'KEY', keys: ['Ctrl+Shift+t'] },
    ],
    [
      { action: 'key', text: 'Page_Down' },
      { action: 'KEY', keys: ['Page_Down'] },
    ],
    [
      { action: 'key', text: 'cmd+space' },
      { action: 'KEY', keys: ['Super+space'] },
    ],
    [
      { action: 'key', text: ' ' },
      { action: 'KEY', keys: ['space'] },
    ],
    [
      { action: 'key', text: '+' },
      { action: 'KEY', keys: ['+'] },
    ],
    [
      { action: 'key', text: 'ctrl++' },
      { action: 'KEY', keys: ['Ctrl++'] },
    ],
    [
      { action: 'key', text: 'ctrl+-' },
      { action: 'KEY', keys: ['Ctrl+-'] },
    ],
    [
      { action: 'hotkey', key: 'ctrl c' },
      { action: 'KEY', keys: ['Ctrl+c'] },
    ],
    [
      { action: 'scroll', coordinate: [500, 250], scroll_direction: 'down', scroll_amount: 5 },
      { action: 'SCROLL', direction: 'down', amount: 2, position: P },
    ],
    [
      { action: 'scroll', pixels: -600 },
      { action: 'SCROLL', direction: 'down', amount: 4 },
    ],
    [
      { action: 'scroll', pixels: 50 },
      { action: 'SCROLL', direction: 'up', amount: 1 },
    ],
    [
      { action: 'hscroll', pixels: 160 },
      { action: 'SCROLL', direction: 'right', amount: 1 },
    ],
    [{ action: 'scroll_up' }, { action: 'SCROLL', direction: 'up', amount: 1 }],
    [
      { action: 'wait', duration: 2.5 },
      { action: 'WAIT', seconds: 2.5 },
    ],
    [
      { action: 'wait', time: 900 },
      { action: 'WAIT', seconds: 60 },
    ],
    [{ action: 'screenshot' }, { action: 'LOOK' }],
    [{ action: 'cursor_position' }, { action: 'LOOK' }],
    [{ action: 'terminate', status: 'success' }, { action: 'DONE' }],
    [
      { action: 'terminate', status: 'failure' },
      { action: 'DONE', failed: true },
    ],
    [
      { action: 'answer', text: '42' },
      { action: 'ANSWER', value: '42' },
    ],
    [
      { action: 'ask', question: 'Which one?' },
      { action: 'ASK', value: 'Which one?' },
    ],
    [{ action: 'call_user' }, { action: 'ASK', value: 'I need a person here.' }],
    [
      { action: 'swipe', coordinate: [500, 250], coordinate2: [750, 500] },
      { action: 'DRAG', from: P, to: Q },
    ],
    [
      { action: 'tap', coordinate: [500, 250] },
      { action: 'CLICK', position: P, button: 'left' },
    ],
    [
      { action: 'click', bbox_2d: [400, 200, 600, 300] },
      { action: 'CLICK', position: P, button: 'left' },
    ],
  ])('%j on the web', (raw, action) => expect(call(raw)).toEqual({ action }))

  test.each<[Raw, Action]>([
    [
      { action: 'click', coordinate: [500, 250] },
      { action: 'TAP', position: P },
    ],
    [
      { action: 'swipe', coordinate: [500, 250], coordinate2: [750, 500] },
      { action: 'SWIPE', from: P, to: Q },
    ],
    [
      { action: 'drag', start_coordinate: [500, 250], end_coordinate: [750, 500] },
      { action: 'SWIPE', from: P, to: Q },
    ],
    [
      { action: 'long_press', coordinate: [500, 250], time: 2 },
      { action: 'LONG_PRESS', position: P, seconds: 2 },
    ],
    [
      { action: 'system_button', button: 'Back' },
      { action: 'KEY', keys: ['Alt+Left'] },
    ],
    [{ action: 'press_home' }, { action: 'KEY', keys: ['Alt+Home'] }],
  ])('%j on a phone', (raw, action) => expect(call(raw, 'phone')).toEqual({ action }))

  test('a drag of which only the end is said begins where the pointer is', () => {
    expect(call({ action: 'left_click_drag', coordinate: [750, 500] }, 'web', P)).toEqual({
      action: { action: 'DRAG', from: P, to: Q },
    })
    expect(call({ action: 'left_click_drag', coordinate: [750, 500] }).problem).toContain('two positions')
  })

  test('a swipe of which only the way is said goes on from its point, and stays on the screen', () => {
    const { action } = call({ action: 'swipe', coordinate: [500, 100], direction: 'up' }, 'phone')
    expect(action).toEqual({ action: 'SWIPE', from: { x: 0.5, y: 0.1 }, to: { x: 0.5, y: 0.02 } })
  })

  test.each(['left_mouse_down', 'hold_key', 'zoom', 'open'])('%s is refused with what to do instead', (action) => {
    expect(call({ action }).problem).toMatch(/is not possible: /)
  })
})

test('every action that is read is an action, and can be written down', () => {
  for (const mode of ['web', 'phone'] as const)
    for (const name of Action.options.map((option) => option.shape.action.value)) {
      const raw = {
        action: name,
        value: name === 'SCROLL' ? 'down' : name === 'KEY' ? 'Tab' : 'x',
        position:
          name === 'DRAG' || name === 'SWIPE' || name === 'SELECT_TEXT'
            ? [
                [0.5, 0.25],
                [0.75, 0.5],
              ]
            : [0.5, 0.25],
      }
      const { action, problem } = readAction(raw, { mode, scale })
      if (!action) expect(problem).toContain('not possible here')
      else {
        expect(Action.parse(action)).toEqual(action)
        const written = annotate(action)
        expect(written.action).toBe(name)
        // What is shown to ShowUI as its history is what it may say itself.
        expect(readAction({ ...written, position: written.position }, { mode, scale }).action).toEqual(action)
      }
    }
})

test('an object is an action when it names one', () => {
  expect(isAction({ action: 'x' })).toBe(true)
  expect(isAction({ x: 1 })).toBe(false)
  expect(isAction([{ action: 'x' }])).toBe(false)
  expect(isAction('action')).toBe(false)
})
