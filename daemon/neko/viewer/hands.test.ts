import { expect, test } from 'bun:test'
import { ScriptedScreen } from '../../../test/fixtures/livescreen'
import { Hands } from './hands'

const CONTROL = 0xffe3

/** Hands on a screen, and what went wrong with them. */
function hands(): { screen: ScriptedScreen; hands: Hands; problems: string[] } {
  const screen = new ScriptedScreen()
  const problems: string[] = []
  return { screen, problems, hands: new Hands(screen.room, (error) => problems.push(error.message)) }
}

/** What arrives at the desktop of what a browser says: `+` down, `-` up, `±` both. */
async function pressed(...strokes: [key: string, code: string, down?: boolean][]): Promise<string> {
  const { screen, hands: own } = hands()
  for (const [key, code, down] of strokes) {
    if (down !== false) own.key(key, code, true)
    if (down !== true) own.key(key, code, false)
  }
  await own.idle()
  const signs: Record<string, string> = { 'control/keydown': '+', 'control/keyup': '-', 'control/keypress': '±' }
  return screen.sent
    .map(([event, payload]) => {
      if (event === 'control/paste') return `paste ${JSON.stringify(payload)}`
      const keysym = Object(payload).keysym
      return `${signs[event]}${keysym < 0x7f ? String.fromCharCode(keysym) : keysym.toString(16)}`
    })
    .join(' ')
}

test.each<[string, [string, string, boolean?][], string]>([
  ['a letter', [['a', 'KeyA']], '±a'],
  ['a capital by caps lock, without Shift', [['A', 'KeyA']], '+ffe1 +a -a -ffe1'],
  [
    'a capital with Shift held',
    [
      ['Shift', 'ShiftLeft', true],
      ['A', 'KeyA'],
      ['Shift', 'ShiftLeft', false],
    ],
    '+ffe1 -ffe1 +ffe1 +a -a -ffe1 +ffe1 -ffe1',
  ],
  [
    'a slash of a German keyboard, which has it above the 7',
    [
      ['Shift', 'ShiftLeft', true],
      ['/', 'Digit7'],
      ['Shift', 'ShiftLeft', false],
    ],
    '+ffe1 -ffe1 ±/ +ffe1 -ffe1',
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
])('%s', async (_, strokes, sent) => {
  expect(await pressed(...strokes)).toBe(sent)
})

test('a key whose name is another one when it is let go is let go as it went down', async () => {
  expect(await pressed(['Control', 'ControlLeft', true], ['a', 'KeyA', true], ['A', 'KeyA', false])).toBe('+ffe3 +a -a')
})

test('Shift is held on after a character, for what is chosen with the arrows', async () => {
  const strokes: [string, string, boolean?][] = [
    ['Shift', 'ShiftLeft', true],
    ['A', 'KeyA'],
    ['ArrowLeft', 'ArrowLeft'],
  ]
  expect(await pressed(...strokes)).toBe('+ffe1 -ffe1 +ffe1 +a -a -ffe1 +ffe1 +ff51 -ff51')
})

test('the wheel counts up and left as the server does, and says when it zooms', async () => {
  const { screen, hands: own } = hands()
  own.wheel(1, 3, { x: 4, y: 5 })
  own.key('Control', 'ControlLeft', true)
  own.wheel(0, -2, { x: 4, y: 5 })
  await own.idle()
  expect(screen.events('control/scroll')).toEqual([
    { delta_x: 0, delta_y: -3, control_key: false },
    { delta_x: -1, delta_y: 0, control_key: false },
    { delta_x: 0, delta_y: 2, control_key: true },
  ])
})

test('a button goes down once and up once, inside the screen, and pasting lets go of the keys that asked for it', async () => {
  const { screen, hands: own } = hands()
  const at = { x: 9999, y: 5 }
  own.button('right', true, at)
  own.button('right', true, at)
  own.button('right', false, at)
  own.button('right', false, at)
  own.key('Control', 'ControlLeft', true)
  own.paste('words')
  own.release()
  await own.idle()
  expect(screen.sent.filter(([event]) => event !== 'control/move')).toEqual([
    ['control/buttondown', { code: 3, x: 1279, y: 5 }],
    ['control/buttonup', { code: 3, x: 1279, y: 5 }],
    ['control/keydown', { keysym: CONTROL }],
    ['control/keyup', { keysym: CONTROL }],
    ['control/paste', { text: 'words' }],
  ])
})

test('of moves that wait the last one counts, and none overtakes a click', async () => {
  const { screen, hands: own } = hands()
  own.text('ab')
  for (let x = 0; x < 50; x++) own.move({ x, y: 1 })
  own.button('left', true, { x: 100, y: 1 })
  own.button('left', false, { x: 100, y: 1 })
  own.move({ x: 200, y: 1 })
  await own.idle()
  expect(screen.events('control/move').map((move) => Object(move).x)).toEqual([49, 100, 100, 200])
})

test('more than a person types ahead is left out, and it is said', async () => {
  const { screen, hands: own, problems } = hands()
  for (let i = 0; i < 400; i++) own.key('Enter', 'Enter', i % 2 === 0)
  await own.idle()
  expect(screen.sent.length).toBeLessThan(400)
  expect(problems[0]).toContain('More was sent')
})

test('without a connection it is said why nothing is typed, and letting go is no failure', async () => {
  const { screen, hands: own, problems } = hands()
  own.key('Enter', 'Enter', true)
  await own.idle()
  screen.connected = false
  own.text('x')
  own.release()
  await own.idle()
  own.close()
  expect(problems).toEqual(['There is no connection to the remote desktop.'])
  expect(screen.sent).toEqual([['control/keydown', { keysym: 0xff0d }]])
})

test('a text that is under way ends when the person no longer steers', async () => {
  const { screen, hands: own, problems } = hands()
  own.text('x'.repeat(150))
  while (screen.sent.length < 3) await Bun.sleep(1)
  own.close()
  const { length } = screen.sent
  own.text('y')
  await own.idle()
  expect([screen.sent.length, problems]).toEqual([length, []])
})
