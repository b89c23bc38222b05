import { setTimeout as sleep } from 'node:timers/promises'
import { NekodeError } from '@shared/errors'
import type { Room } from '../client/room'
import { type Point, type Size, toPixel } from '../geometry'
import { isModifier, Key } from '../protocol/keysyms'
import { parseChord } from './chords'
import { Held } from './held'
import { checkSteering } from './steering'
import { type Stroke, strokesOf } from './text'

/** Codes of X11's buttons. */
export const BUTTONS = { left: 1, middle: 2, right: 3 } as const
export type Button = keyof typeof BUTTONS

/** A turn of the wheel: where it takes the view. */
export const DIRECTIONS = ['up', 'down', 'left', 'right'] as const
export type Direction = (typeof DIRECTIONS)[number]

/** Pauses in milliseconds: a browser that gets everything at once drops characters, and takes no drag for one. */
export interface Pace {
  /** Between two characters. */
  key: number
  /** Around a character for which the server has to change the keyboard. */
  rare: number
  /** After a paste: the program reads the clipboard only then. */
  paste: number
  /** Between the two presses of a double click. */
  double: number
  /** Of a whole drag. */
  drag: number
  /** Between two events of the wheel. */
  wheel: number
  /**
   * Between a press and the next move of the pointer, or key. Window managers that look at each click first (Openbox does by default,
   * which Neko's images have) hold the rest of it back for so long: the button would come up where the pointer is by then, and keys
   * overtake it.
   */
  press: number
}

const PACE: Pace = { key: 8, rare: 60, paste: 120, double: 70, drag: 240, wheel: 40, press: 120 }
/** More notches in one event take too long: the server presses the wheel once for each. */
const NOTCHES = 10
const MAX_NOTCHES = 1000
const DRAG_STEPS = 12

export interface InputOptions {
  /** Points are 0 to 1 of the screen instead of pixels. Default false. */
  normalised?: boolean
  /** Points are pixels of a screen of this size, whatever size the real one has. */
  size?: Size
  pace?: Partial<Pace>
}

export interface Abort {
  signal?: AbortSignal | undefined
}

/**
 * Mouse, keyboard, wheel and fingers in a room. An event is sent at once, unless a button was pressed just before: then a moment later. Every
 * call throws instead of sending what the server would drop without a word: NekodeError conflict `not_host`, forbidden `may_not_host`,
 * `private_mode`, `controls_locked`, unavailable without a connection.
 */
export class Input {
  normalised: boolean
  /** Size of the screen that pixels are of; undefined: of the real one. */
  size: Size | undefined
  /** Layout of the remote keyboard, as far as it is known; `us` is what servers begin with. */
  layout = 'us'
  readonly #room: Room
  readonly #held: Held
  readonly #pace: Pace
  #position: Point = { x: 0, y: 0 }
  #pressedAt = Number.NEGATIVE_INFINITY

  constructor(room: Room, options: InputOptions = {}) {
    this.#room = room
    this.#held = new Held(room)
    this.#pace = { ...PACE, ...options.pace }
    this.normalised = options.normalised ?? false
    this.size = options.size
  }

