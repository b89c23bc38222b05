import { encodePixels, type Pixels } from '../frames/picture'
import { type Box, type Point, type Size, toPixel } from '../geometry'
import { type Action, annotate, type Place, placeOf } from './actions'
import { Canvas, type Colour, textWidth } from './canvas'
import { GLYPH } from './font'

const RED: Colour = [255, 0, 0]
const GREEN: Colour = [0, 200, 0]
const BLUE: Colour = [40, 90, 255]
const PURPLE: Colour = [160, 32, 240]
const WHITE: Colour = [255, 255, 255]
const BLACK: Colour = [0, 0, 0]

const RADIUS = 15
const THICK = 3
/** How far the cross goes beyond the circle. */
const BEYOND = 5
/** Longer labels would hide the picture. */
const LABEL = 80

export interface MarkOptions {
  step: number
  /** Parts of the screen that were looked at more closely. */
  boxes?: readonly Box[]
  /** Default png. */
  format?: 'png' | 'jpeg'
}

/** `Step 3: CLICK`, `Step 4: INPUT 'hello'`. */
export function labelOf(action: Action, step: number): string {
  const { action: name, value } = annotate(action)
  const said = value === null ? '' : ` '${String(value).replaceAll(/\s+/g, ' ')}'`
  const label = `Step ${step}: ${name}${said}`
  return label.length > LABEL ? `${label.slice(0, LABEL - 3)}...` : label
}

/** The picture with what is done on it drawn in. The pixels that are given stay as they are. */
export function markPixels(picture: Pixels, action: Action, { step, boxes = [] }: MarkOptions): Pixels {
  const pixels = { ...picture, rgb: picture.rgb.slice() }
  const canvas = new Canvas(pixels)
  for (const box of boxes) canvas.frame(box, PURPLE, THICK)
  draw(canvas, action, pixels)
  label(canvas, labelOf(action, step))
  return pixels
}

/** The same as a file. */
export const mark = (picture: Pixels, action: Action, options: MarkOptions): Promise<Uint8Array> =>
  encodePixels(markPixels(picture, action, options), options.format ?? 'png', 85)

function draw(canvas: Canvas, action: Action, screen: Size): void {
  const pixel = (place: Place) => toPixel(place, screen, true)
  const place = placeOf(action)
  const at = place && pixel(place)
  switch (action.action) {
    case 'SCROLL':
      return scroll(canvas, action.direction, at ?? { x: screen.width / 2, y: screen.height / 2 }, screen)
    case 'DRAG':
    case 'SWIPE':
    case 'SELECT_TEXT':
      canvas.circle(pixel(action.from), RADIUS / 2, RED, THICK)
      return canvas.arrow(pixel(action.from), pixel(action.to), RED, THICK)
    case 'INPUT':
      return typed(canvas, action.value, at, screen)
    default:
      if (at) target(canvas, at)
      if (at && (action.action === 'DOUBLE_CLICK' || action.action === 'TRIPLE_CLICK'))
        canvas.circle(at, RADIUS - 2 * THICK, RED, THICK - 1)
  }
}

function target(canvas: Canvas, at: Point): void {
  const reach = RADIUS + BEYOND
  canvas.circle(at, RADIUS, RED, THICK)
  canvas.line({ x: at.x - reach, y: at.y }, { x: at.x + reach, y: at.y }, RED, 1)
  canvas.line({ x: at.x, y: at.y - reach }, { x: at.x, y: at.y + reach }, RED, 1)
}

/** A green area as wide as the text, where it goes. */
function typed(canvas: Canvas, value: string, at: Point | undefined, screen: Size): void {
  const line = value.replaceAll(/\s+/g, ' ').slice(0, LABEL)
  const width = Math.min(screen.width, textWidth(line, 2) + 8)
  const height = GLYPH.height * 2 + 8
  const middle = at ?? { x: screen.width / 2, y: screen.height - 2 * height }
  const x = Math.round(Math.max(0, Math.min(screen.width - width, middle.x - width / 2)))
  const y = Math.round(Math.max(0, Math.min(screen.height - height, middle.y + RADIUS + BEYOND)))
  canvas.paint({ x, y, width, height }, GREEN, 0.45)
  canvas.frame({ x, y, width, height }, GREEN, 1)
  canvas.text(line, { x: x + 4, y: y + 4 }, BLACK, 2)
  if (at) target(canvas, at)
}

const WAY = { up: [0, -1], down: [0, 1], left: [-1, 0], right: [1, 0] } as const

/** An arrow the way that the page is moved through. */
function scroll(canvas: Canvas, direction: keyof typeof WAY, at: Point, screen: Size): void {
  const [dx, dy] = WAY[direction]
  const reach = Math.min(screen.width, screen.height) / 6
  canvas.arrow({ x: at.x - dx * reach, y: at.y - dy * reach }, { x: at.x + dx * reach, y: at.y + dy * reach }, BLUE, 5)
}

function label(canvas: Canvas, content: string): void {
  const scale = canvas.pixels.width >= 640 ? 2 : 1
  canvas.paint({ x: 0, y: 0, width: textWidth(content, scale) + 12, height: GLYPH.height * scale + 12 }, WHITE)
  canvas.frame({ x: 0, y: 0, width: textWidth(content, scale) + 12, height: GLYPH.height * scale + 12 }, RED, 1)
  canvas.text(content, { x: 6, y: 6 }, BLACK, scale)
}
