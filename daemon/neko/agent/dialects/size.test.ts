import { describe, expect, test } from 'bun:test'
import type { Size } from '../../geometry'
import { bounded, ofPixels, smartSize } from './size'

const size = (width: number, height: number): Size => ({ width, height })
const EDGES = { shortestEdge: 224, longestEdge: 1344 }

test.each([
  [size(1280, 720), size(1280, 720)],
  [size(1920, 1080), size(1344, 756)],
  [size(1080, 1920), size(756, 1344)],
  [size(3840, 2160), size(1344, 756)],
  [size(640, 360), size(640, 360)],
  [size(32, 32), size(224, 224)],
  [size(160, 90), size(398, 224)],
  // The longest edge counts more.
  [size(2000, 100), size(1344, 67)],
  [size(1000, 50), size(1344, 67)],
])('a picture of %j is sent as %j', (from, to) => expect(bounded(from, EDGES)).toEqual(to))

test('a picture has at most so many pixels, and keeps its proportions', () => {
  expect(ofPixels(size(1280, 720), 1_150_000)).toEqual(size(1280, 720))
  const { width, height } = ofPixels(size(1568, 1568), 1_150_000)
  expect(width * height).toBeLessThanOrEqual(1_150_000)
  expect(width).toBe(height)
})

describe('the size that Qwen makes', () => {
  const QWEN25 = { factor: 28, minPixels: 3136, maxPixels: 12_845_056 }
  // Figures of the reference implementation.
  test.each([
    [size(1920, 1080), size(1932, 1092)],
    [size(1280, 720), size(1288, 728)],
    [size(640, 360), size(644, 364)],
    [size(30, 30), size(56, 56)],
    [size(1000, 10), size(1008, 28)],
  ])('%j becomes %j', (from, to) => expect(smartSize(from, QWEN25)).toEqual(to))

  test('it is within its bounds, a multiple, and stays as it is when it is made again', () => {
    for (const factor of [28, 32])
      for (let width = 40; width < 3000; width += 131)
        for (let height = 40; height < 2000; height += 97) {
          const bounds = { factor, minPixels: 100 * factor * factor, maxPixels: 1280 * factor * factor }
          const made = smartSize(size(width, height), bounds)
          expect(made.width % factor).toBe(0)
          expect(made.height % factor).toBe(0)
          expect(made.width * made.height).toBeLessThanOrEqual(bounds.maxPixels)
          expect(made.width * made.height).toBeGreaterThanOrEqual(bounds.minPixels)
          expect(smartSize(made, bounds)).toEqual(made)
        }
  })
})
