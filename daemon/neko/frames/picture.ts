import { promisify } from 'node:util'
import { inflate } from 'node:zlib'
import { NekodeError } from '@shared/errors'
import type { Box, Size } from '../geometry'

/** Three bytes a pixel (red, green, blue), rows top down, no padding. */
export interface Pixels extends Size {
  rgb: Uint8Array
}

export interface JpegOptions {
  /** 1 to 100. Default 85; a screenshot that is neither cut nor made smaller stays as the server sent it. */
  quality?: number
  /** A part of the picture, in its pixels; what lies outside is left out. Default: all of it. */
  crop?: Box
  /** Makes it smaller, never larger, until its longest edge has at most this many pixels. */
  longestEdge?: number
}

/** What the room's screen showed. It stays as it is: whoever has one may read it as often and as late as they want. */
export interface Picture extends Size {
  /** When it arrived here, in Unix milliseconds. */
  readonly at: number
  readonly source: 'webrtc' | 'screenshot'
  /** @throws NekodeError invalid when nothing of the picture lies in the crop */
  jpeg(options?: JpegOptions): Promise<Uint8Array>
  pixels(): Promise<Pixels>
}

const DEFAULT_QUALITY = 85
const BMP_HEADER = 54

/**
 * A BMP file of 24 bits a pixel, rows top down: the one uncompressed picture that `Bun.Image` reads.
 *
 * @returns the file, and where in it the first row (blue, green, red) begins; each row has `rowBytes`
 */
export function emptyBmp({ width, height }: Size): { file: Uint8Array<ArrayBuffer>; offset: number; rowBytes: number } {
  const rowBytes = (width * 3 + 3) & ~3
  const file = new Uint8Array(BMP_HEADER + rowBytes * height)
  const view = new DataView(file.buffer)
  view.setUint16(0, 0x424d)
  view.setUint32(2, file.length, true)
  view.setUint32(10, BMP_HEADER, true)
  view.setUint32(14, 40, true)
  view.setInt32(18, width, true)
  // Negative: the first row is the top one.
  view.setInt32(22, -height, true)
  view.setUint16(26, 1, true)
  view.setUint16(28, 24, true)
  view.setUint32(34, rowBytes * height, true)
  return { file, offset: BMP_HEADER, rowBytes }
}

function toBmp({ width, height, rgb }: Pixels): Uint8Array<ArrayBuffer> {
  const { file, offset, rowBytes } = emptyBmp({ width, height })
  for (let y = 0, from = 0; y < height; y++) {
    for (let x = 0, to = offset + y * rowBytes; x < width; x++, from += 3, to += 3) {
      file[to] = rgb[from + 2] ?? 0
      file[to + 1] = rgb[from + 1] ?? 0
      file[to + 2] = rgb[from] ?? 0
    }
  }
  return file
}

/** @param quality of a JPEG, 1 to 100. Default 85 */
export function encodePixels(pixels: Pixels, format: 'jpeg' | 'png', quality = DEFAULT_QUALITY): Promise<Uint8Array> {
  const image = new Bun.Image(toBmp(pixels))
  return (format === 'png' ? image.png({ compressionLevel: 3 }) : image.jpeg({ quality })).bytes()
}

/** The part of the crop that lies in the picture, in whole pixels. */
export function clip(crop: Box, { width, height }: Size): Box {
  const x = Math.max(0, Math.floor(crop.x))
  const y = Math.max(0, Math.floor(crop.y))
  const right = Math.min(width, Math.ceil(crop.x + crop.width))
  const bottom = Math.min(height, Math.ceil(crop.y + crop.height))
  if (!(right > x && bottom > y)) {
    throw new NekodeError(
      'invalid',
      `nothing of the picture (${width}x${height}) lies in ${crop.width}x${crop.height} at ${crop.x},${crop.y}`,
      { code: 'crop_outside' },
    )
  }
  return { x, y, width: right - x, height: bottom - y }
}

export function cropPixels(pixels: Pixels, crop: Box): Pixels {
  const { x, y, width, height } = clip(crop, pixels)
  const rgb = new Uint8Array(width * height * 3)
  for (let row = 0; row < height; row++) {
    const from = ((y + row) * pixels.width + x) * 3
    rgb.set(pixels.rgb.subarray(from, from + width * 3), row * width * 3)
  }
  return { width, height, rgb }
}

