import { expect, test } from 'bun:test'
import { ScriptedScreen } from '../../../test/fixtures/livescreen'
import { Hands } from './hands'

const SHIFT = 0xffe1
const CONTROL = 0xffe3

/** What arrives at the desktop of what a browser says: `+` down, `-` up. */
function pressed(...strokes: [key: string, code: string, down?: boolean][]): string {
  const screen = new ScriptedScreen()
  const hands = new Hands(screen.room)
  for (const [key, code, down] of strokes) {
    if (down !== false) hands.key(key, code, true)
    if (down !== true) hands.key(key, code, false)
  }
  return screen.sent
    .map(([event, payload]) => {
      if (event === 'control/paste') return `paste ${JSON.stringify(payload)}`
      const keysym = Object(payload).keysym
      const sign = event === 'control/keydown' ? '+' : '-'
      return `${sign}${keysym < 0x7f ? String.fromCharCode(keysym) : keysym.toString(16)}`
    })
    .join(' ')
}

test.each<[string, [string, string, boolean?][], string]>([
  ['a letter', [['a', 'KeyA']], '+a -a'],
  ['a capital by caps lock, without Shift', [['A', 'KeyA']], '+ffe1 +a -a -ffe1'],
  [
    'a capital with Shift held',
    [
      ['Shift', 'ShiftLeft', true],
      ['A', 'KeyA'],
      ['Shift', 'ShiftLeft', false],
    ],
    '+ffe1 +a -a -ffe1',
  ],
  [
    'a slash of a German keyboard, which has it above the 7',
    [
      ['Shift', 'ShiftLeft', true],
      ['/', 'Digit7'],
      ['Shift', 'ShiftLeft', false],
    ],
    '+ffe1 -ffe1 +/ -/ +ffe1 -ffe1',
  ],
  ['an at sign', [['@', 'KeyQ']], '+ffe1 +2 -2 -ffe1'],
  [
    'an at sign made with AltGr, where browsers say Control too',
    [
      ['Control', 'ControlLeft', true],
      ['AltGraph', 'AltRight', true],
      ['@', 'KeyQ'],
      ['AltGraph', 'AltRight', false],
    ],
    '+ffe3 -ffe3 +ffe1 +2 -2 -ffe1',
  ],
  ['an umlaut', [['ü', 'BracketLeft']], 'paste {"text":"ü"}'],
  [
    'a chord',
    [
      ['Control', 'ControlLeft', true],
      ['c', 'KeyC'],
      ['Control', 'ControlLeft', false],
    ],
    '+ffe3 +c -c -ffe3',
  ],
  [
    'a chord with a capital',
    [
      ['Control', 'ControlRight', true],
      ['T', 'KeyT'],
      ['Control', 'ControlRight', false],
    ],
    '+ffe4 +t -t -ffe4',
  ],
  ['Enter', [['Enter', 'Enter']], '+ff0d -ff0d'],
  [
    'an arrow that is held',
    [
      ['ArrowDown', 'ArrowDown', true],
      ['ArrowDown', 'ArrowDown'],
    ],
    '+ff54 -ff54',
  ],
  ['a key that is let go and was never held', [['Escape', 'Escape', false]], ''],
  [
    'a key that only makes another character',
    [
      ['Dead', 'Quote'],
      ['CapsLock', 'CapsLock'],
    ],
    '',
  ],
  ['what is no key', [['Gibberish', 'X']], ''],
])('%s', (_, strokes, sent) => {
  expect(pressed(...strokes)).toBe(sent)
})

test('a key whose name is another one when it is let go is let go as it went down', () => {
  expect(pressed(['Control', 'ControlLeft', true], ['a', 'KeyA', true], ['A', 'KeyA', false])).toBe('+ffe3 +a -a')
})

test('the wheel counts up and left as the server does, and says when it zooms', () => {
  const screen = new ScriptedScreen()
  const hands = new Hands(screen.room)
  hands.wheel(1, 3, { x: 4, y: 5 })
  hands.key('Control', 'ControlLeft', true)
  hands.wheel(0, -2, { x: 4, y: 5 })
  const [first, second] = screen.events('control/scroll')
  expect(first).toEqual({ delta_x: -1, delta_y: -3, control_key: false })
  expect(second).toMatchObject({ delta_y: 2, control_key: true })
})

test('a button goes down once and up once, inside the screen, and pasting lets go of the keys that asked for it', () => {
  const screen = new ScriptedScreen()
  const hands = new Hands(screen.room)
  const at = { x: 9999, y: 5 }
  hands.button('right', true, at)
  hands.button('right', true, at)
  hands.button('right', false, at)
  hands.button('right', false, at)
  hands.key('Control', 'ControlLeft', true)
  hands.paste('words')
  hands.release()
  expect(screen.sent.filter(([event]) => event !== 'control/move')).toEqual([
    ['control/buttondown', { code: 3, x: 1279, y: 5 }],
    ['control/buttonup', { code: 3, x: 1279, y: 5 }],
    ['control/keydown', { keysym: CONTROL }],
    ['control/keyup', { keysym: CONTROL }],
    ['control/paste', { text: 'words' }],
  ])
})

test('without a connection nothing is typed, and letting go is no failure', () => {
  const screen = new ScriptedScreen()
  const hands = new Hands(screen.room)
  hands.key('Shift', 'ShiftLeft', true)
  screen.connected = false
  expect(() => hands.text('x')).toThrow('no connection')
  hands.release()
  expect(screen.sent).toEqual([['control/keydown', { keysym: SHIFT }]])
})
