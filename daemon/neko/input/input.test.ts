import { describe, expect, test } from 'bun:test'
import { Input, type InputOptions } from './input'
import { RecordedRoom } from './testing'

const AT_ONCE = { key: 0, rare: 0, paste: 0, double: 0, drag: 0, wheel: 0, press: 0 }
const [SHIFT, CONTROL, ALT] = [0xffe1, 0xffe3, 0xffe9]

function start(options: InputOptions = {}) {
  const room = new RecordedRoom()
  return { room, input: new Input(room, { pace: AT_ONCE, ...options }) }
}

const code = (name: string) => expect.objectContaining({ code: name })

/** The keys of a record: `+` went down, `-` came up, `.` was pressed. */
const keys = (room: RecordedRoom): string[] =>
  room.sent.flatMap(([event, payload]) => {
    const sign = { 'control/keydown': '+', 'control/keyup': '-', 'control/keypress': '.' }[String(event)]
    const keysym = Number(Object(payload).keysym)
    const name = { [SHIFT]: 'shift', [CONTROL]: 'ctrl', [ALT]: 'alt', 0xff0d: 'return', 0xff09: 'tab' }[keysym]
    return sign ? [sign + (name ?? String.fromCodePoint(keysym > 0x01000000 ? keysym - 0x01000000 : keysym))] : [event]
  })

describe('a point', () => {
  test.each<[InputOptions, [number, number], [number, number]]>([
    [{}, [100, 200], [100, 200]],
    [{}, [100.9, 200.9], [100, 200]],
    [{}, [-5, 9999], [0, 719]],
    [{}, [1280, 720], [1279, 719]],
    [{ normalised: true }, [0.5, 0.5], [640, 360]],
    [{ normalised: true }, [1, 1], [1279, 719]],
    [{ normalised: true }, [-0.1, 2], [0, 719]],
    [{ size: { width: 2560, height: 1440 } }, [1280, 720], [640, 360]],
    [{ size: { width: 640, height: 360 } }, [639.9, 359.9], [1279, 719]],
  ])('%p: %p is the pixel %p', async (options, [x, y], [left, top]) => {
    const { room, input } = start(options)
    await input.move({ x, y })
    expect(room.sent).toEqual([['control/move', { x: left, y: top }]])
    expect(input.position).toEqual({ x: left, y: top })
  })

  test('that is no number is refused', async () => {
    const { room, input } = start()
    expect(input.move({ x: Number.NaN, y: 1 })).rejects.toThrow(code('point_invalid'))
    expect(room.sent).toEqual([])
  })

  test('follows the size of the screen', async () => {
    const { room, input } = start({ normalised: true })
    room.screen = { width: 800, height: 600, rate: 30 }
    await input.move({ x: 0.5, y: 0.5 })
    expect(input.position).toEqual({ x: 400, y: 300 })
  })
})

