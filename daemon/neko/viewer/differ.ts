import type { Size } from '../geometry'

/** Three bytes a pixel, rows top down, no padding. */
export interface LivePixels extends Size {
  rgb: Uint8Array
}

/** The encoder of a video makes steps of up to a dozen (of 255) out of nothing; of a caret or a letter each pixel is far more. */
const STRONG = 24
/** Colours of pixels that have to differ strongly: one that does alone is a fault of the picture. */
const STRONG_COLOURS = 6
/** Side of a cell, in pixels, and the average step in one that is no noise: what is pale, such as a button under the mouse. */
const CELL = 16
const PALE = 3.5

/** Whether a person would see a difference. */
export function differs(before: LivePixels, after: LivePixels): boolean {
  const { width, height } = before
  if (after.width !== width || after.height !== height) return true
  let strong = 0
  for (let top = 0; top < height; top += CELL) {
    const bottom = Math.min(height, top + CELL)
    for (let left = 0; left < width; left += CELL) {
      const right = Math.min(width, left + CELL)
      let sum = 0
      for (let y = top; y < bottom; y++) {
        const end = (y * width + right) * 3
        for (let at = (y * width + left) * 3; at < end; at++) {
          const step = Math.abs((before.rgb[at] ?? 0) - (after.rgb[at] ?? 0))
          sum += step
          if (step >= STRONG && ++strong >= STRONG_COLOURS) return true
        }
      }
      if (sum > PALE * (bottom - top) * (right - left) * 3) return true
    }
  }
  return false
}
