import type { ScreenWish } from '@shared/contract/screens'
import type { Point } from './place'

/** A finger that moves less than this, in pixels of the window, taps. */
const STILL = 10
/** So far a finger moves for one click of the wheel. */
const PER_CLICK = 40
const LONG_MS = 550

interface TouchOptions {
  /** Of a point in the window, on the remote screen. */
  place: (at: Point) => Point
  say: (wish: ScreenWish) => void
}

/** One finger on a screen that has a mouse: a tap clicks, holding it still clicks with the right button, and moving it scrolls. */
export class Touch {
  #from: Point | undefined
  #last: Point = { x: 0, y: 0 }
  #scrolls = false
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(private readonly options: TouchOptions) {}

  start(at: Point): void {
    this.cancel()
    this.#from = at
    this.#last = at
    this.#timer = setTimeout(() => {
      if (!this.#from || this.#scrolls) return
      this.#click('right', this.#from)
      this.#from = undefined
    }, LONG_MS)
  }

  move(at: Point): void {
    const from = this.#from
    if (!from) return
    if (!this.#scrolls && Math.hypot(at.x - from.x, at.y - from.y) < STILL) return
    this.#scrolls = true
    clearTimeout(this.#timer)
    const right = Math.trunc((this.#last.x - at.x) / PER_CLICK) + 0
    const down = Math.trunc((this.#last.y - at.y) / PER_CLICK) + 0
    if (right === 0 && down === 0) return
    this.#last = { x: this.#last.x - right * PER_CLICK, y: this.#last.y - down * PER_CLICK }
    this.options.say({ type: 'wheel', right, down, ...this.options.place(from) })
  }

  end(): void {
    const from = this.#from
    const taps = from !== undefined && !this.#scrolls
    this.cancel()
    if (taps) this.#click('left', from)
  }

  cancel(): void {
    clearTimeout(this.#timer)
    this.#from = undefined
    this.#scrolls = false
  }

  #click(button: 'left' | 'right', at: Point): void {
    const place = this.options.place(at)
    this.options.say({ type: 'button', button, down: true, ...place })
    this.options.say({ type: 'button', button, down: false, ...place })
  }
}