describe('the mouse', () => {
  test('moves and presses, there or where it is', async () => {
    const { room, input } = start()
    await input.click({ x: 10, y: 20 })
    await input.click(undefined, 'right')
    expect(room.sent).toEqual([
      ['control/move', { x: 10, y: 20 }],
      ['control/buttonpress', { code: 1, x: 10, y: 20 }],
      ['control/buttonpress', { code: 3, x: 10, y: 20 }],
    ])
  })

  test('double-clicks with two presses at one place', async () => {
    const { room, input } = start()
    await input.doubleClick({ x: 1, y: 2 })
    expect(room.sent.map(([event]) => event)).toEqual(['control/move', 'control/buttonpress', 'control/buttonpress'])
  })

  test('clicks with keys that are held, which a press of the server would let go of', async () => {
    const { room, input } = start()
    await input.keyDown('Ctrl')
    await input.click({ x: 1, y: 2 })
    await input.keyUp('Ctrl')
    expect(room.sent.map(([event]) => event)).toEqual([
      'control/keydown',
      'control/move',
      'control/buttondown',
      'control/buttonup',
      'control/keyup',
    ])
  })

  test('drags over points in between and rests before it lets go', async () => {
    const { room, input } = start()
    await input.drag({ x: 0, y: 0 }, { x: 120, y: 60 })
    expect(room.sent.slice(0, 3)).toEqual([
      ['control/move', { x: 0, y: 0 }],
      ['control/buttondown', { code: 1, x: 0, y: 0 }],
      ['control/move', { x: 10, y: 5 }],
    ])
    expect(room.sent.slice(-2)).toEqual([
      ['control/move', { x: 120, y: 60 }],
      ['control/buttonup', { code: 1, x: 120, y: 60 }],
    ])
    expect(room.sent).toHaveLength(15)
  })

  test('lets go of the button when a drag is aborted', async () => {
    const { room, input } = start()
    const abort = new AbortController()
    room.after = (count) => count === 5 && abort.abort()
    expect(input.drag({ x: 0, y: 0 }, { x: 100, y: 0 }, { signal: abort.signal })).rejects.toThrow()
    expect((await settled(room)).at(-1)?.[0]).toBe('control/buttonup')
  })

  test('ends a drag with a named error when somebody else takes over, and sends nothing more', async () => {
    const { room, input } = start()
    room.after = (count) => count === 5 && room.steal()
    await expect(input.drag({ x: 0, y: 0 }, { x: 100, y: 0 })).rejects.toThrow(code('not_host'))
    expect(room.sent).toHaveLength(5)
  })
})

const settled = async (room: RecordedRoom) => {
  await Bun.sleep(0)
  return room.sent
}

describe('the wheel', () => {
  test.each([
    ['down', 0, -3],
    ['up', 0, 3],
    ['right', -3, 0],
    ['left', 3, 0],
  ] as const)('turns %s by notches', async (direction, delta_x, delta_y) => {
    const { room, input } = start()
    await input.wheel(direction, 3)
    expect(room.sent).toEqual([['control/scroll', { delta_x, delta_y, control_key: false }]])
  })

  test('turns far in events of ten', async () => {
    const { room, input } = start()
    await input.wheel('down', 25, { at: { x: 5, y: 6 }, control: true })
    expect(room.sent).toEqual([
      ['control/move', { x: 5, y: 6 }],
      ['control/scroll', { delta_x: 0, delta_y: -10, control_key: true }],
      ['control/scroll', { delta_x: 0, delta_y: -10, control_key: true }],
      ['control/scroll', { delta_x: 0, delta_y: -5, control_key: true }],
    ])
  })

  test.each([0, -1, 1.5, 1001])('does not turn by %p', async (notches) => {
    const { room, input } = start()
    await expect(input.wheel('up', notches)).rejects.toThrow(code('notches_invalid'))
    expect(room.sent).toEqual([])
  })
})

describe('the keyboard', () => {
  test.each<[string, string[]]>([
    ['Return', ['.return']],
    ['a', ['.a']],
    ['A', ['+shift', '+a', '-a', '-shift']],
    ['Ctrl+Alt+t', ['+ctrl', '+alt', '+t', '-t', '-alt', '-ctrl']],
    ['Ctrl', ['+ctrl', '-ctrl']],
  ])('presses %s', async (chord, expected) => {
    const { room, input } = start()
    await input.press(chord)
    expect(keys(room)).toEqual(expected)
  })

  test('waits a moment after a click, which keys would overtake', async () => {
    const { room, input } = start({ pace: { ...AT_ONCE, press: 20 } })
    await input.click({ x: 1, y: 1 })
    const pressed = input.press('a')
    expect(room.sent).toHaveLength(2)
    await pressed
    expect(keys(room).at(-1)).toBe('.a')
  })

  test('knows no key of that name, and sends nothing', async () => {
    const { room, input } = start()
    await expect(input.press('Ctrl+Nothing')).rejects.toThrow(code('unknown_key'))
    expect(room.sent).toEqual([])
  })

  test('lets go of what is down when a chord fails in the middle', async () => {
    const { room, input } = start()
    room.after = (count) => {
      if (count === 2) throw new Error('cut')
    }
    await expect(input.press('Ctrl+Alt+t')).rejects.toThrow('cut')
    expect(keys(room)).toEqual(['+ctrl', '+alt', '-ctrl'])
  })

  test('keeps a key that is held through a chord, and lets go of all at the end', async () => {
    const { room, input } = start()
    await input.keyDown('Shift')
    await input.press('Ctrl+a')
    await input.press('b')
    input.close()
    expect(keys(room)).toEqual(['+shift', '+ctrl', '+a', '-a', '-ctrl', '+b', '-b', '-shift'])
    expect(room.listening).toBe(0)
  })

  test('has nothing to let go of after the connection was lost or somebody else took over', async () => {
    for (const happen of ['steal', 'drop'] as const) {
      const { room, input } = start()
      await input.keyDown('Shift')
      await input.buttonDown('left')
      room[happen]()
      input.close()
      expect(room.sent).toHaveLength(2)
    }
  })
})