/** @param image of `size` pixels; left alone when its longest edge is short enough */
export function shrink(image: Bun.Image, { width, height }: Size, longestEdge: number | undefined): Bun.Image {
  if (longestEdge === undefined || Math.max(width, height) <= longestEdge) return image
  const factor = longestEdge / Math.max(width, height)
  const scaled = (length: number) => Math.max(1, Math.round(length * factor))
  return image.resize(scaled(width), scaled(height))
}

/** A BMP of `size` as a JPEG. */
export function bmpToJpeg(bmp: Uint8Array<ArrayBuffer>, size: Size, options: JpegOptions): Promise<Uint8Array> {
  return shrink(new Bun.Image(bmp), size, options.longestEdge)
    .jpeg({ quality: options.quality ?? DEFAULT_QUALITY })
    .bytes()
}

/**
 * A picture that the server sent as JPEG (or PNG).
 *
 * @param at when it arrived, in Unix milliseconds
 * @throws what `Bun.Image` says of bytes that are no picture
 */
export async function pictureOfFile(file: Uint8Array, at: number): Promise<Picture> {
  const { width, height, format } = await new Bun.Image(file).metadata()
  let decoded: Promise<Pixels> | undefined
  const pixels = () => (decoded ??= decodeFile(file))
  return {
    width,
    height,
    at,
    source: 'screenshot',
    pixels: async () => {
      const { rgb } = await pixels()
      return { width, height, rgb: rgb.slice() }
    },
    async jpeg(options = {}) {
      if (options.crop) {
        const part = cropPixels(await pixels(), options.crop)
        return bmpToJpeg(toBmp(part), part, options)
      }
      const isSmall = options.longestEdge === undefined || Math.max(width, height) <= options.longestEdge
      if (format === 'jpeg' && isSmall && options.quality === undefined) return file
      return shrink(new Bun.Image(file), { width, height }, options.longestEdge)
        .jpeg({ quality: options.quality ?? DEFAULT_QUALITY })
        .bytes()
    },
  }
}

const inflated = promisify<Uint8Array, Buffer>(inflate)

/** The pixels of a JPEG or PNG. `Bun.Image` gives none, but a PNG without compression has them as they are. */
export async function decodeFile(file: Uint8Array): Promise<Pixels> {
  const png = await new Bun.Image(file).png({ compressionLevel: 0 }).bytes()
  const { width, height, channels, data } = readPng(png)
  const raw = await inflated(data)
  const rgb = new Uint8Array(width * height * 3)
  const rowBytes = 1 + width * channels
  for (let y = 0, to = 0; y < height; y++) {
    const row = y * rowBytes
    if (raw[row] !== 0) throw new NekodeError('internal', 'the uncompressed picture has filtered rows')
    for (let x = 0, from = row + 1; x < width; x++, from += channels, to += 3) {
      rgb[to] = raw[from] ?? 0
      rgb[to + 1] = raw[from + 1] ?? 0
      rgb[to + 2] = raw[from + 2] ?? 0
    }
  }
  return { width, height, rgb }
}

function readPng(png: Uint8Array): Size & { channels: number; data: Uint8Array } {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength)
  const parts: Uint8Array[] = []
  for (let at = 8; at + 12 <= png.length;) {
    const length = view.getUint32(at)
    // IDAT
    if (view.getUint32(at + 4) === 0x49444154) parts.push(png.subarray(at + 8, at + 8 + length))
    at += 12 + length
  }
  // Of the header (which begins at 16): width, height, bits a sample, colour type (2: RGB, 6: RGBA).
  const channels = png[25] === 6 ? 4 : 3
  if (png[24] !== 8 || (png[25] !== 6 && png[25] !== 2)) {
    throw new NekodeError('internal', `the uncompressed picture has colour type ${png[25]} of ${png[24]} bits`)
  }
  return { width: view.getUint32(16), height: view.getUint32(20), channels, data: Buffer.concat(parts) }
}
