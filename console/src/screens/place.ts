export interface Size {
  width: number
  height: number
}

export interface Point {
  x: number
  y: number
}

/** Where on the remote screen, in its pixels, a point of the window is. The screen is shown as large as fits into the box, in its middle. */
export function toScreen(at: Point, box: DOMRectReadOnly, screen: Size): Point {
  const scale = Math.min(box.width / screen.width, box.height / screen.height) || 1
  const left = box.left + (box.width - screen.width * scale) / 2
  const top = box.top + (box.height - screen.height * scale) / 2
  const inside = (value: number, length: number): number =>
    Math.min(length - 1, Math.max(0, Math.floor(value / scale + 1e-6)))
  return { x: inside(at.x - left, screen.width), y: inside(at.y - top, screen.height) }
}

/** Clicks of the wheel as they become whole; a touchpad moves by a few pixels at a time. */
export class Wheel {
  #right = 0
  #down = 0

  /** @returns whole clicks, right and down, at most ten at once; undefined while there is none */
  turn({
    deltaX,
    deltaY,
    deltaMode,
  }: Pick<WheelEvent, 'deltaX' | 'deltaY' | 'deltaMode'>): { right: number; down: number } | undefined {
    const perClick = deltaMode === 0 ? 100 : deltaMode === 1 ? 3 : 1
    this.#right += deltaX / perClick
    this.#down += deltaY / perClick
    const [right, down] = [whole(this.#right), whole(this.#down)]
    this.#right -= right
    this.#down -= down
    return right === 0 && down === 0 ? undefined : { right: within(right), down: within(down) }
  }
}

// Sums of fractions miss a whole number by a little. Never -0, which is no number of clicks.
const whole = (value: number): number => Math.trunc(value + Math.sign(value) * 1e-6) + 0
const within = (clicks: number): number => Math.min(10, Math.max(-10, clicks))
