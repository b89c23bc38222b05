import { promisify } from 'node:util'
import { deflate } from 'node:zlib'
import type { Picture, Pixels } from '../frames/picture'
import type { Size } from '../geometry'

/** How a terminal can be made to show a picture. The last one every terminal with colours can. */
export const DRAWINGS = ['kitty', 'iterm2', 'sixel', 'blocks'] as const
export type Drawing = (typeof DRAWINGS)[number]

/** Characters of a terminal that a picture fills: they are about twice as high as wide. */
export function cellsFor(picture: Size, room: { columns: number; rows: number }): { columns: number; rows: number } {
  const columns = Math.max(1, Math.min(room.columns, Math.floor((room.rows * 2 * picture.width) / picture.height)))
  return { columns, rows: Math.max(1, Math.min(room.rows, Math.round((columns * picture.height) / picture.width / 2))) }
}

/** What a terminal has to be sent for a picture, from where its cursor is. */
export async function draw(kind: Drawing, picture: Picture, room: { columns: number; rows: number }): Promise<string> {
  const cells = cellsFor(picture, room)
  switch (kind) {
    case 'kitty':
      return kitty(scaled(await picture.pixels(), pixelsOf(cells, picture)), cells)
    case 'iterm2':
      return iterm2(await picture.jpeg({ quality: 70, longestEdge: 1280 }), cells)
    case 'sixel':
      return sixel(scaled(await picture.pixels(), pixelsOf(cells, picture)))
    case 'blocks':
      return blocks(scaled(await picture.pixels(), { width: cells.columns, height: cells.rows * 2 }))
  }
}

const CELL = { width: 8, height: 16 }

/** Terminals do not say how large their characters are, and scale by themselves or show it smaller. */
function pixelsOf({ columns, rows }: { columns: number; rows: number }, { width, height }: Size): Size {
  return { width: Math.min(width, columns * CELL.width), height: Math.min(height, rows * CELL.height) }
}

/** A picture of another size, each pixel the mean of those it stands for. */
export function scaled(from: Pixels, { width, height }: Size): Pixels {
  if (from.width === width && from.height === height) return from
  const rgb = new Uint8Array(width * height * 3)
  for (let y = 0, to = 0; y < height; y++) {
    const top = Math.floor((y * from.height) / height)
    const bottom = Math.max(top + 1, Math.floor(((y + 1) * from.height) / height))
    for (let x = 0; x < width; x++, to += 3) {
      const left = Math.floor((x * from.width) / width)
      const right = Math.max(left + 1, Math.floor(((x + 1) * from.width) / width))
      let [red, green, blue] = [0, 0, 0]
      for (let row = top; row < bottom; row++) {
        for (let at = (row * from.width + left) * 3; at < (row * from.width + right) * 3; at += 3) {
          red += from.rgb[at] ?? 0
          green += from.rgb[at + 1] ?? 0
          blue += from.rgb[at + 2] ?? 0
        }
      }
      const count = (bottom - top) * (right - left)
      rgb[to] = red / count
      rgb[to + 1] = green / count
      rgb[to + 2] = blue / count
    }
  }
  return { width, height, rgb }
}

const deflated = promisify<Uint8Array, { level: number }, Buffer>(deflate)
/** The longest piece of a picture in one sequence, by kitty's protocol. */
const KITTY_CHUNK = 4096

/** https://sw.kovidgoyal.net/kitty/graphics-protocol/ */
async function kitty({ width, height, rgb }: Pixels, cells: { columns: number; rows: number }): Promise<string> {
  const data = (await deflated(rgb, { level: 1 })).toString('base64')
  const head = `a=T,f=24,o=z,s=${width},v=${height},c=${cells.columns},r=${cells.rows},i=1,p=1,q=2,C=1`
  let all = ''
  for (let at = 0; at < data.length; at += KITTY_CHUNK) {
    const more = at + KITTY_CHUNK < data.length ? 1 : 0
    all += `\x1b_G${at === 0 ? `${head},` : ''}m=${more};${data.slice(at, at + KITTY_CHUNK)}\x1b\\`
  }
  return all
}

/** Takes what was drawn in kitty's way off the screen again. */
export const KITTY_CLEAR = '\x1b_Ga=d,q=2\x1b\\'

/** https://iterm2.com/documentation-images.html */
function iterm2(jpeg: Uint8Array, { columns, rows }: { columns: number; rows: number }): string {
  const data = Buffer.from(jpeg).toString('base64')
  return `\x1b]1337;File=inline=1;size=${jpeg.length};width=${columns};height=${rows};preserveAspectRatio=0:${data}\x07`
}

/** Two pixels a character: the upper one as the colour of the sign, the lower one behind it. */
function blocks({ width, height, rgb }: Pixels): string {
  const lines: string[] = []
  const colour = (at: number): string => `${rgb[at] ?? 0};${rgb[at + 1] ?? 0};${rgb[at + 2] ?? 0}`
  for (let y = 0; y + 1 < height; y += 2) {
    let line = ''
    let before = ''
    for (let x = 0; x < width; x++) {
      const at = (y * width + x) * 3
      const style = `\x1b[38;2;${colour(at)};48;2;${colour(at + width * 3)}m`
      line += style === before ? '▀' : `${style}▀`
      before = style
    }
    lines.push(`${line}\x1b[0m`)
  }
  return lines.join('\r\n')
}

const LEVELS = 6

/** DEC sixels of 216 colours. */
function sixel({ width, height, rgb }: Pixels): string {
  const level = (value: number | undefined): number => Math.round(((value ?? 0) * (LEVELS - 1)) / 255)
  const parts = [`\x1bPq"1;1;${width};${height}`]
  for (let colour = 0; colour < LEVELS ** 3; colour++) {
    const share = (divisor: number): number =>
      Math.round(((Math.floor(colour / divisor) % LEVELS) * 100) / (LEVELS - 1))
    parts.push(`#${colour};2;${share(LEVELS * LEVELS)};${share(LEVELS)};${share(1)}`)
  }
  for (let top = 0; top < height; top += 6) {
    const bands = new Map<number, Uint8Array>()
    for (let row = 0; row < Math.min(6, height - top); row++) {
      for (let x = 0; x < width; x++) {
        const at = ((top + row) * width + x) * 3
        const colour = (level(rgb[at]) * LEVELS + level(rgb[at + 1])) * LEVELS + level(rgb[at + 2])
        let band = bands.get(colour)
        if (!band) bands.set(colour, (band = new Uint8Array(width)))
        band[x] = (band[x] ?? 0) | (1 << row)
      }
    }
    for (const [colour, band] of bands) parts.push(`#${colour}${runs(band)}$`)
    parts.push('-')
  }
  return `${parts.join('')}\x1b\\`
}

/** A row of sixels, repeated ones as how many there are; those at the end that are empty are left out. */
function runs(band: Uint8Array): string {
  let text = ''
  let end = band.length
  while (end > 0 && band[end - 1] === 0) end--
  for (let at = 0; at < end;) {
    const value = band[at] ?? 0
    let length = 1
    while (at + length < end && band[at + length] === value) length++
    const sign = String.fromCharCode(63 + value)
    text += length > 3 ? `!${length}${sign}` : sign.repeat(length)
    at += length
  }
  return text
}
