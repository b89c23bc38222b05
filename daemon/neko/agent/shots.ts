import type { Size } from '../geometry'
import type { Shot } from './vision'

/** Text on a screen stays sharp enough to be read. */
const QUALITY = 90

/** The picture in exactly this size. */
export async function fitShot(shot: Shot, { width, height }: Size): Promise<Shot> {
  if (shot.width === width && shot.height === height) return shot
  const jpeg = await new Bun.Image(shot.jpeg).resize(width, height).jpeg({ quality: QUALITY }).bytes()
  return { jpeg, width, height }
}
