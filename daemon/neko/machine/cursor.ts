import { deflateSync } from 'node:zlib'
import type { CursorImage } from './machine'
import type { RawCursor } from './x11/xfixes'

/** A cursor as the X server has it (colours multiplied with alpha) as PNG. */
export function cursorImage({ width, height, hotX, hotY, bgra }: RawCursor): CursorImage {
  const rowBytes = 1 + width * 4
  const rows = new Uint8Array(rowBytes * height)
  for (let y = 0, from = 0; y < height; y++) {
    for (let x = 0, to = y * rowBytes + 1; x < width; x++, from += 4, to += 4) {
      const alpha = bgra[from + 3] ?? 0
      const colour = (offset: number) =>
        alpha ? Math.min(255, Math.round(((bgra[from + offset] ?? 0) * 255) / alpha)) : 0
      rows.set([colour(2), colour(1), colour(0), alpha], to)
    }
  }
  return { width, height, hotspot: { x: hotX, y: hotY }, png: png(width, height, rows) }
}

/** @param rows of RGBA, each after a byte for its filter */
function png(width: number, height: number, rows: Uint8Array): Uint8Array {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  // 8 bits a sample, colour type 6: RGBA.
  header.set([8, 6, 0, 0, 0], 8)
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  return Buffer.concat([
    signature,
    part('IHDR', header),
    part('IDAT', deflateSync(rows)),
    part('IEND', Buffer.alloc(0)),
  ])
}

function part(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const length = Buffer.alloc(4)
  length.writeUInt32BE(data.length)
  const sum = Buffer.alloc(4)
  sum.writeUInt32BE(Bun.hash.crc32(body))
  return Buffer.concat([length, body, sum])
}
