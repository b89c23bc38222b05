import type { Room } from '../client/room'
import { type Point, toPixel } from '../geometry'
import { strokesOf } from '../input/text'
import { Key, keysymOf, usKey } from '../protocol/keysyms'

/** Buttons as X11 counts them. */
const BUTTONS = { left: 1, middle: 2, right: 3 } as const

/** What browsers call keys that are only there to make a character, or to lock: the characters that come of them are what is typed. */
const SILENT = new Set(['Dead', 'Process', 'Unidentified', 'AltGraph', 'CapsLock', 'NumLock', 'ScrollLock', 'Compose'])
/** With one of these held a character is part of a chord and not typed. */
const CHORDING = new Set<number>([
  Key.Control,
  keysymOf('Control_R') ?? 0,
  ...named('Alt', 'Alt_R', 'Super', 'Super_R'),
])
const SHIFTS = new Set<number>([Key.Shift, ...named('Shift_R')])

function named(...names: string[]): number[] {
  return names.flatMap((name) => keysymOf(name) ?? [])
}

/** A person's mouse and keyboard, as a browser reports them, on the remote screen. Each call throws without a connection. */
export class Hands {
  readonly #buttons = new Set<number>()
  /** Held keys by the browser's code of each, because its name may be another one when it is let go. */
  readonly #keys = new Map<string, number>()
  #at: Point = { x: 0, y: 0 }

  constructor(private readonly room: Room) {}

  move(point: Point): void {
    this.#at = toPixel(point, this.room.size, false)
    this.room.send('control/move', { ...this.#at })
  }

  button(button: keyof typeof BUTTONS, down: boolean, point: Point): void {
    const code = BUTTONS[button]
    if (this.#buttons.has(code) === down) return
    this.move(point)
    if (down) this.#buttons.add(code)
    else this.#buttons.delete(code)
    this.room.send(down ? 'control/buttondown' : 'control/buttonup', { code, ...this.#at })
  }

  /** In clicks of the wheel; the server counts up and left. */
  wheel(right: number, down: number, point: Point): void {
    this.move(point)
    const held = [...this.#keys.values()]
    this.room.send('control/scroll', {
      delta_x: -right,
      delta_y: -down,
      control_key: held.some((keysym) => keysym === Key.Control),
    })
  }

  /** A character is typed as it is, whatever keyboard it came from; every other key goes down and up as it does there. */
  key(key: string, code: string, down: boolean): void {
    if (key === 'AltGraph' && down) this.#up('ControlLeft')
    if (SILENT.has(key)) return
    if (!down) return this.#up(code)
    const isCharacter = [...key].length === 1
    const isChord = [...this.#keys.values()].some((keysym) => CHORDING.has(keysym))
    if (isCharacter && !isChord) return this.text(key)
    const keysym = isCharacter ? (usKey(key)?.keysym ?? keysymOf(key)) : keysymOf(namedByCode(code) ?? key)
    // A key that repeats is held down there, too.
    if (keysym === undefined || this.#keys.has(code)) return
    this.#keys.set(code, keysym)
    this.room.send('control/keydown', { keysym })
  }

  #up(code: string): void {
    const keysym = this.#keys.get(code)
    if (keysym === undefined) return
    this.#keys.delete(code)
    this.room.send('control/keyup', { keysym })
  }

  text(text: string): void {
    for (const stroke of strokesOf(text, true)) {
      if (stroke.kind === 'paste') this.paste(stroke.text)
      else if (stroke.kind === 'rare') this.#press([stroke.keysym], false)
      else this.#press(stroke.keysyms, stroke.shift)
    }
  }

  /** Presses keys one after another. What a Shift that is held would make of them is another character, so it is let go meanwhile. */
  #press(keysyms: number[], shift: boolean): void {
    const held = [...this.#keys.values()].filter((keysym) => SHIFTS.has(keysym))
    const change = (event: 'control/keydown' | 'control/keyup', keys: number[]): void => {
      for (const keysym of keys) this.room.send(event, { keysym })
    }
    if (shift && held.length === 0) change('control/keydown', [Key.Shift])
    if (!shift) change('control/keyup', held)
    for (const keysym of keysyms) {
      this.room.send('control/keydown', { keysym })
      this.room.send('control/keyup', { keysym })
    }
    if (shift && held.length === 0) change('control/keyup', [Key.Shift])
    if (!shift) change('control/keydown', held)
  }

  /** Puts the text into the clipboard there and pastes it. Keys that are held, such as those of the chord that pasted here, are let go. */
  paste(text: string): void {
    this.release()
    this.room.send('control/paste', { text })
  }

  /** Lets go of everything that is held. Does nothing without a connection: the server has let go itself then. */
  release(): void {
    const [keys, buttons] = [[...this.#keys.values()], [...this.#buttons]]
    this.#keys.clear()
    this.#buttons.clear()
    if (!this.room.connected) return
    for (const keysym of keys) this.room.send('control/keyup', { keysym })
    for (const code of buttons) this.room.send('control/buttonup', { code, ...this.#at })
  }
}

/** Keys that are there twice, which browsers tell apart by their code alone. */
const namedByCode = (code: string): string | undefined =>
  /^(Shift|Control|Alt)Right$/.test(code) || code === 'NumpadEnter' ? code.replace('Right', '_R') : undefined
