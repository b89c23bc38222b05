import { errorText } from '@shared/errors'
import type { Logger } from '@shared/log'
import type { Point, Size } from '../geometry'
import { toPixel } from '../geometry'
import { type Key, Keyboard, KEYSYM, type Levels } from './keyboard'
import type { Core } from './x11/core'
import type { XTest } from './x11/xtest'

/** What is held longer was forgotten by the one who holds it, who may be gone. */
const HOLD_MS = 10_000
const CHECK_MS = 1000
const WHEEL = { up: 4, down: 5, left: 6, right: 7 } as const
/** Each notch is an event for every program that looks; more at once is a mistake of the one who sends it. */
const MAX_NOTCHES = 1000
/** Control, Alt, Meta, Super, Hyper, left and right: with one of those held a key is a shortcut, not a letter. */
const SHORTCUT_KEYS = new Set([0xffe3, 0xffe4, 0xffe7, 0xffe8, 0xffe9, 0xffea, 0xffeb, 0xffec, 0xffed, 0xffee])
const SHIFT_KEYS = new Set([0xffe1, 0xffe2])
const ALTGR_KEYS = new Set([0xfe03, 0xff7e])

interface HeldKey {
  /** Unknown until it is pressed: its turn may not have come. */
  keycode: number | undefined
  since: number
}

interface HeldModifiers extends Levels {
  /** One that makes a key a shortcut. */
  shortcut: boolean
}

/** Keyboard and mouse of the machine. Everything happens in the order in which it was asked for. */
export class InputDevices {
  readonly #keys = new Map<number, HeldKey>()
  readonly #buttons = new Map<number, number>()
  /** Keys that wait for a spare key to be made theirs, and all that came after them. */
  #waiting: Promise<void> | undefined
  #keyboard: Keyboard | undefined
  readonly #timer: ReturnType<typeof setInterval>

  private constructor(
    readonly core: Core,
    readonly xtest: XTest,
    readonly screen: () => Size,
    readonly log: Logger,
    readonly now: () => number,
  ) {
    this.#timer = setInterval(() => this.#letGoOfOld(), CHECK_MS)
  }

  static async open(
    core: Core,
    xtest: XTest,
    screen: () => Size,
    log: Logger,
    now: () => number = Date.now,
  ): Promise<InputDevices> {
    const devices = new InputDevices(core, xtest, screen, log, now)
    devices.#keyboard = await Keyboard.open(core, (keycode) =>
      [...devices.#keys.values()].some((held) => held.keycode === keycode),
    )
    return devices
  }

  move(point: Point): void {
    const { x, y } = toPixel(point, this.screen(), false)
    this.#queue(() => this.xtest.move(x, y))
  }

