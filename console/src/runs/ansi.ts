import Anser from 'anser'
import { withoutCursorMoves } from './terminal'

/** A stretch of terminal output in one look. Colours are CSS values. */
export interface Span {
  text: string
  color?: string
  background?: string
  bold?: boolean
  dim?: boolean
  italic?: boolean
  underline?: boolean
}

/** The sixteen colours of a terminal as they can be read on a dark ground, for those that the library gives. */
const palette: Record<string, string> = {
  '0, 0, 0': '#7c818e',
  '187, 0, 0': '#f07178',
  '0, 187, 0': '#8bd49c',
  '187, 187, 0': '#e2b86b',
  '0, 0, 187': '#7aa2f7',
  '187, 0, 187': '#c792ea',
  '0, 187, 187': '#70c8d4',
  '255, 255, 255': '#e6e8ee',
  '85, 85, 85': '#8b8e99',
  '255, 85, 85': '#ff8b92',
  '0, 255, 0': '#a6e3b4',
  '255, 255, 85': '#f5d58b',
  '85, 85, 255': '#9ab8ff',
  '255, 85, 255': '#dcb0f7',
  '85, 255, 255': '#97dde6',
}
const grounds: Record<string, string> = { ...palette, '0, 0, 0': '#000000', '255, 255, 255': '#3a3d47' }

const colour = (rgb: string | undefined, table: Record<string, string>): string | undefined =>
  rgb ? (table[rgb] ?? `rgb(${rgb})`) : undefined

/** Terminal output with its colours: cursor moves are gone, and a line that was written over is as it ended. */
export function spansOf(output: string): Span[] {
  return Anser.ansiToJson(withoutCursorMoves(output), { remove_empty: true }).map((part) => {
    const look = new Set(part.decorations)
    const span: Span = { text: part.content }
    const ground = colour(part.bg, grounds)
    // Black is lightened to be seen on the terminal's ground, and stays black on another one.
    const ink = ground && part.fg === '0, 0, 0' ? '#101113' : colour(part.fg, palette)
    if (ink) span.color = ink
    if (ground) span.background = ground
    if (look.has('bold')) span.bold = true
    if (look.has('dim')) span.dim = true
    if (look.has('italic')) span.italic = true
    if (look.has('underline')) span.underline = true
    return span
  })
}
