/** A point, in pixels of the screen unless it is said to be normalised (0 to 1 of its width and height). */
export interface Point {
  x: number
  y: number
}

export interface Size {
  width: number
  height: number
}

/** A part of the screen, in pixels. */
export interface Box extends Point, Size {}

/** A normalised point as a pixel of the screen, or a pixel that may lie outside as the nearest one inside. */
export function toPixel(point: Point, screen: Size, normalised: boolean): Point {
  const at = (value: number, length: number) =>
    Math.min(length - 1, Math.max(0, Math.trunc(normalised ? value * length : value)))
  return { x: at(point.x, screen.width), y: at(point.y, screen.height) }
}