  button(code: number, down: boolean): boolean {
    if (down === this.#buttons.has(code)) return false
    if (down) this.#buttons.set(code, this.now())
    else this.#buttons.delete(code)
    this.#queue(() => this.xtest.button(code, down))
    return true
  }

  key(keysym: number, down: boolean): boolean {
    if (!down) return this.#release(keysym)
    if (this.#keys.has(keysym)) return false
    const held: HeldKey = { keycode: undefined, since: this.now() }
    this.#keys.set(keysym, held)
    // What is held with it is what is held now, not when its turn has come.
    const with_ = this.#heldModifiers()
    this.#queueKey(keysym, with_, (key) => {
      if (!key) return void this.log.warn('a key could not be typed: all spare keys are held', { keysym })
      const isDown = [...this.#keys.values()].some((other) => other.keycode === key.keycode)
      held.keycode = key.keycode
      if (!isDown) this.#press(key, with_)
    })
    return true
  }

  wheel(dx: number, dy: number, control = false): void {
    const notches = (count: number, plus: number, minus: number) => {
      const button = count > 0 ? plus : minus
      for (let left = Math.min(MAX_NOTCHES, Math.abs(Math.trunc(count))); left > 0; left--) {
        this.xtest.button(button, true)
        this.xtest.button(button, false)
      }
    }
    const isHeld = this.#heldModifiers().shortcut
    if (control && !isHeld) this.key(KEYSYM.control, true)
    this.#queue(() => {
      notches(dy, WHEEL.up, WHEEL.down)
      notches(dx, WHEEL.left, WHEEL.right)
    })
    if (control && !isHeld) this.key(KEYSYM.control, false)
  }

  /** Lets go of everything. */
  reset(): void {
    for (const keysym of this.#keys.keys()) this.#release(keysym)
    for (const code of this.#buttons.keys()) this.button(code, false)
  }

  /** Something that has to come after all input until now. */
  async after<T>(work: () => Promise<T>): Promise<T> {
    await this.#waiting
    return work()
  }

  /** The layout is a new one. */
  newLayout(): void {
    this.#keyboard?.forget()
  }

  close(): void {
    clearInterval(this.#timer)
    this.#keyboard?.close()
  }

  #release(keysym: number): boolean {
    const held = this.#keys.get(keysym)
    if (!held) return this.#releaseOther(keysym)
    this.#keys.delete(keysym)
    this.#queue(() => this.#lift(held))
    return true
  }

  /** The same key with another name: a capital letter whose Shift was let go of first comes up as a small one. */
  #releaseOther(keysym: number): boolean {
    const [other] =
      [...this.#keys].find(
        ([, { keycode }]) => keycode !== undefined && this.#keyboard?.has(keycode, keysym) === true,
      ) ?? []
    return other !== undefined && this.#release(other)
  }

  #lift({ keycode }: HeldKey): void {
    if (keycode === undefined) return
    const isStillDown = [...this.#keys.values()].some((other) => other.keycode === keycode)
    if (!isStillDown) this.xtest.key(keycode, false)
  }

  /** Presses a key, with Shift and AltGr around it where it needs them and they are not held. */
  #press(key: Key, { shift, altgr, shortcut }: HeldModifiers): void {
    const around: number[] = []
    const modifier = (keysym: number) => {
      const keycode = this.#keyboard?.find(keysym)?.keycode
      if (keycode !== undefined) around.push(keycode)
    }
    if (key.shift && !shift && !shortcut) modifier(KEYSYM.shift)
    if (key.altgr && !altgr) modifier(KEYSYM.altgr)
    for (const keycode of around) this.xtest.key(keycode, true)
    this.xtest.key(key.keycode, true)
    for (const keycode of around.toReversed()) this.xtest.key(keycode, false)
  }

  #heldModifiers(): HeldModifiers {
    const held = [...this.#keys.keys()]
    return {
      shift: held.some((keysym) => SHIFT_KEYS.has(keysym)),
      altgr: held.some((keysym) => ALTGR_KEYS.has(keysym)),
      shortcut: held.some((keysym) => SHORTCUT_KEYS.has(keysym)),
    }
  }

  #queue(action: () => void): void {
    if (this.#waiting) this.#wait(async () => action())
    else action()
  }

  #queueKey(keysym: number, held: Levels, action: (key: Key | undefined) => void): void {
    const key = this.#waiting ? undefined : this.#keyboard?.find(keysym, held)
    if (key) return action(key)
    this.#wait(async () => action(await this.#keyboard?.prepare(keysym, held)))
  }

  #wait(action: () => Promise<void>): void {
    const turn: Promise<void> = (this.#waiting ?? Promise.resolve())
      .then(action)
      .catch((error: unknown) => this.log.warn(`input was lost: ${errorText(error)}`))
      .finally(() => {
        if (this.#waiting === turn) this.#waiting = undefined
      })
    this.#waiting = turn
  }

  #letGoOfOld(): void {
    const old = this.now() - HOLD_MS
    for (const [keysym, { since }] of this.#keys) if (since <= old) this.#release(keysym)
    for (const [code, since] of this.#buttons) if (since <= old) this.button(code, false)
  }
}
