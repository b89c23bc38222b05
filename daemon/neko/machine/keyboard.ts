import type { Core } from './x11/core'
import { EVENT } from './x11/core'

export const KEYSYM = { shift: 0xffe1, control: 0xffe3, altgr: 0xfe03, modeSwitch: 0xff7e, numLock: 0xff7f } as const

/** Which of a key's keysyms comes out. */
export interface Levels {
  shift: boolean
  altgr: boolean
}

/** A key, and what has to be held with it for the keysym to come out. */
export interface Key extends Levels {
  keycode: number
}

const NONE: Levels = { shift: false, altgr: false }

/**
 * Programs learn of a changed keyboard by an event and then ask for the new one; a key that is pressed before they have it
 * comes out wrong or not at all.
 */
const LEARN_MS = 60
/** A spare key keeps its keysym this long after its last use: a slow program may still ask what it was. */
const KEEP_MS = 2000

interface Spare {
  keysym: number
  /** Epoch milliseconds. */
  usedAt: number
}

/** Which key makes which keysym; keysyms that no key has get one of the keys that have none. */
export class Keyboard {
  #keys = new Map<number, Key[]>()
  #free: number[] = []
  readonly #spares = new Map<number, Spare>()
  #isKnown = false
  #timer: ReturnType<typeof setTimeout> | undefined
  readonly #stop: () => void

  private constructor(
    readonly core: Core,
    /** Keys that are down: those keep what they have. */
    readonly isDown: (keycode: number) => boolean,
  ) {
    this.#stop = core.x.on(EVENT.mappingNotify, (event) => {
      // 1: keyboard (0 and 2: modifiers, mouse). Our own changes come back too, with the same contents as we know.
      if (event.from(4).u8() === 1) this.#isKnown = false
    })
  }

  static async open(core: Core, isDown: (keycode: number) => boolean): Promise<Keyboard> {
    const keyboard = new Keyboard(core, isDown)
    await keyboard.#learn()
    return keyboard
  }

  /**
   * The key of a keysym when it can be pressed at once; undefined: `prepare` it. Some are on several keys (`<` on one of its own and
   * above the comma): then the one that needs just what is held.
   */
  find(keysym: number, held: Levels = NONE): Key | undefined {
    if (!this.#isKnown) return undefined
    const keys = this.#keys.get(keysym)
    if (keys) return keys.find(({ shift, altgr }) => shift === held.shift && altgr === held.altgr) ?? keys[0]
    for (const [keycode, spare] of this.#spares) {
      if (spare.keysym !== keysym) continue
      spare.usedAt = Date.now()
      return { keycode, shift: false, altgr: false }
    }
    return undefined
  }

  /** Makes sure that a key has the keysym. @returns undefined when all spare keys are held */
  async prepare(keysym: number, held: Levels = NONE): Promise<Key | undefined> {
    if (!this.#isKnown) await this.#learn()
    const found = this.find(keysym, held)
    if (found) return found
    const keycode = this.#spareKey()
    if (keycode === undefined) return undefined
    this.#spares.set(keycode, { keysym, usedAt: Date.now() })
    // Both levels: a Shift that happens to be held makes no difference.
    this.core.changeKey(keycode, [keysym, keysym])
    await this.core.x.sync()
    await Bun.sleep(LEARN_MS)
    this.#returnLater()
    return { keycode, shift: false, altgr: false }
  }

  /** Whether this key makes the keysym, on any level. */
  has(keycode: number, keysym: number): boolean {
    const keys = this.#keys.get(keysym)
    return keys?.some((key) => key.keycode === keycode) ?? this.#spares.get(keycode)?.keysym === keysym
  }

  /** The layout is a new one. */
  forget(): void {
    this.#isKnown = false
    this.#spares.clear()
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#stop()
  }

  /** One that has nothing, else the one that was used longest ago. */
  #spareKey(): number | undefined {
    const empty = this.#free.find((keycode) => !this.#spares.has(keycode))
    if (empty !== undefined) return empty
    const [oldest] = [...this.#spares]
      .filter(([keycode]) => !this.isDown(keycode))
      .sort(([, a], [, b]) => a.usedAt - b.usedAt)
    return oldest?.[0]
  }

  #returnLater(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      const old = Date.now() - KEEP_MS
      for (const [keycode, { usedAt }] of this.#spares) {
        if (usedAt > old || this.isDown(keycode)) continue
        this.#spares.delete(keycode)
        this.core.changeKey(keycode, [])
      }
      if (this.#spares.size) this.#returnLater()
    }, KEEP_MS)
  }

  async #learn(): Promise<void> {
    const { width, keysyms } = await this.core.keyboard()
    const { firstKey } = this.core.x
    // A new layout that a program on the screen chose has taken them back.
    for (const [keycode, { keysym }] of this.#spares)
      if (keysyms[(keycode - firstKey) * width] !== keysym) this.#spares.delete(keycode)
    const keys = new Map<number, Key[]>()
    const free: number[] = []
    // The server tells levels 1 and 2 of the first group, of the second group, then levels 3 and 4 of the first (XKB protocol, 17.1.1).
    const levels = [
      { index: 0, shift: false, altgr: false },
      { index: 1, shift: true, altgr: false },
      { index: 4, shift: false, altgr: true },
      { index: 5, shift: true, altgr: true },
    ]
    for (const { index, shift, altgr } of levels) {
      if (index >= width) continue
      for (let at = index, keycode = firstKey; at < keysyms.length; at += width, keycode++) {
        const keysym = keysyms[at]
        if (!keysym || this.#spares.has(keycode)) continue
        const others = keys.get(keysym) ?? []
        // A key that has it on several levels is pressed on the first.
        if (!others.some((key) => key.keycode === keycode)) keys.set(keysym, [...others, { keycode, shift, altgr }])
      }
    }
    for (let at = 0, keycode = firstKey; at < keysyms.length; at += width, keycode++)
      if (this.#spares.has(keycode) || keysyms.slice(at, at + width).every((keysym) => keysym === 0)) free.push(keycode)
    this.#keys = keys
    this.#free = free
    this.#isKnown = true
  }
}
