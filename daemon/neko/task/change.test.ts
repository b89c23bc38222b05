import { expect, test } from 'bun:test'
import { compare, type Rgb, thumbnail } from './change'

const SIZE = { width: 640, height: 360 }

/** A grey screen, with boxes of another grey on it, and perhaps the noise of a video. */
function screen(boxes: [x: number, y: number, width: number, height: number, grey: number][], noise = 0): Rgb {
  const rgb = new Uint8Array(SIZE.width * SIZE.height * 3).fill(200)
  let seed = 7
  if (noise > 0)
    for (let at = 0; at < rgb.length; at++) {
      seed = (seed * 1103515245 + 12345) % 2147483648
      rgb[at] = 200 + (seed % (2 * noise + 1)) - noise
    }
  for (const [left, top, width, height, grey] of boxes)
    for (let y = top; y < top + height; y++)
      rgb.fill(grey, (y * SIZE.width + left) * 3, (y * SIZE.width + left + width) * 3)
  return { ...SIZE, rgb }
}

test('the same screen is the same, also through the noise of a video', () => {
  const before = thumbnail(screen([[100, 100, 80, 40, 30]]), { x: 0.5, y: 0.5 })
  expect(compare(before, thumbnail(screen([[100, 100, 80, 40, 30]]), { x: 0.5, y: 0.5 }))).toBe('none')
  expect(compare(before, thumbnail(screen([[100, 100, 80, 40, 30]], 8), { x: 0.5, y: 0.5 }))).toBe('none')
})

test('a window that opens is much', () => {
  expect(compare(thumbnail(screen([])), thumbnail(screen([[200, 100, 200, 120, 255]])))).toBe('much')
})

test('a small mark is seen where the action was, and only there', () => {
  const point = { x: 300 / SIZE.width, y: 200 / SIZE.height }
  const empty = screen([])
  const ticked = screen([[299, 199, 4, 4, 140]])
  expect(compare(thumbnail(empty, point), thumbnail(ticked, point))).toBe('slight')
  expect(compare(thumbnail(empty, { x: 0, y: 0 }), thumbnail(ticked, { x: 0, y: 0 }))).toBe('none')
})

test('a caret is slight', () => {
  expect(compare(thumbnail(screen([])), thumbnail(screen([[300, 200, 2, 18, 0]])))).toBe('slight')
})

test('a point at the edge, or outside, has a region of the same size', () => {
  for (const point of [
    { x: 0, y: 0 },
    { x: 1, y: 1 },
    { x: 7, y: -3 },
  ])
    expect(compare(thumbnail(screen([]), point), thumbnail(screen([]), point))).toBe('none')
})

test('pictures of unlike sizes have nothing in common', () => {
  const small = thumbnail({ width: 320, height: 180, rgb: new Uint8Array(320 * 180 * 3).fill(200) })
  expect(compare(thumbnail(screen([])), small)).toBe('much')
})