  /** Where the pointer was sent last, in pixels of the real screen. */
  get position(): Point {
    return { ...this.#position }
  }

  /** A point as it is given, as a pixel of the real screen. One that lies outside becomes the nearest one inside. */
  toPixel(point: Point): Point {
    if (!Number.isFinite(point.x) || !Number.isFinite(point.y))
      throw new NekodeError('invalid', 'A coordinate is not a number.', { code: 'point_invalid' })
    const { width, height } = this.#room.size
    if (this.normalised || !this.size) return toPixel(point, { width, height }, this.normalised)
    return toPixel({ x: point.x / this.size.width, y: point.y / this.size.height }, { width, height }, true)
  }

  async move(point: Point): Promise<void> {
    await this.#loose()
    this.#steer()
    this.#move(this.toPixel(point))
  }

  /** Presses a button, at a point or where the pointer is. Keys that are held stay so: Ctrl-click works. */
  async click(point?: Point, button: Button = 'left'): Promise<void> {
    if (point) await this.#loose()
    this.#steer()
    if (point) this.#move(this.toPixel(point))
    this.#press(BUTTONS[button])
  }

  async doubleClick(point?: Point, button: Button = 'left', { signal }: Abort = {}): Promise<void> {
    await this.click(point, button)
    await this.#pause(this.#pace.double, signal)
    this.#steer()
    this.#press(BUTTONS[button])
  }

  async buttonDown(button: Button = 'left', point?: Point): Promise<void> {
    if (point) await this.#loose()
    this.#steer()
    if (point) this.#move(this.toPixel(point))
    this.#held.buttonDown(BUTTONS[button], this.#position)
  }

  async buttonUp(button: Button = 'left', point?: Point): Promise<void> {
    if (point) await this.#loose()
    this.#steer()
    if (point) this.#move(this.toPixel(point))
    this.#held.buttonUp(BUTTONS[button], this.#position)
  }

  /** Draws with a button held down. The button is let go of whatever happens on the way. */
  async drag(from: Point, to: Point, { button = 'left', signal }: Abort & { button?: Button } = {}): Promise<void> {
    await this.#loose(signal)
    this.#steer()
    const [start, end] = [this.toPixel(from), this.toPixel(to)]
    const code = BUTTONS[button]
    const step = this.#pace.drag / (DRAG_STEPS + 2)
    this.#move(start)
    this.#held.buttonDown(code, start)
    try {
      for (const at of between(start, end, DRAG_STEPS)) {
        await this.#pause(step, signal)
        this.#steer()
        this.#move(at)
      }
      // What is dropped has to have seen where the pointer rests.
      await this.#pause(step * 2, signal)
    } finally {
      if (this.#held.buttons.has(code)) this.#lift(code)
    }
  }

  /**
   * Turns the wheel where the pointer is, or at a point.
   * @param notches clicks of the wheel, 1 to 1000: of about 50 to 120 pixels each, as the program has it
   */
  async wheel(
    direction: Direction,
    notches = 1,
    options: Abort & { at?: Point; control?: boolean } = {},
  ): Promise<void> {
    this.#steer()
    if (!Number.isInteger(notches) || notches < 1 || notches > MAX_NOTCHES) {
      throw new NekodeError('invalid', `The wheel turns by 1 to ${MAX_NOTCHES} notches.`, { code: 'notches_invalid' })
    }
    if (options.at) {
      await this.#loose(options.signal)
      this.#steer()
      this.#move(this.toPixel(options.at))
    }
    // On the real server a positive y is up and a positive x is left.
    const sign = direction === 'up' || direction === 'left' ? 1 : -1
    const isVertical = direction === 'up' || direction === 'down'
    for (let left = notches; left > 0; left -= NOTCHES) {
      const delta = sign * Math.min(left, NOTCHES)
      if (left < notches) {
        await this.#pause(this.#pace.wheel, options.signal)
        this.#steer()
      }
      const deltas = isVertical ? { delta_x: 0, delta_y: delta } : { delta_x: delta, delta_y: 0 }
      const control_key = options.control ?? (this.#held.keys.has(Key.Control) || this.#held.keys.has(Key.Control + 1))
      this.#room.send('control/scroll', { ...deltas, control_key })
    }
  }

  /** A key or a chord: `Return`, `a`, `Ctrl+Alt+t`. Whatever goes down comes up again. @throws NekodeError invalid `unknown_key` */
  async press(chord: string): Promise<void> {
    const keysyms = parseChord(chord)
    await this.#loose()
    this.#steer()
    const [only] = keysyms
    if (only !== undefined && keysyms.length === 1 && !this.#held.any && !isModifier(only)) {
      return this.#room.send('control/keypress', { keysym: only })
    }
    this.#holding(keysyms, () => undefined)
  }

  /** Presses what a chord names and keeps it down, until `keyUp`, `release` or another session steers. A server lets go after ten seconds. */
  async keyDown(chord: string): Promise<void> {
    const keysyms = parseChord(chord)
    await this.#loose()
    this.#steer()
    for (const keysym of keysyms) if (!this.#held.keys.has(keysym)) this.#held.keyDown(keysym)
  }

  async keyUp(chord: string): Promise<void> {
    const keysyms = parseChord(chord)
    await this.#loose()
    this.#steer()
    for (const keysym of keysyms.toReversed()) this.#held.keyUp(keysym)
  }

  /**
   * Types a text, newlines as Return and tabs as Tab. What is long or not on a US keyboard goes through the clipboard where the session may
   * use it.
   * @param options.how `keys`: never through the clipboard, for passwords and for terminals, where Ctrl+V means something else
   */
  async type(text: string, { how = 'auto', signal }: Abort & { how?: 'auto' | 'keys' } = {}): Promise<void> {
    await this.#loose(signal)
    this.#steer()
    this.#held.letGo()
    const strokes = strokesOf(text, { paste: how === 'auto' && this.#mayUseClipboard(), us: this.layout === 'us' })
    for (const [at, stroke] of strokes.entries()) {
      if (at > 0) await this.#pause(this.#pace.key, signal)
      await this.#stroke(stroke, signal)
    }
  }

  /** Pastes a text, or what the remote clipboard holds. @throws NekodeError forbidden `no_clipboard` */
  async paste(text = '', { signal }: Abort = {}): Promise<void> {
    await this.#loose(signal)
    this.#steer()
    if (text === '') return this.#room.send('control/paste', {})
    if (!this.#mayUseClipboard()) {
      throw new NekodeError('forbidden', 'This session may not use the remote clipboard.', {
        code: 'no_clipboard',
        next: 'Type the text instead, or ask an administrator of the server for clipboard access.',
      })
    }
    this.#room.send('control/paste', { text })
    await this.#pause(this.#pace.paste, signal)
  }

  async copy(): Promise<void> {
    await this.#loose()
    this.#steer()
    this.#room.send('control/copy')
  }

  async cut(): Promise<void> {
    await this.#loose()
    this.#steer()
    this.#room.send('control/cut')
  }

  async selectAll(): Promise<void> {
    await this.#loose()
    this.#steer()
    this.#room.send('control/select_all')
  }

  /** A finger is put down. @param id 0 for the first finger; @param pressure 0 to 255 */
  async touchBegin(id: number, point: Point, pressure = 255): Promise<void> {
    this.#touch()
    const at = this.toPixel(point)
    this.#room.send('control/touchbegin', { touch_id: id, ...at, pressure })
    this.#held.touches.set(id, at)
  }

  async touchUpdate(id: number, point: Point, pressure = 255): Promise<void> {
    this.#touch()
    const at = this.toPixel(point)
    this.#room.send('control/touchupdate', { touch_id: id, ...at, pressure })
    this.#held.touches.set(id, at)
  }

  /** A finger is lifted where it is. */
  async touchEnd(id: number): Promise<void> {
    this.#touch()
    const at = this.#held.touches.get(id)
    if (!at) throw new NekodeError('conflict', `Finger ${id} is not down.`, { code: 'touch_unknown' })
    this.#room.send('control/touchend', { touch_id: id, ...at, pressure: 0 })
    this.#held.touches.delete(id)
  }

  /** One finger is put down, moved to another point where one is given, and lifted, whatever happens on the way. */
  async touch(from: Point, to: Point = from, { signal }: Abort = {}): Promise<void> {
    await this.touchBegin(0, from)
    try {
      const isSwipe = from.x !== to.x || from.y !== to.y
      const step = this.#pace.drag / (DRAG_STEPS + 2)
      if (!isSwipe) await this.#pause(step * 3, signal)
      for (const at of isSwipe ? between(from, to, DRAG_STEPS) : []) {
        await this.#pause(step, signal)
        await this.touchUpdate(0, at)
      }
    } finally {
      if (this.#held.touches.has(0) && this.#room.connected) await this.touchEnd(0)
    }
  }

  /** Lets go of all keys, buttons and fingers that are held. */
  release(): void {
    this.#held.letGo()
  }

  /** Lets go of everything and stops listening to the room. */
  close(): void {
    this.#held.close()
  }

  #steer(): void {
    checkSteering(this.#room)
  }

  #touch(): void {
    this.#steer()
    if (this.#room.state.touch) return
    throw new NekodeError('unimplemented', 'This server takes no touch events.', {
      code: 'touch_unavailable',
      next: 'Use the mouse instead: tap, drag, scroll.',
    })
  }

  #mayUseClipboard(): boolean {
    const { sessions, sessionId } = this.#room.state
    return sessions.get(sessionId)?.profile.can_access_clipboard === true
  }

  #move(at: Point): void {
    this.#room.send('control/move', { ...at })
    this.#position = at
  }

  #press(code: number): void {
    this.#pressedAt = performance.now()
    if (this.#held.any) {
      this.#held.buttonDown(code, this.#position)
      this.#held.buttonUp(code, this.#position)
    } else this.#room.send('control/buttonpress', { code, ...this.#position })
  }

  /** Puts these keys down in their order, does something, and lets go of them in the reverse one. Those held before stay so. */
  #holding(keysyms: readonly number[], middle: () => void): void {
    const added = keysyms.filter((keysym) => !this.#held.keys.has(keysym))
    try {
      for (const keysym of added) this.#held.keyDown(keysym)
      middle()
    } finally {
      this.#held.letGo(added)
    }
  }

  #lift(code: number): void {
    this.#pressedAt = performance.now()
    try {
      this.#held.buttonUp(code, this.#position)
    } catch {
      // Without a connection the server lets go by itself; what ended the drag is what the caller has to know.
      this.#held.forget()
    }
  }

  async #stroke(stroke: Stroke, signal: AbortSignal | undefined): Promise<void> {
    if (stroke.kind === 'paste') return this.paste(stroke.text, { signal })
    if (stroke.kind === 'rare') {
      await this.#pause(this.#pace.rare, signal)
      this.#steer()
      this.#room.send('control/keypress', { keysym: stroke.keysym })
      return this.#pause(this.#pace.rare, signal)
    }
    const { keysyms, shift } = stroke
    try {
      for (const [at, keysym] of keysyms.entries()) {
        if (at > 0) await this.#pause(this.#pace.key, signal)
        this.#steer()
        if (!shift) this.#room.send('control/keypress', { keysym })
        else {
          if (!this.#held.keys.has(Key.Shift)) this.#held.keyDown(Key.Shift)
          this.#held.keyDown(keysym)
          this.#held.keyUp(keysym)
        }
      }
    } finally {
      if (shift) this.#held.letGo([...keysyms, Key.Shift])
    }
  }

  /** Waits until the last press is over for everybody. */
  async #loose(signal?: AbortSignal): Promise<void> {
    const left = this.#pressedAt + this.#pace.press - performance.now()
    if (left > 0) await this.#pause(left, signal)
  }

  async #pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted()
    if (ms > 0) await sleep(ms, undefined, signal ? { signal } : {})
  }
}

/** Points on the way from one to another: without the first, with the last. */
function between(from: Point, to: Point, steps: number): Point[] {
  return Array.from({ length: steps }, (_, at) => {
    const part = (at + 1) / steps
    return { x: along(from.x, to.x, part), y: along(from.y, to.y, part) }
  })
}

function along(from: number, to: number, part: number): number {
  const at = from + (to - from) * part
  return Number.isInteger(from) && Number.isInteger(to) && Math.abs(to - from) > 1 ? Math.round(at) : at
}
