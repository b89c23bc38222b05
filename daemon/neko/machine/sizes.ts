import { NekodeError } from '@shared/errors'
import type { Size } from '../geometry'
import type { ScreenSize } from './machine'

export const DEFAULT_SIZE: ScreenSize = { width: 1280, height: 720, rate: 60 }

/** The screen's memory is all there from the start, 4 bytes a pixel: 15 MB. */
const ROOM: Size = { width: 2560, height: 1440 }
const SMALLEST: Size = { width: 320, height: 200 }
const LARGEST: Size = { width: 7680, height: 4320 }
const HIGHEST_RATE = 240
const USUAL: Size[] = [
  { width: 2560, height: 1440 },
  { width: 1920, height: 1200 },
  { width: 1920, height: 1080 },
  { width: 1680, height: 1050 },
  { width: 1600, height: 900 },
  { width: 1440, height: 900 },
  { width: 1280, height: 1024 },
  { width: 1280, height: 720 },
  { width: 1152, height: 648 },
  { width: 1024, height: 768 },
  { width: 960, height: 720 },
  { width: 800, height: 600 },
  { width: 640, height: 480 },
  { width: 400, height: 800 },
]

/** How large a screen that begins with `size` can ever become. */
export const largestScreen = ({ width, height }: Size): Size => ({
  width: Math.max(width, ROOM.width),
  height: Math.max(height, ROOM.height),
})

/**
 * A size as it is asked for, as one that a screen can have: width rounded down to a multiple of 8, rate 0 is 60.
 * @throws NekodeError invalid when it is too small or larger than `largest`
 */
export function screenSize({ width, height, rate }: ScreenSize, largest: Size = LARGEST): ScreenSize {
  const size = { width: width & ~7, height: Math.trunc(height), rate: Math.trunc(rate) || DEFAULT_SIZE.rate }
  const isTooSmall = !(size.width >= SMALLEST.width && size.height >= SMALLEST.height)
  const isTooLarge = size.width > largest.width || size.height > largest.height
  if (isTooSmall || isTooLarge || size.rate < 1 || size.rate > HIGHEST_RATE)
    throw new NekodeError('invalid', `The screen cannot have ${width}x${height} at ${rate} pictures a second.`, {
      code: 'screen_size',
      next: `Choose ${SMALLEST.width}x${SMALLEST.height} to ${largest.width}x${largest.height}, at most ${HIGHEST_RATE} pictures a second.`,
    })
  return size
}

/** Sizes to choose from. */
export function usualSizes(largest: Size): ScreenSize[] {
  return USUAL.filter(({ width, height }) => width <= largest.width && height <= largest.height).flatMap((size) =>
    [60, 30].map((rate) => ({ ...size, rate })),
  )
}
