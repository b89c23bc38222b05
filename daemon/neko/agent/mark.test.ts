import { describe, expect, test } from 'bun:test'
import { decodeFile, encodePixels, type Pixels } from '../frames/picture'
import type { Action } from './actions'
import { glyph } from './font'
import { labelOf, mark, markPixels } from './mark'

const grey = (width = 800, height = 600): Pixels => ({
  width,
  height,
  rgb: new Uint8Array(width * height * 3).fill(128),
})
const at = ({ width, rgb }: Pixels, x: number, y: number): number[] => [
  ...rgb.subarray((y * width + x) * 3, (y * width + x) * 3 + 3),
]
const count = ({ rgb }: Pixels, is: (r: number, g: number, b: number) => boolean): number => {
  let found = 0
  for (let i = 0; i < rgb.length; i += 3) if (is(rgb[i]!, rgb[i + 1]!, rgb[i + 2]!)) found++
  return found
}
const RED = [255, 0, 0]
const GREY = [128, 128, 128]
const P = { x: 0.5, y: 0.5 }

describe('annotated pictures', () => {
  test('a click is a red circle with a cross', () => {
    const pixels = markPixels(grey(), { action: 'CLICK', button: 'left', position: P }, { step: 1 })
    expect(at(pixels, 400, 300)).toEqual(RED)
    // The ring: radius 15, 3 wide. The cross: 5 further.
    expect(at(pixels, 400 + 11, 300 + 10)).toEqual(RED)
    expect(at(pixels, 400 + 7, 300 + 7)).toEqual(GREY)
    expect(at(pixels, 420, 300)).toEqual(RED)
    expect(at(pixels, 421, 300)).toEqual(GREY)
    expect(at(pixels, 400, 280)).toEqual(RED)
    expect(at(pixels, 400, 279)).toEqual(GREY)
  })

  test('what is typed is on a green area below its place', () => {
    const pixels = markPixels(grey(), { action: 'INPUT', value: 'hello', position: P }, { step: 1 })
    const isGreen = (r: number, g: number, b: number) => g > r + 20 && g > b + 20
    expect(count(pixels, isGreen)).toBeGreaterThan(500)
    expect(isGreen(...(at(pixels, 375, 325) as [number, number, number]))).toBe(true)
  })

  test('a scroll is a blue arrow that points the way', () => {
    const isBlue = (r: number, _g: number, b: number) => b > 200 && r < 100
    const columns = (pixels: Pixels, y: number) =>
      Array.from({ length: 800 }, (_, x) => at(pixels, x, y)).filter(([r, g, b]) => isBlue(r!, g!, b!)).length
    const down = markPixels(grey(), { action: 'SCROLL', direction: 'down', amount: 1 }, { step: 1 })
    expect(columns(down, 385)).toBeGreaterThan(columns(down, 215))
    const up = markPixels(grey(), { action: 'SCROLL', direction: 'up', amount: 1, position: P }, { step: 1 })
    expect(columns(up, 215)).toBeGreaterThan(columns(up, 385))
  })

  test('a drag is a line from its beginning to its end', () => {
    const pixels = markPixels(
      grey(),
      { action: 'DRAG', from: { x: 0.25, y: 0.5 }, to: { x: 0.75, y: 0.5 } },
      { step: 1 },
    )
    for (const x of [210, 300, 400, 500, 600]) expect(at(pixels, x, 300)).toEqual(RED)
    expect(at(pixels, 400, 320)).toEqual(GREY)
  })

  test('what was looked at more closely has a purple frame', () => {
    const pixels = markPixels(
      grey(),
      { action: 'ENTER' },
      { step: 1, boxes: [{ x: 200, y: 150, width: 400, height: 300 }] },
    )
    expect(at(pixels, 200, 200)).toEqual([160, 32, 240])
    expect(at(pixels, 599, 449)).toEqual([160, 32, 240])
    expect(at(pixels, 300, 300)).toEqual(GREY)
  })

  test('the label says step, action and value', () => {
    expect(labelOf({ action: 'CLICK', button: 'left', position: P }, 3)).toBe('Step 3: CLICK')
    expect(labelOf({ action: 'CLICK', button: 'right', position: P }, 3)).toBe("Step 3: CLICK 'right'")
    expect(labelOf({ action: 'INPUT', value: 'a\nb' }, 12)).toBe("Step 12: INPUT 'a b'")
    expect(labelOf({ action: 'ANSWER', value: 'x'.repeat(500) }, 1)).toHaveLength(80)
    const pixels = markPixels(grey(), { action: 'ENTER' }, { step: 1 })
    expect(count(pixels, (r, g, b) => r + g + b === 0)).toBeGreaterThan(100)
    expect(at(pixels, 3, 3)).toEqual([255, 255, 255])
  })

  test('what is given stays as it is', () => {
    const pixels = grey()
    markPixels(pixels, { action: 'CLICK', button: 'left', position: P }, { step: 1 })
    expect(count(pixels, (r) => r !== 128)).toBe(0)
  })

  test.each<Action>([
    { action: 'CLICK', button: 'left', position: { x: 0, y: 0 } },
    { action: 'DOUBLE_CLICK', position: { x: 1, y: 1 } },
    { action: 'CLICK', button: 'left' },
    { action: 'INPUT', value: 'x'.repeat(2000), position: { x: 1, y: 0 } },
    { action: 'INPUT', value: 'größe 😀' },
    { action: 'SWIPE', from: { x: 0, y: 1 }, to: { x: 1, y: 0 } },
    { action: 'SELECT_TEXT', from: P, to: P },
    { action: 'SCROLL', direction: 'right', amount: 50, position: { x: 1, y: 1 } },
    { action: 'WAIT', seconds: 1 },
  ])('every picture takes %j', (action) => {
    for (const [width, height] of [
      [1, 1],
      [33, 20],
      [640, 360],
      [1280, 720],
    ] as const) {
      const pixels = markPixels(grey(width, height), action, {
        step: 1,
        boxes: [{ x: -5, y: -5, width: 5000, height: 5000 }],
      })
      expect(pixels.rgb.length).toBe(width * height * 3)
    }
  })

  test('is written as PNG, or as JPEG', async () => {
    const picture = grey(320, 200)
    const action: Action = { action: 'CLICK', button: 'left', position: P }
    const png = await mark(picture, action, { step: 1 })
    expect(await decodeFile(png)).toEqual(markPixels(picture, action, { step: 1 }))
    const jpeg = await mark(await decodeFile(await encodePixels(picture, 'png')), action, { step: 1, format: 'jpeg' })
    expect([jpeg[0], jpeg[1]]).toEqual([0xff, 0xd8])
  })
})

test('every character of ASCII has a shape of its own, and others have a box', () => {
  const shapes = Array.from({ length: 95 }, (_, i) => JSON.stringify(glyph(String.fromCharCode(32 + i))))
  expect(new Set(shapes).size).toBe(95)
  expect(glyph(' ')).toEqual([])
  expect(glyph('ü')).toEqual(glyph('😀'))
  // An L: its left column and its foot.
  expect(glyph('L').filter(({ x }) => x === 0)).toHaveLength(7)
  expect(glyph('L').filter(({ y }) => y === 6)).toHaveLength(5)
})
