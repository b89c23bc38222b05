import { closeSync, openSync, readSync } from 'node:fs'
import { NekodeError } from '@shared/errors'
import type { Size } from '../geometry'
import type { ScreenPixels } from './machine'

const BMP_HEADER = 54

/**
 * The pixels of an Xvfb screen, read from the file (in the format of `xwd`) that it keeps them in. Asking the server for an
 * image would send four bytes a pixel through a socket; reading the file takes a few milliseconds.
 */
export class Framebuffer {
  readonly #file: number
  readonly #start: number
  readonly #rowBytes: number

  /** @throws NekodeError internal when it is not what Xvfb writes for 24 bits a pixel */
  constructor(path: string) {
    this.#file = openSync(path, 'r')
    const header = Buffer.alloc(100)
    readSync(this.#file, header, 0, header.length, 0)
    const field = (index: number) => header.readUInt32BE(index * 4)
    // Fields of XWDFileHeader: 0 its size, 7 byte order, 11 bits a pixel, 12 bytes a row, 19 colours (12 bytes each).
    this.#start = field(0) + 12 * field(19)
    this.#rowBytes = field(12)
    if (field(1) !== 7 || field(7) !== 0 || field(11) !== 32 || field(14) !== 0xff0000)
      throw new NekodeError('internal', `the screen of the X server has a form that is not known (${path})`)
  }

  /** A BMP of 32 bits a pixel, rows top down: what the screen has, with a header. */
  bmp({ width, height }: Size): Buffer<ArrayBuffer> {
    const rowBytes = width * 4
    const bmp = Buffer.alloc(BMP_HEADER + rowBytes * height)
    bmp.write('BM')
    bmp.writeUInt32LE(bmp.length, 2)
    bmp.writeUInt32LE(BMP_HEADER, 10)
    bmp.writeUInt32LE(40, 14)
    bmp.writeInt32LE(width, 18)
    // Negative: the first row is the top one.
    bmp.writeInt32LE(-height, 22)
    bmp.writeUInt16LE(1, 26)
    bmp.writeUInt16LE(32, 28)
    for (let y = 0; y < height; y++)
      readSync(this.#file, bmp, BMP_HEADER + y * rowBytes, rowBytes, this.#start + y * this.#rowBytes)
    return bmp
  }

  pixels(size: Size): ScreenPixels {
    const bgrx = this.bmp(size).subarray(BMP_HEADER)
    const rgb = new Uint8Array(size.width * size.height * 3)
    for (let from = 0, to = 0; to < rgb.length; from += 4, to += 3) {
      rgb[to] = bgrx[from + 2] ?? 0
      rgb[to + 1] = bgrx[from + 1] ?? 0
      rgb[to + 2] = bgrx[from] ?? 0
    }
    return { ...size, rgb }
  }

  close(): void {
    closeSync(this.#file)
  }
}