describe('a text', () => {
  test.each<[string, string[]]>([
    ['abc', ['.a', '.b', '.c']],
    ['Hi!', ['+shift', '+h', '-h', '-shift', '.i', '+shift', '+1', '-1', '-shift']],
    ['AB', ['+shift', '+a', '-a', '+b', '-b', '-shift']],
    ['a\n\tb', ['.a', '.return', '.tab', '.b']],
    ['a\r\nb', ['.a', '.return', '.b']],
    ['', []],
  ])('%p is typed on a US keyboard', async (text, expected) => {
    const { room, input } = start()
    await input.type(text)
    expect(keys(room)).toEqual(expected)
  })

  test('is pasted where a US keyboard does not have its characters, or where it is long; newlines stay keys', async () => {
    const { room, input } = start()
    await input.type(`grün\nok\n${'x'.repeat(201)}`)
    expect(room.sent.filter(([event]) => event === 'control/paste').map(([, payload]) => payload)).toEqual([
      { text: 'grün' },
      { text: 'x'.repeat(201) },
    ])
    expect(keys(room)).toEqual(['control/paste', '.return', '.o', '.k', '.return', 'control/paste'])
  })

  test.each(['keys', 'no clipboard'])('is typed with keysyms for what is not on the keyboard: %s', async (why) => {
    const { room, input } = start()
    if (why === 'no clipboard') room.profile.can_access_clipboard = false
    await input.type('é€😀', { how: why === 'keys' ? 'keys' : 'auto' })
    expect(room.sent).toEqual([
      ['control/keypress', { keysym: 0xe9 }],
      ['control/keypress', { keysym: 0x010020ac }],
      ['control/keypress', { keysym: 0x0101f600 }],
    ])
  })

  test('is looked for elsewhere on another keyboard: letters are keys, the rest is pasted', async () => {
    const { room, input } = start()
    input.layout = 'de'
    await input.type('Ab c\nx@1')
    expect(keys(room)).toEqual(['+shift', '+a', '-a', '-shift', '.b', '. ', '.c', '.return', 'control/paste'])
    await input.type('a@', { how: 'keys' })
    expect(keys(room).slice(-2)).toEqual(['.a', '.@'])
  })

  test('that is broken off lets go of Shift', async () => {
    const { room, input } = start()
    const abort = new AbortController()
    room.after = (count) => count === 4 && abort.abort()
    await expect(input.type('ABCDEF', { signal: abort.signal })).rejects.toThrow()
    expect(keys(room)).toEqual(['+shift', '+a', '-a', '+b', '-b', '-shift'])
  })

  test('stops with a named error when somebody else takes over', async () => {
    const { room, input } = start()
    room.after = (count) => count === 3 && room.steal()
    await expect(input.type('abcdef')).rejects.toThrow(code('not_host'))
    expect(keys(room)).toEqual(['.a', '.b', '.c'])
  })
})

