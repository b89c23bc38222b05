import { expect, test } from 'bun:test'
import { cursorImage } from './cursor'
import { isVp8Key, IvfReader } from './ivf'
import { OggReader } from './ogg'
import { screenSize } from './sizes'

function ivf(frames: Uint8Array[]): Buffer {
  const header = Buffer.alloc(32)
  header.write('DKIF')
  header.writeUInt16LE(32, 6)
  header.writeUInt32LE(30, 16)
  header.writeUInt32LE(2, 20)
  const parts = frames.map((data, index) => {
    const head = Buffer.alloc(12)
    head.writeUInt32LE(data.length, 0)
    head.writeBigUInt64LE(BigInt(index), 4)
    return Buffer.concat([head, data])
  })
  return Buffer.concat([header, ...parts])
}

/** A page with these segment lengths. */
function page(lacing: number[], fill: number): Buffer {
  const head = Buffer.alloc(27)
  head.write('OggS')
  head[26] = lacing.length
  return Buffer.concat([
    head,
    Buffer.from(lacing),
    Buffer.alloc(
      lacing.reduce((sum, one) => sum + one, 0),
      fill,
    ),
  ])
}

const chunks = (bytes: Uint8Array, size: number): Uint8Array[] =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => bytes.subarray(index * size, (index + 1) * size))

test.each([1, 7, 1000, 1_000_000])('IVF in parts of %p bytes gives all frames with their times', (size) => {
  const frames = [Buffer.alloc(3, 1), Buffer.alloc(0), Buffer.alloc(5000, 2), Buffer.alloc(1, 3)]
  const reader = new IvfReader()
  const read = chunks(ivf(frames), size).flatMap((chunk) => reader.push(chunk))
  expect(read.map(({ data }) => Buffer.from(data))).toEqual(frames)
  expect(read.map(({ seconds }) => Math.round(seconds * 30))).toEqual([0, 2, 4, 6])
})

test('what is no IVF or Ogg is refused', () => {
  expect(() => new IvfReader().push(Buffer.alloc(100))).toThrow('not IVF')
  expect(() => new OggReader().push(Buffer.alloc(100))).toThrow('not Ogg')
})

test.each([1, 10, 100_000])(
  'Ogg in parts of %p bytes gives packets, also those that go on in the next page',
  (size) => {
    const bytes = Buffer.concat([page([3, 2], 1), page([255, 255], 2), page([10, 0, 255, 0], 3)])
    const reader = new OggReader()
    const packets = chunks(bytes, size).flatMap((chunk) => reader.push(chunk))
    expect(packets.map(({ length }) => length)).toEqual([3, 2, 520, 0, 255])
  },
)

test('a key frame of VP8 is told from others', () => {
  expect(isVp8Key(Buffer.from([0x10, 2]))).toBe(true)
  expect(isVp8Key(Buffer.from([0x11, 2]))).toBe(false)
  expect(isVp8Key(new Uint8Array())).toBe(false)
})

test('a cursor is a PNG with its colours as they were before they were multiplied with alpha', async () => {
  // Half transparent red, nothing, opaque blue, opaque white; of each blue, green, red, alpha.
  const bgra = Buffer.from([0, 0, 64, 128, 0, 0, 0, 0, 255, 0, 0, 255, 255, 255, 255, 255])
  const { png, hotspot } = cursorImage({ width: 2, height: 2, hotX: 1, hotY: 0, bgra })
  expect(hotspot).toEqual({ x: 1, y: 0 })
  const plain = await new Bun.Image(png).png({ compressionLevel: 0 }).bytes()
  const at = Buffer.from(plain).indexOf('IDAT') + 4
  const raw = Bun.inflateSync(plain.slice(at + 2), { windowBits: -15 })
  expect([...raw]).toEqual([0, 128, 0, 0, 128, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255])
})

test.each([
  [
    { width: 1287, height: 721, rate: 0 },
    { width: 1280, height: 721, rate: 60 },
  ],
  [
    { width: 320, height: 200, rate: 30 },
    { width: 320, height: 200, rate: 30 },
  ],
])('a screen of %p becomes %p', (wanted, size) => {
  expect(screenSize(wanted)).toEqual(size)
})

test.each([
  { width: 319, height: 500, rate: 60 },
  { width: Number.NaN, height: 500, rate: 60 },
  { width: 1280, height: 720, rate: -1 },
  { width: 1280, height: 720, rate: 1000 },
  { width: 100_000, height: 720, rate: 60 },
])('a screen of %p cannot be', (wanted) => {
  expect(() => screenSize(wanted)).toThrow('The screen cannot have')
})
