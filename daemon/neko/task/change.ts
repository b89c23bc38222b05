import type { Point, Size } from '../geometry'

/** Three bytes a pixel, rows from the top, no padding. */
export interface Rgb extends Size {
  rgb: Uint8Array
}

/**
 * How much of the screen became another: `none`, `slight` (a caret that blinks, a tick in a box, a digit) or `much`.
 */
export type Change = 'none' | 'slight' | 'much'

/** A small grey copy of the screen, and a finer one of what lies around a point. */
export interface Thumbnail {
  size: Size
  whole: Uint8Array
  near: Uint8Array | null
}

/** Pixels of a cell's side: in the whole picture, and near the point of an action. */
const CELL = 16
const NEAR_CELL = 4
/** Side of what counts as near, as a share of the screen's height. */
const NEAR = 0.25
/** Steps of grey (of 255) that the encoder of a video may make of nothing. */
const NOISE = 9
const NEAR_NOISE = 18
/** At most so many cells of the whole picture for a change to be slight. */
const SLIGHT = 4

/** @param point normalised; around it a change is looked for more closely */
export function thumbnail(pixels: Rgb, point?: Point): Thumbnail {
  const { width, height } = pixels
  const size = { width, height }
  const whole = grey(pixels, { x: 0, y: 0, ...size }, CELL, 2)
  if (!point) return { size, whole, near: null }
  const side = Math.min(width, height, Math.max(NEAR_CELL, Math.round(height * NEAR)))
  const left = Math.round(Math.min(Math.max(point.x * width - side / 2, 0), width - side))
  const top = Math.round(Math.min(Math.max(point.y * height - side / 2, 0), height - side))
  return { size, whole, near: grey(pixels, { x: left, y: top, width: side, height: side }, NEAR_CELL, 1) }
}

/** Average grey of each cell of a part of the picture; every `stride`th pixel of it is looked at. */
function grey({ rgb, width }: Rgb, part: Point & Size, cell: number, stride: number): Uint8Array {
  const columns = Math.ceil(part.width / cell)
  const rows = Math.ceil(part.height / cell)
  const cells = new Uint8Array(columns * rows)
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const right = Math.min(part.x + part.width, part.x + (column + 1) * cell)
      const bottom = Math.min(part.y + part.height, part.y + (row + 1) * cell)
      let sum = 0
      let count = 0
      for (let y = part.y + row * cell; y < bottom; y += stride)
        for (let x = part.x + column * cell; x < right; x += stride) {
          const at = (y * width + x) * 3
          sum += 3 * (rgb[at] ?? 0) + 6 * (rgb[at + 1] ?? 0) + (rgb[at + 2] ?? 0)
          count++
        }
      cells[row * columns + column] = sum / (10 * count)
    }
  }
  return cells
}

/** What became of the screen between two pictures. Pictures of unlike sizes have nothing in common. */
export function compare(before: Thumbnail, after: Thumbnail): Change {
  if (before.size.width !== after.size.width || before.size.height !== after.size.height) return 'much'
  const cells = differing(before.whole, after.whole, NOISE)
  if (cells > SLIGHT) return 'much'
  if (cells > 0) return 'slight'
  const near = before.near && after.near ? differing(before.near, after.near, NEAR_NOISE) : 0
  return near > 0 ? 'slight' : 'none'
}

function differing(one: Uint8Array, other: Uint8Array, noise: number): number {
  let count = 0
  for (let index = 0; index < one.length; index++)
    if (Math.abs((one[index] ?? 0) - (other[index] ?? 0)) > noise) count++
  return count
}
