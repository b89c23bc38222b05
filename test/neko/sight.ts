import { inflateSync } from 'node:zlib'

/** The colours that the pages of these tests are painted in, far apart also after JPEG. */
export const COLOURS = {
  red: [255, 0, 0],
  green: [0, 200, 0],
  blue: [0, 0, 255],
  magenta: [255, 0, 255],
  cyan: [0, 255, 255],
  yellow: [255, 255, 0],
} as const
export type Colour = keyof typeof COLOURS

/** A patch of one colour: its middle, 0 to 1 of the picture, and how many pixels it has. */
export interface Patch {
  x: number
  y: number
  pixels: number
}

export interface Sight {
  width: number
  height: number
  /** The largest patch of each colour that can be seen. */
  patches: Partial<Record<Colour, Patch>>
  /** What it took to see it. */
  tookMs: number
}

/** How far a pixel may be from a colour, in each of red, green and blue. */
const NEAR = 70
/** Smaller is noise of the compression. */
const LEAST = 40

/** Looks at a JPEG as a model would: finds where each colour is. */
export async function look(jpeg: Uint8Array): Promise<Sight> {
  const began = performance.now()
  const { width, height, at } = await pixels(jpeg)
  const patches: Sight['patches'] = {}
  for (const [name, colour] of Object.entries(COLOURS)) {
    const patch = find(width, height, (i) => colour.every((value, c) => Math.abs(at(i, c) - value) <= NEAR))
    if (patch && isColour(name)) patches[name] = patch
  }
  return { width, height, patches, tookMs: performance.now() - began }
}

const isColour = (name: string): name is Colour => name in COLOURS

/** The largest connected patch. Pixels that touch at a side are connected. */
function find(width: number, height: number, isOf: (index: number) => boolean): Patch | undefined {
  const seen = new Uint8Array(width * height)
  const queue = new Int32Array(width * height)
  let best: Patch | undefined
  for (let start = 0; start < seen.length; start++) {
    if (seen[start] || !isOf(start)) continue
    let [head, tail, x, y] = [0, 0, 0, 0]
    const add = (index: number): void => {
      if (seen[index] || !isOf(index)) return
      seen[index] = 1
      queue[tail++] = index
    }
    add(start)
    while (head < tail) {
      const index = queue[head++] ?? 0
      const column = index % width
      x += column
      y += (index - column) / width
      if (column > 0) add(index - 1)
      if (column < width - 1) add(index + 1)
      if (index >= width) add(index - width)
      if (index < seen.length - width) add(index + width)
    }
    if (tail >= LEAST && tail > (best?.pixels ?? 0))
      best = { x: (x / tail + 0.5) / width, y: (y / tail + 0.5) / height, pixels: tail }
  }
  return best
}

/** Bun gives no raw pixels of a picture; a PNG that is not compressed has them as they are. */
async function pixels(jpeg: Uint8Array) {
  const png = Buffer.from(await new Bun.Image(jpeg).png({ compressionLevel: 0 }).bytes())
  const width = png.readUInt32BE(16)
  const height = png.readUInt32BE(20)
  const channels = png[25] === 6 ? 4 : 3
  const parts: Buffer[] = []
  for (let offset = 8; offset < png.length;) {
    const length = png.readUInt32BE(offset)
    if (png.toString('latin1', offset + 4, offset + 8) === 'IDAT')
      parts.push(png.subarray(offset + 8, offset + 8 + length))
    offset += length + 12
  }
  const rows = unfilter(inflateSync(Buffer.concat(parts)), width * channels, channels, height)
  return { width, height, at: (index: number, c: number) => rows[index * channels + c] ?? 0 }
}

/** Undoes the filters of PNG (RFC 2083, chapter 6), which an encoder may choose for each row. */
function unfilter(raw: Buffer, stride: number, channels: number, height: number): Uint8Array {
  const out = new Uint8Array(stride * height)
  for (let row = 0; row < height; row++) {
    const filter = raw[row * (stride + 1)] ?? 0
    for (let i = 0; i < stride; i++) {
      const value = raw[row * (stride + 1) + 1 + i] ?? 0
      const left = i >= channels ? (out[row * stride + i - channels] ?? 0) : 0
      const up = row > 0 ? (out[(row - 1) * stride + i] ?? 0) : 0
      const corner = row > 0 && i >= channels ? (out[(row - 1) * stride + i - channels] ?? 0) : 0
      out[row * stride + i] = (value + predicted(filter, left, up, corner)) & 0xff
    }
  }
  return out
}

function predicted(filter: number, left: number, up: number, corner: number): number {
  if (filter === 1) return left
  if (filter === 2) return up
  if (filter === 3) return (left + up) >> 1
  if (filter !== 4) return 0
  const guess = left + up - corner
  const [a, b, c] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - corner)]
  return a <= b && a <= c ? left : b <= c ? up : corner
}