describe('the clipboard', () => {
  test('takes what the server does itself', async () => {
    const { room, input } = start()
    await input.selectAll()
    await input.copy()
    await input.cut()
    await input.paste()
    await input.paste('hello')
    expect(room.sent).toEqual([
      ['control/select_all'],
      ['control/copy'],
      ['control/cut'],
      ['control/paste', {}],
      ['control/paste', { text: 'hello' }],
    ])
  })

  test('takes no text from a session that may not use it', async () => {
    const { room, input } = start()
    room.profile.can_access_clipboard = false
    await expect(input.paste('hello')).rejects.toThrow(code('no_clipboard'))
    expect(room.sent).toEqual([])
  })
})

describe('fingers', () => {
  test('are put down, moved and lifted where they are', async () => {
    const { room, input } = start()
    await input.touch({ x: 0, y: 0 }, { x: 24, y: 12 })
    expect(room.sent[0]).toEqual(['control/touchbegin', { touch_id: 0, x: 0, y: 0, pressure: 255 }])
    expect(room.sent[1]).toEqual(['control/touchupdate', { touch_id: 0, x: 2, y: 1, pressure: 255 }])
    expect(room.sent.at(-1)).toEqual(['control/touchend', { touch_id: 0, x: 24, y: 12, pressure: 0 }])
  })

  test('are lifted at the end', async () => {
    const { room, input } = start()
    await input.touchBegin(3, { x: 5, y: 6 })
    await expect(input.touchEnd(4)).rejects.toThrow(code('touch_unknown'))
    input.close()
    expect(room.sent.at(-1)).toEqual(['control/touchend', { touch_id: 3, x: 5, y: 6, pressure: 0 }])
  })

  test('are refused by name where the server takes none', async () => {
    const { room, input } = start()
    room.touch = false
    await expect(input.touch({ x: 1, y: 1 })).rejects.toThrow(code('touch_unavailable'))
    expect(room.sent).toEqual([])
  })
})

describe('who may steer', () => {
  const admin = (room: RecordedRoom) => (room.profile.is_admin = true)
  test.each<[string, string | undefined, (room: RecordedRoom) => void]>([
    ['the host', undefined, () => undefined],
    ['anybody where nobody is host', undefined, (room) => (room.hostId = null)],
    ['nobody but the host', 'not_host', (room) => (room.hostId = 'ada')],
    ['an administrator neither', 'not_host', (room) => ((room.hostId = 'ada'), admin(room))],
    [
      'anybody with implicit hosting',
      undefined,
      (room) => ((room.hostId = 'ada'), (room.settings.implicit_hosting = true)),
    ],
    ['no spectator', 'may_not_host', (room) => ((room.hostId = null), (room.profile.can_host = false))],
    ['nobody in private mode', 'private_mode', (room) => (room.settings.private_mode = true)],
    ['the administrator in private mode', undefined, (room) => ((room.settings.private_mode = true), admin(room))],
    [
      'nobody with locked controls',
      'controls_locked',
      (room) => ((room.hostId = null), (room.settings.locked_controls = true)),
    ],
    ['the host with locked controls', undefined, (room) => (room.settings.locked_controls = true)],
    [
      'the administrator with locked controls',
      undefined,
      (room) => ((room.hostId = null), (room.settings.locked_controls = true), admin(room)),
    ],
  ])('%s', async (_who, refused, change) => {
    const { room, input } = start()
    change(room)
    if (refused === undefined) return expect(input.move({ x: 1, y: 1 })).resolves.toBeUndefined()
    const inputs = [
      input.move({ x: 1, y: 1 }),
      input.click(),
      input.press('a'),
      input.type('a'),
      input.wheel('up'),
      input.copy(),
      input.keyDown('a'),
    ]
    for (const result of await Promise.allSettled(inputs)) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: refused } })
    }
    expect(room.sent).toEqual([])
  })
})
