import { describe, expect, test } from 'bun:test'
import { keyNames, keysymName, keysymOf, usKey } from '../protocol/keysyms'
import { parseChord } from './chords'

describe('the name of a key', () => {
  test.each([
    ['Return', 0xff0d],
    ['Enter', 0xff0d],
    ['enter', 0xff0d],
    ['BackSpace', 0xff08],
    ['Backspace', 0xff08],
    ['Tab', 0xff09],
    ['Escape', 0xff1b],
    ['esc', 0xff1b],
    ['Delete', 0xffff],
    ['Home', 0xff50],
    ['ArrowLeft', 0xff51],
    ['PageUp', 0xff55],
    ['Page_Up', 0xff55],
    ['Prior', 0xff55],
    ['pgdn', 0xff56],
    ['Next', 0xff56],
    ['End', 0xff57],
    ['Insert', 0xff63],
    ['F1', 0xffbe],
    ['f12', 0xffc9],
    ['F35', 0xffe0],
    ['Shift', 0xffe1],
    ['Shift_R', 0xffe2],
    ['Control', 0xffe3],
    ['Ctrl', 0xffe3],
    ['Control_R', 0xffe4],
    ['Caps_Lock', 0xffe5],
    ['Alt_L', 0xffe9],
    ['Alt_R', 0xffea],
    ['Super', 0xffeb],
    ['Meta', 0xffeb],
    ['Super_R', 0xffec],
    ['AltGr', 0xfe03],
    ['KP_0', 0xffb0],
    ['Numpad9', 0xffb9],
    ['KP_Enter', 0xff8d],
    ['kp_add', 0xffab],
    ['Print', 0xff61],
    ['Menu', 0xff67],
    ['Num_Lock', 0xff7f],
    ['XF86AudioPlay', 0x1008ff14],
    ['VolumeUp', 0x1008ff13],
    ['AudioMute', 0x1008ff12],
    ['BrowserBack', 0x1008ff26],
    ['space', 0x20],
    ['plus', 0x2b],
    ['at', 0x40],
    ['asciitilde', 0x7e],
    ['agrave', 0xe0],
    ['Agrave', 0xc0],
    ['ssharp', 0xdf],
    ['EuroSign', 0x20ac],
    ['a', 0x61],
    ['A', 0x41],
    ['ü', 0xfc],
    ['€', 0x010020ac],
    ['😀', 0x0101f600],
    ['U+20AC', 0x010020ac],
    ['u+e9', 0xe9],
    ['0xff0d', 0xff0d],
    ['\n', 0xff0d],
  ])('%s is %p', (name, keysym) => expect(keysymOf(name)).toBe(keysym))

  test.each(['', 'Hello', 'F99', 'U+110000', 'U+D800', '0x0', 'constructor', '__proto__'])('“%s” is none', (name) =>
    expect(keysymOf(name)).toBeUndefined(),
  )

  test('every name leads to a keysym, and its keysym has a name that leads back', () => {
    for (const name of keyNames()) {
      const keysym = keysymOf(name) ?? 0
      expect([name, keysym > 0]).toEqual([name, true])
      expect([name, keysymOf(keysymName(keysym))]).toEqual([name, keysym])
    }
    expect(keysymName(0x010020ac)).toBe('U20AC')
  })

  test('each ASCII character is one key of a US keyboard, with or without Shift', () => {
    const places = Array.from({ length: 95 }, (_, at) => usKey(String.fromCharCode(0x20 + at)))
    expect(places.filter((place) => place?.shift)).toHaveLength(47)
    expect(new Set(places.map((place) => `${place?.keysym} ${place?.shift}`)).size).toBe(95)
    expect(usKey('é')).toBeUndefined()
  })
})

describe('a chord', () => {
  const [shift, control, alt, superKey] = [0xffe1, 0xffe3, 0xffe9, 0xffeb]
  test.each<[string, number[]]>([
    ['Ctrl+Alt+t', [control, alt, 0x74]],
    ['ctrl-shift-Tab', [control, shift, 0xff09]],
    ['CTRL + ALT + DEL', [control, alt, 0xffff]],
    ['Alt+Left', [alt, 0xff51]],
    ['Ctrl+n', [control, 0x6e]],
    ['Ctrl+T', [control, 0x74]],
    ['Ctrl+Shift+T', [control, shift, 0x74]],
    ['Ctrl++', [control, shift, 0x3d]],
    ['ctrl--', [control, 0x2d]],
    ['ctrl-l', [control, 0x6c]],
    ['ctrl-r', [control, 0x72]],
    ['ctrl_r', [0xffe4]],
    ['ctrl+page-down', [control, 0xff56]],
    ['Page_Down', [0xff56]],
    ['page-down', [0xff56]],
    ['+', [shift, 0x3d]],
    ['-', [0x2d]],
    [' ', [0x20]],
    ['A', [shift, 0x61]],
    ['a', [0x61]],
    ['?', [shift, 0x2f]],
    ['Shift+?', [shift, 0x2f]],
    ['Super', [superKey]],
    ['cmd+space', [superKey, 0x20]],
    ['ctrl+k+c', [control, 0x6b, 0x63]],
    ['AltGr+e', [0xfe03, 0x65]],
    ['é', [0xe9]],
  ])('%s goes down in this order', (text, keysyms) => expect(parseChord(text)).toEqual(keysyms))

  test.each(['', '  ', 'Ctrl+', 'ctrl-', 'Ctrl+Nothing', 'Nothing+a', '++', 'Hyperdrive'])(
    '“%s” is refused by name',
    (text) => expect(() => parseChord(text)).toThrow(expect.objectContaining({ code: 'unknown_key' })),
  )
})
