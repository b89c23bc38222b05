import { parseChord } from '../input/chords'
import type { Fields } from './fields'

/** Modifiers that are held: Claude puts them into `text`. */
export function heldOf(fields: Fields): object {
  const said = fields.text('held', 'modifiers', 'text')
  const held = said?.split(/[+\s,]+/).filter((key) => /^(ctrl|control|alt|shift|super|meta|cmd|win)$/i.test(key)) ?? []
  return held.length > 0 ? { held: held.map(keyName) } : {}
}

const KEY_NAMES: Record<string, string> = {
  ctrl: 'Ctrl',
  control: 'Ctrl',
  alt: 'Alt',
  option: 'Alt',
  shift: 'Shift',
  super: 'Super',
  meta: 'Super',
  cmd: 'Super',
  command: 'Super',
  win: 'Super',
  windows: 'Super',
  esc: 'Escape',
  escape: 'Escape',
  enter: 'Return',
  return: 'Return',
  del: 'Delete',
  delete: 'Delete',
  backspace: 'BackSpace',
  tab: 'Tab',
  space: 'space',
  spacebar: 'space',
  pageup: 'Page_Up',
  pgup: 'Page_Up',
  pagedown: 'Page_Down',
  pgdn: 'Page_Down',
  up: 'Up',
  down: 'Down',
  left: 'Left',
  right: 'Right',
  arrowup: 'Up',
  arrowdown: 'Down',
  arrowleft: 'Left',
  arrowright: 'Right',
  home: 'Home',
  end: 'End',
  insert: 'Insert',
  capslock: 'Caps_Lock',
}

/** Buttons of a phone, as a browser on a desktop has them. */
const SYSTEM: Record<string, string> = { back: 'Alt+Left', home: 'Alt+Home', enter: 'Return', menu: 'Menu' }

const keyName = (key: string): string => KEY_NAMES[key.toLowerCase().replaceAll(/[\s_-]/g, '')] ?? key

export function keysOf(word: string, fields: Fields): object | string {
  const raw = fields.get('keys', 'key', 'text', 'value', 'button')
  const system =
    word.startsWith('PRESS_') && word !== 'PRESS_KEY'
      ? word.slice(6)
      : word === 'SYSTEM_BUTTON'
        ? fields.text('button', 'value', 'text')
        : undefined
  if (system !== undefined) {
    const chord = SYSTEM[system.toLowerCase()]
    return chord ? { action: 'KEY', keys: [chord] } : `there is no button ${system}`
  }
  // A list is one chord; a string has chords with blanks between, which for UI-TARS is one chord again.
  const parts = Array.isArray(raw) ? raw.map(String) : []
  const isOne = parts.length > 0 || word === 'HOTKEY'
  const text = parts.length > 0 ? parts.join('+') : (fields.text('keys', 'key', 'text', 'value') ?? '')
  if (text === '') return 'the key is missing'
  const chords =
    text.trim() === '' ? ['space'] : isOne ? [text.trim().replaceAll(/\s+/g, '+')] : text.trim().split(/\s+/)
  const keys = chords.map((chord) =>
    /^.[+-]?$/.test(chord)
      ? chord
      : chord
          .split(/\+(?=.)/)
          .map(keyName)
          .join('+'),
  )
  const unknown = keys.find((chord) => !isChord(chord))
  return unknown === undefined
    ? { action: 'KEY', keys }
    : `there is no key ${unknown}; name it as X11 does: Return, Page_Down, ctrl+t`
}

function isChord(chord: string): boolean {
  try {
    return parseChord(chord).length > 0
  } catch {
    // Its words are for people; the model is told which key it was.
    return false
  }
}
