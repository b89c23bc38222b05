import { expect, test } from 'bun:test'
import type { Size } from '../geometry'
import { pictureOfPlanes } from './i420'
import { cropPixels, decodeFile, encodePixels, type Pixels, pictureOfFile } from './picture'

/** Each pixel tells where it is. */
const drawn = ({ width, height }: Size): Pixels => ({
  width,
  height,
  rgb: Uint8Array.from({ length: width * height * 3 }, (_, at) => {
    const pixel = Math.floor(at / 3)
    return [pixel % width, Math.floor(pixel / width), 128][at % 3] ?? 0
  }),
})

const at = ({ width, rgb }: Pixels, x: number, y: number): number[] => [
  ...rgb.subarray((y * width + x) * 3, (y * width + x) * 3 + 3),
]

/** Of one colour, in planes whose rows are longer than the picture. */
const planes = ({ width, height }: Size, y: number, u: number, v: number) => {
  const plane = (value: number, rows: number, stride: number) => ({
    bytes: new Uint8Array(stride * rows).fill(value),
    stride,
  })
  const half = (height + 1) >> 1
  return { width, height, y: plane(y, height, width + 7), u: plane(u, half, width), v: plane(v, half, width) }
}

test('pixels go into a PNG and come out of it as they were, whatever their width', async () => {
  for (const width of [1, 33, 101, 128]) {
    const pixels = drawn({ width, height: 50 })
    expect(await decodeFile(await encodePixels(pixels, 'png'))).toEqual(pixels)
  }
})

test('a JPEG has its colours', async () => {
  const pixels = await decodeFile(await encodePixels(drawn({ width: 200, height: 100 }), 'jpeg', 95))
  const [red = 0, green = 0, blue = 0] = at(pixels, 150, 40)
  expect(Math.abs(red - 150)).toBeLessThan(12)
  expect(Math.abs(green - 40)).toBeLessThan(12)
  expect(Math.abs(blue - 128)).toBeLessThan(12)
})

test('a part of the pixels is that part, and only what lies inside', () => {
  const part = cropPixels(drawn({ width: 100, height: 80 }), { x: 90.5, y: -5, width: 50, height: 20 })
  expect({ width: part.width, height: part.height }).toEqual({ width: 10, height: 15 })
  expect(at(part, 0, 0)).toEqual([90, 0, 128])
  expect(at(part, 9, 14)).toEqual([99, 14, 128])
})

test('a screenshot is passed on as it came, and cut and made smaller when that is asked for', async () => {
  const file = await encodePixels(drawn({ width: 200, height: 100 }), 'jpeg')
  const picture = await pictureOfFile(file, 1234)
  expect(picture).toMatchObject({ width: 200, height: 100, at: 1234, source: 'screenshot' })
  expect(await picture.jpeg()).toBe(file)
  expect(await picture.jpeg({ longestEdge: 200 })).toBe(file)
  const sizeOf = async (jpeg: Uint8Array) => new Bun.Image(jpeg).metadata()
  expect(await sizeOf(await picture.jpeg({ longestEdge: 50 }))).toMatchObject({ width: 50, height: 25, format: 'jpeg' })
  const part = await picture.jpeg({ crop: { x: 100, y: 50, width: 60, height: 30 } })
  expect(await sizeOf(part)).toMatchObject({ width: 60, height: 30, format: 'jpeg' })
  const [red = 0, green = 0] = at(await decodeFile(part), 30, 15)
  expect(Math.abs(red - 130)).toBeLessThan(12)
  expect(Math.abs(green - 65)).toBeLessThan(12)
})

test('a part that lies outside is refused', async () => {
  const picture = pictureOfPlanes(planes({ width: 64, height: 64 }, 128, 128, 128), 0)
  await expect(picture.jpeg({ crop: { x: 64, y: 0, width: 10, height: 10 } })).rejects.toMatchObject({
    code: 'crop_outside',
  })
})

test('video in limited range has its colours', async () => {
  // BT.601: red is 81, 90, 240.
  for (const [yuv, rgb] of [
    [
      [81, 90, 240],
      [255, 0, 0],
    ],
    [
      [145, 54, 34],
      [0, 255, 0],
    ],
    [
      [41, 240, 110],
      [0, 0, 255],
    ],
    [
      [16, 128, 128],
      [0, 0, 0],
    ],
    [
      [235, 128, 128],
      [255, 255, 255],
    ],
  ] as const) {
    const [y, u, v] = yuv
    const picture = pictureOfPlanes(planes({ width: 65, height: 33 }, y, u, v), 0)
    const pixels = await picture.pixels()
    const found = at(pixels, 64, 32)
    for (const [index, value] of rgb.entries()) expect(Math.abs((found[index] ?? 0) - value)).toBeLessThan(4)
    const jpeg = await decodeFile(await picture.jpeg({ quality: 95, crop: { x: 60, y: 30, width: 5, height: 3 } }))
    expect(jpeg).toMatchObject({ width: 5, height: 3 })
    for (const [index, value] of rgb.entries()) expect(Math.abs((at(jpeg, 2, 1)[index] ?? 0) - value)).toBeLessThan(8)
  }
})
