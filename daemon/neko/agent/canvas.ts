import type { Pixels } from '../frames/picture'
import type { Box, Point } from '../geometry'
import { GLYPH, glyph } from './font'

export type Colour = readonly [number, number, number]

/** Draws on pixels; what lies outside of them is left out. */
export class Canvas {
  constructor(readonly pixels: Pixels) {}

  dot(x: number, y: number, [red, green, blue]: Colour, opacity = 1): void {
    const { width, height, rgb } = this.pixels
    const [column, row] = [Math.round(x), Math.round(y)]
    if (column < 0 || row < 0 || column >= width || row >= height) return
    const at = (row * width + column) * 3
    const mix = (offset: number, value: number) => {
      rgb[at + offset] = Math.round((rgb[at + offset] ?? 0) * (1 - opacity) + value * opacity)
    }
    mix(0, red)
    mix(1, green)
    mix(2, blue)
  }

  paint({ x, y, width, height }: Box, colour: Colour, opacity = 1): void {
    const { width: wide, height: high } = this.pixels
    const right = Math.min(wide - 1, x + width - 1)
    const bottom = Math.min(high - 1, y + height - 1)
    for (let row = Math.max(0, y); row <= bottom; row++)
      for (let column = Math.max(0, x); column <= right; column++) this.dot(column, row, colour, opacity)
  }

  frame({ x, y, width, height }: Box, colour: Colour, thick: number): void {
    this.paint({ x, y, width, height: thick }, colour)
    this.paint({ x, y: y + height - thick, width, height: thick }, colour)
    this.paint({ x, y, width: thick, height }, colour)
    this.paint({ x: x + width - thick, y, width: thick, height }, colour)
  }

  /** A ring, `thick` pixels inwards from its radius. */
  circle(centre: Point, radius: number, colour: Colour, thick: number): void {
    for (let dy = -radius; dy <= radius; dy++)
      for (let dx = -radius; dx <= radius; dx++) {
        const distance = Math.hypot(dx, dy)
        if (distance <= radius && distance > radius - thick) this.dot(centre.x + dx, centre.y + dy, colour)
      }
  }

  line(from: Point, to: Point, colour: Colour, thick: number): void {
    const steps = Math.max(1, Math.ceil(Math.hypot(to.x - from.x, to.y - from.y)))
    const half = (thick - 1) / 2
    for (let step = 0; step <= steps; step++) {
      const x = Math.round(from.x + ((to.x - from.x) * step) / steps - half)
      const y = Math.round(from.y + ((to.y - from.y) * step) / steps - half)
      this.paint({ x, y, width: thick, height: thick }, colour)
    }
  }

  /** A line with a head at its end. */
  arrow(from: Point, to: Point, colour: Colour, thick: number): void {
    this.line(from, to, colour, thick)
    const angle = Math.atan2(to.y - from.y, to.x - from.x)
    for (const turn of [-2.6, 2.6]) {
      const end = { x: to.x + Math.cos(angle + turn) * thick * 5, y: to.y + Math.sin(angle + turn) * thick * 5 }
      this.line(to, end, colour, thick)
    }
  }

  /** One line of text from its top left corner, `scale` pixels a dot. */
  text(content: string, { x, y }: Point, colour: Colour, scale: number): void {
    for (const [index, char] of [...content].entries())
      for (const dot of glyph(char))
        this.paint(
          {
            x: x + (index * (GLYPH.width + 1) + dot.x) * scale,
            y: y + dot.y * scale,
            width: scale,
            height: scale,
          },
          colour,
        )
  }
}

/** How wide a line of text is drawn. */
export const textWidth = (content: string, scale: number): number =>
  Math.max(0, [...content].length * (GLYPH.width + 1) - 1) * scale
