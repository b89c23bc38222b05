import type { TokenUsage } from '../../runtimes/events'
import { RuntimeFailure } from '../../runtimes/failure'
import type { Picture } from '../frames/picture'
import type { Box, Size } from '../geometry'
import { type Action, type Mode, type Place, placeOf, withPlace } from './actions'
import type { Vision } from './vision'

/** A closer look has at least so many pixels on each side: less has nothing around the target that a model could tell it by. */
export const SMALLEST = 32
/** Two looks that agree within so many pixels of the screen have found it. */
const AGREE = 3

/**
 * The part of the screen for the next look: half as wide and high as this one, around the point, moved to stay on the screen.
 *
 * @param at the point, in pixels of the screen
 */
export function nextBox(box: Box, at: { x: number; y: number }, screen: Size): Box {
  const half = (length: number, most: number) => Math.min(most, Math.max(SMALLEST, Math.round(length / 2)))
  const width = half(box.width, screen.width)
  const height = half(box.height, screen.height)
  const start = (centre: number, length: number, most: number) =>
    Math.min(most - length, Math.max(0, Math.round(centre - length / 2)))
  return { x: start(at.x, width, screen.width), y: start(at.y, height, screen.height), width, height }
}

/** A place of a part of the screen as a place of the whole. */
export function toScreen(local: Place, box: Box, screen: Size): Place {
  const clamp = (value: number) => Math.min(1, Math.max(0, value))
  return {
    x: clamp((box.x + clamp(local.x) * box.width) / screen.width),
    y: clamp((box.y + clamp(local.y) * box.height) / screen.height),
  }
}

/** Whether a closer look makes an action more exact: it is done at one point, and which one matters. */
export const isRefinable = (action: Action): boolean => placeOf(action) !== undefined && action.action !== 'SCROLL'

export interface RefineOptions {
  /** What the model wants on the whole screen. */
  action: Action
  picture: Pick<Picture, 'width' | 'height' | 'jpeg'>
  task: string
  mode: Mode
  /** Looks in all, with the first one, which was at the whole screen. */
  steps: number
  signal: AbortSignal
  onUsage?: (usage: TokenUsage) => void
}

export interface Refined {
  /** The same action at the best place that was found. */
  action: Action
  /** What was looked at, in pixels of the screen, in order. */
  boxes: Box[]
  /** Where it was after each look, the first one included. */
  places: Place[]
  /** Why no further look was taken. */
  end: 'not_needed' | 'steps' | 'agreed' | 'smallest' | 'lost'
  /** Of `lost`: what the model said, or how it failed. */
  reason?: string
}

/**
 * Looks again and again at a smaller part of the screen around where the model wants to act, until it agrees with itself. A look that gives no
 * place, or in which the model fails, ends it; what the one before found stands.
 * @throws AbortError when the signal fired
 */
export async function refine(vision: Vision, options: RefineOptions): Promise<Refined> {
  const { action: wanted, picture, steps, signal } = options
  const screen: Size = { width: picture.width, height: picture.height }
  const first = placeOf(wanted)
  const boxes: Box[] = []
  if (!first || !isRefinable(wanted)) return { action: wanted, boxes, places: first ? [first] : [], end: 'not_needed' }
  const places = [first]
  const result = (end: Refined['end'], reason?: string): Refined => ({
    action: withPlace(wanted, places.at(-1) ?? first),
    boxes,
    places,
    end,
    ...(reason === undefined ? {} : { reason }),
  })
  let box: Box = { x: 0, y: 0, ...screen }
  for (let look = 2; look <= steps; look++) {
    const last = places.at(-1) ?? first
    const at = { x: last.x * screen.width, y: last.y * screen.height }
    const next = nextBox(box, at, screen)
    if (next.width === box.width && next.height === box.height) return result('smallest')
    box = next
    const found = await placeIn(vision, box, screen, options)
    signal.throwIfAborted()
    if (typeof found === 'string') return result('lost', found)
    boxes.push(box)
    const place = toScreen(found, box, screen)
    places.push(place)
    const isNear = (a: number, b: number, length: number) => Math.abs(a - b) * length <= AGREE
    if (isNear(place.x, last.x, screen.width) && isNear(place.y, last.y, screen.height)) return result('agreed')
  }
  return result('steps')
}

/** Where the model sees the target in a part of the screen, or why it is not known. */
async function placeIn(vision: Vision, box: Box, screen: Size, options: RefineOptions): Promise<Place | string> {
  const { action, picture, task, mode, signal, onUsage } = options
  const jpeg = await picture.jpeg({ crop: box, quality: 90 })
  try {
    const { actions, usage, parseError } = await vision.next({
      task,
      mode,
      history: [],
      picture: { jpeg, width: box.width, height: box.height },
      crop: { box, screen, refines: action },
      signal,
    })
    onUsage?.(usage)
    const [said] = actions
    const place = said && isRefinable(said) ? placeOf(said) : undefined
    return place ?? parseError ?? (said ? `it said ${said.action}` : 'it said nothing')
  } catch (error) {
    // What was decided on the whole screen is not lost with a look that would have made it more exact.
    if (error instanceof RuntimeFailure) return error.message
    throw error
  }
}
