import type { Size } from '../../geometry'
import type { Edges } from './dialect'

/** The size of a picture whose edges are within bounds; the proportions stay. The longest edge counts more. */
export function bounded({ width, height }: Size, { shortestEdge, longestEdge }: Edges): Size {
  const longest = Math.max(width, height)
  const shortest = Math.min(width, height)
  const factor =
    longest > longestEdge
      ? longestEdge / longest
      : Math.max(1, Math.min(shortestEdge / shortest, longestEdge / longest))
  return scaled({ width, height }, factor)
}

/** At most so many pixels in all. */
export function ofPixels({ width, height }: Size, most: number): Size {
  return scaled({ width, height }, Math.min(1, Math.sqrt(most / (width * height))))
}

/** A hundredth of a pixel too little is a matter of floating point. */
const scaled = ({ width, height }: Size, factor: number): Size => ({
  width: Math.max(1, Math.trunc(width * factor + 0.01)),
  height: Math.max(1, Math.trunc(height * factor + 0.01)),
})

/**
 * The size that Qwen's picture processors make of a picture: multiples of `factor` within a number of pixels. A picture that is sent in
 * this size is not resized again, so that positions in pixels are those of what was sent.
 */
export function smartSize(
  { width, height }: Size,
  { factor, minPixels, maxPixels }: { factor: number; minPixels: number; maxPixels: number },
): Size {
  const near = (length: number) => Math.max(factor, Math.round(length / factor) * factor)
  const area = near(width) * near(height)
  if (area > maxPixels) {
    const by = Math.sqrt((width * height) / maxPixels)
    const less = (length: number) => Math.max(factor, Math.floor(length / by / factor) * factor)
    return { width: less(width), height: less(height) }
  }
  if (area < minPixels) {
    const by = Math.sqrt(minPixels / (width * height))
    const more = (length: number) => Math.ceil((length * by) / factor) * factor
    return { width: more(width), height: more(height) }
  }
  return { width: near(width), height: near(height) }
}
