import type { Size } from '../geometry'
import type { Place } from './actions'
import type { Literal } from './literal'

/** A position in a model's own measure as a part of the picture that it saw, or undefined when it cannot be one. */
export type Scale = (x: number, y: number) => Place | undefined

/** Models miss the edge of the picture a little; what is further out is another measure, or nonsense. */
const SLACK = 0.05

const inside = (x: number, y: number): Place | undefined => {
  const clamp = (value: number) => Math.min(1, Math.max(0, value))
  const near = (value: number) => value >= -SLACK && value <= 1 + SLACK
  return near(x) && near(y) ? { x: clamp(x), y: clamp(y) } : undefined
}

/** 0.42 of the width can be nothing else, whatever the model was told: whole pixels have no fraction of 1. */
const isShare = (x: number, y: number): boolean =>
  x >= 0 && y >= 0 && x <= 1 && y <= 1 && !(Number.isInteger(x) && Number.isInteger(y))

/** Pixels of the picture that was sent. The middle of a pixel is meant, so that it is the same one at any size of the screen. */
export const pixels = ({ width, height }: Size): Scale => {
  return (x, y) => (isShare(x, y) ? { x, y } : inside((x + 0.5) / width, (y + 0.5) / height))
}

/** 0 to 1000 of width and height. */
export const thousandths: Scale = (x, y) => (isShare(x, y) ? { x, y } : inside(x / 1000, y / 1000))

/** 0 to 1 of width and height; a model that forgot that says pixels of the picture that it was sent. */
export const shares = (size: Size): Scale => {
  const inPixels = pixels(size)
  return (x, y) => inside(x, y) ?? inPixels(x, y)
}

/** Fields that hold the parts of a position, in the order in which they are read. */
const FIELDS = [
  ['x', 'y'],
  ['x1', 'y1', 'x2', 'y2'],
  ['left', 'top', 'right', 'bottom'],
  ['start', 'end'],
  ['from', 'to'],
]

/**
 * The places in a position as models write it: `[x, y]`, `{x, y}`, `"(x, y)"`, `<point>x y</point>`, two of them, or a box.
 *
 * @returns none, one or two places, or why it cannot be read
 */
export function readPlaces(raw: Literal | undefined, scale: Scale): Place[] | string {
  if (raw === undefined || raw === null || raw === '') return []
  const numbers = numbersIn(raw)
  if (numbers.length === 0) return []
  if (numbers.includes(WORD)) return 'a position has two numbers, and no words'
  if (numbers.length !== 2 && numbers.length !== 4)
    return `a position has two numbers (four for two points), not ${numbers.length}`
  const places: Place[] = []
  for (let i = 0; i < numbers.length; i += 2) {
    const [x, y] = [numbers[i], numbers[i + 1]]
    if (x === undefined || y === undefined) return 'a position has two numbers'
    const isPercent = x.percent || y.percent
    const place = isPercent ? inside(x.value / 100, y.value / 100) : scale(x.value, y.value)
    if (!place) return `the position [${x.value}, ${y.value}] is outside of the picture`
    places.push(place)
  }
  return places
}

interface Measure {
  value: number
  percent: boolean
}

/** A word where a number should be. */
const WORD: Measure = { value: Number.NaN, percent: false }

const numbersOr = (text: string): Measure[] | undefined => {
  const found = numbersIn(text)
  return found.length > 0 ? found : undefined
}

function numbersIn(raw: Literal): Measure[] {
  if (typeof raw === 'number') return Number.isFinite(raw) ? [{ value: raw, percent: false }] : []
  if (typeof raw === 'string')
    return [...raw.replaceAll(/<[^>]*>/g, ' ').matchAll(/([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*(%?)/gi)].map(
      ([, value, percent]) => ({ value: Number(value), percent: percent === '%' }),
    )
  if (Array.isArray(raw))
    return raw.flatMap((part) => (typeof part === 'string' ? (numbersOr(part) ?? [WORD]) : numbersIn(part)))
  if (raw === null || typeof raw !== 'object') return []
  const fields = new Map(Object.entries(raw).map(([key, value]) => [key.toLowerCase(), value]))
  const known = FIELDS.find((names) => names.every((name) => fields.has(name)))
  return (known ?? []).flatMap((name) => numbersIn(fields.get(name) ?? null))
}

/** The middle between two places: of a box that a model put around its target. */
export const middle = (a: Place, b: Place): Place => ({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 })
