import type { Room } from '../client/room'
import type { Point } from '../geometry'

/**
 * What is held down on the remote machine: everything in here is let go of on {@link letGo}. A server lets go by itself when another
 * session becomes host or the connection ends, and at each `keypress` and `buttonpress`.
 */
export class Held {
  readonly keys = new Set<number>()
  readonly buttons = new Set<number>()
  readonly touches = new Map<number, Point>()
  readonly #room: Room
  readonly #ends: (() => void)[]

  constructor(room: Room) {
    this.#room = room
    this.#ends = [
      room.onChange('host', ({ mine }) => {
        if (!mine) this.forget()
      }),
      room.onChange('down', () => this.forget()),
    ]
  }

  get any(): boolean {
    return this.keys.size + this.buttons.size > 0
  }

  keyDown(keysym: number): void {
    this.#room.send('control/keydown', { keysym })
    this.keys.add(keysym)
  }

  keyUp(keysym: number): void {
    this.#room.send('control/keyup', { keysym })
    this.keys.delete(keysym)
  }

  buttonDown(code: number, at: Point): void {
    this.#room.send('control/buttondown', { code, ...at })
    this.buttons.add(code)
  }

  buttonUp(code: number, at: Point): void {
    this.#room.send('control/buttonup', { code, ...at })
    this.buttons.delete(code)
  }

  /** Nothing is held any more, and nothing has to be sent for it. */
  forget(): void {
    this.keys.clear()
    this.buttons.clear()
    this.touches.clear()
  }

  /** Lets go of these keys, or of everything: touches and buttons first, keys in the reverse of their order. Never throws. */
  letGo(keys?: readonly number[]): void {
    const ups = [...this.keys].toReversed().filter((keysym) => !keys || keys.includes(keysym))
    try {
      if (!keys) {
        for (const [touch_id, at] of this.touches) this.#room.send('control/touchend', { touch_id, ...at, pressure: 0 })
        for (const code of this.buttons) this.#room.send('control/buttonup', { code })
      }
      for (const keysym of ups) this.#room.send('control/keyup', { keysym })
    } catch {
      // Without a connection the server lets go by itself.
    }
    if (!keys) this.forget()
    for (const keysym of ups) this.keys.delete(keysym)
  }

  close(): void {
    for (const end of this.#ends.splice(0)) end()
    this.letGo()
  }
}
