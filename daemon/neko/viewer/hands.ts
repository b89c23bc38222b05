import { NekodeError } from '@shared/errors'
import type { Room } from '../client/room'
import type { Point } from '../geometry'
import { type Button, Input } from '../input/input'
import { keysymOf } from '../protocol/keysyms'

/** What browsers call keys that are only there to make a character, or to lock: the characters that come of them are what is typed. */
const SILENT = new Set(['Dead', 'Process', 'Unidentified', 'AltGraph', 'CapsLock', 'NumLock', 'ScrollLock', 'Compose'])
/** With one of these held a character is part of a chord and not typed. */
const CHORDING = /^(Control|Alt|Meta|Super)/
/** What may wait to be done: somebody who types ahead of a slow desktop by more is not typing. */
const MAX_WAITING = 300

/** A person's mouse and keyboard, as a browser reports them, on the remote screen: in their order, and no faster than programs take it. */
export class Hands {
  readonly #input: Input
  readonly #onError: (error: NekodeError) => void
  /** Held keys by the browser's code of each, because its name may be another one when it is let go. */
  readonly #keys = new Map<string, string>()
  readonly #buttons = new Set<Button>()
  readonly #waiting: (() => Promise<void>)[] = []
  readonly #over = new AbortController()
  /** The move that is the last thing that waits: it may lead elsewhere by then. */
  #moving: { to: Point } | undefined
  #working: Promise<void> | undefined

  /** @param onError why something did not get there */
  constructor(room: Room, onError: (error: NekodeError) => void) {
    this.#input = new Input(room)
    this.#onError = onError
  }

  /** Resolves when everything is done that was asked for so far. */
  async idle(): Promise<void> {
    while (this.#working) await this.#working
  }

  move(point: Point): void {
    if (this.#moving) {
      this.#moving.to = point
      return
    }
    const moving = { to: point }
    this.#moving = moving
    this.#do(async () => {
      if (this.#moving === moving) this.#moving = undefined
      await this.#input.move(moving.to)
    })
  }

  button(button: Button, down: boolean, point: Point): void {
    if (this.#buttons.has(button) === down) return
    if (down) this.#buttons.add(button)
    else this.#buttons.delete(button)
    this.#then(() => (down ? this.#input.buttonDown(button, point) : this.#input.buttonUp(button, point)))
  }

  /** In clicks of the wheel. */
  wheel(right: number, down: number, at: Point): void {
    const control = [...this.#keys.values()].some((name) => name.startsWith('Control'))
    const { signal } = this.#over
    const options = { at, control, signal }
    this.#then(async () => {
      if (down !== 0) await this.#input.wheel(down > 0 ? 'down' : 'up', Math.abs(down), options)
      if (right !== 0) await this.#input.wheel(right > 0 ? 'right' : 'left', Math.abs(right), options)
    })
  }

  /** A character is typed as it is, whatever keyboard it came from; every other key goes down and up as it does there. */
  key(key: string, code: string, down: boolean): void {
    if (key === 'AltGraph' && down) this.#up('ControlLeft')
    if (SILENT.has(key)) return
    if (!down) return this.#up(code)
    const isCharacter = [...key].length === 1
    const isChord = [...this.#keys.values()].some((name) => CHORDING.test(name))
    if (isCharacter && !isChord) return this.text(key)
    const name = isCharacter ? key.toLowerCase() : nameOf(key, code)
    // A key that repeats is held down there, too.
    if (keysymOf(name) === undefined || this.#keys.has(code)) return
    this.#keys.set(code, name)
    this.#then(() => this.#input.keyDown(name))
  }

  #up(code: string): void {
    const name = this.#keys.get(code)
    if (name === undefined) return
    this.#keys.delete(code)
    this.#then(() => this.#input.keyUp(name))
  }

  text(text: string): void {
    // What a Shift that is held would make of the keys is another character: all is let go of, and Shift is held again after.
    const held = [...this.#keys.values()].filter((name) => name.startsWith('Shift'))
    this.#then(async () => {
      await this.#input.type(text, { signal: this.#over.signal })
      for (const name of held) await this.#input.keyDown(name)
    })
  }

  /** Puts the text into the clipboard there and pastes it. Keys that are held, such as those of the chord that pasted here, are let go. */
  paste(text: string): void {
    this.release()
    this.#then(() => this.#input.paste(text, { signal: this.#over.signal }))
  }

  /** Lets go of everything that is held. */
  release(): void {
    this.#keys.clear()
    this.#buttons.clear()
    this.#then(async () => this.#input.release())
  }

  /** Does nothing more, and lets go of everything that is held. */
  close(): void {
    this.#over.abort()
    this.#waiting.length = 0
    this.#input.close()
  }

  #then(work: () => Promise<void>): void {
    this.#moving = undefined
    this.#do(work)
  }

  #do(work: () => Promise<void>): void {
    if (this.#over.signal.aborted) return
    if (this.#waiting.length >= MAX_WAITING)
      return this.#onError(
        new NekodeError('throttled', 'More was sent than the desktop takes. What came last was left out.'),
      )
    this.#waiting.push(work)
    this.#working ??= this.#work()
  }

  async #work(): Promise<void> {
    for (let work = this.#waiting.shift(); work; work = this.#waiting.shift())
      try {
        await work()
      } catch (error) {
        if (this.#over.signal.aborted) break
        if (!(error instanceof NekodeError)) throw error
        this.#onError(error)
      }
    this.#working = undefined
  }
}

/** Keys that are there twice are told apart by their codes alone. */
function nameOf(key: string, code: string): string {
  if (/^(Shift|Control|Alt)Right$/.test(code)) return code.replace('Right', '_R')
  return code === 'NumpadEnter' ? code : key
}
