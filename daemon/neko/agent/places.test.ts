import { describe, expect, test } from 'bun:test'
import { toPixel } from '../geometry'
import type { Literal } from './literal'
import { middle, pixels, readPlaces, shares, thousandths } from './places'

const PICTURE = { width: 1288, height: 728 }

describe('measures', () => {
  test('a pixel of the picture is the same pixel of a screen of that size, for every pixel', () => {
    for (const width of [320, 1280, 1288, 1344, 1920, 3840]) {
      const scale = pixels({ width, height: 100 })
      for (let x = 2; x < width; x++) {
        const place = scale(x, 50)!
        expect(toPixel(place, { width, height: 100 }, true).x).toBe(x)
      }
    }
  })

  test('a pixel of a smaller picture is within a pixel of where it is on the screen', () => {
    const scale = pixels({ width: 1344, height: 756 })
    for (let x = 2; x < 1344; x += 7)
      expect(Math.abs(scale(x, 10)!.x * 1920 - (x / 1344) * 1920)).toBeLessThanOrEqual(1920 / 1344)
  })

  test('thousandths are of the width and of the height', () => {
    expect(thousandths(250, 1000)).toEqual({ x: 0.25, y: 1 })
    expect(thousandths(0, 500)).toEqual({ x: 0, y: 0.5 })
  })

  test('what can only be a share is one in every measure', () => {
    for (const scale of [pixels(PICTURE), thousandths, shares(PICTURE)])
      expect(scale(0.25, 0.5)).toEqual({ x: 0.25, y: 0.5 })
  })

  test('a model that should say shares and says pixels is understood', () => {
    expect(shares(PICTURE)(644, 364)).toEqual({ x: 644.5 / 1288, y: 364.5 / 728 })
    expect(shares(PICTURE)(1, 1)).toEqual({ x: 1, y: 1 })
  })

  test('what is a little outside is on the edge, and what is far outside is nowhere', () => {
    expect(shares(PICTURE)(1.02, -0.01)).toEqual({ x: 1, y: 0 })
    expect(pixels(PICTURE)(1300, 728)).toEqual({ x: 1, y: 1 })
    expect(pixels(PICTURE)(1900, 10)).toBeUndefined()
    expect(thousandths(1200, 10)).toBeUndefined()
    expect(thousandths(-100, 10)).toBeUndefined()
    expect(shares(PICTURE)(5000, 3)).toBeUndefined()
  })
})

const A = { x: 0.1, y: 0.2 }
const B = { x: 0.3, y: 0.4 }
describe('positions as models write them', () => {
  test.each<[string, Literal | undefined, { x: number; y: number }[]]>([
    ['nothing', null, []],
    ['no field', undefined, []],
    ['words', 'None', []],
    ['a list', [0.1, 0.2], [A]],
    ['a list in a list', [[0.1, 0.2]], [A]],
    [
      'two points',
      [
        [0.1, 0.2],
        [0.3, 0.4],
      ],
      [A, B],
    ],
    ['a box', [0.1, 0.2, 0.3, 0.4], [A, B]],
    ['x and y', { x: 0.1, y: 0.2 }, [A]],
    ['X and Y', { X: '0.1', Y: '0.2' }, [A]],
    ['corners', { x1: 0.1, y1: 0.2, x2: 0.3, y2: 0.4 }, [A, B]],
    ['start and end', { start: [0.1, 0.2], end: { x: 0.3, y: 0.4 } }, [A, B]],
    ['text', '(0.1, 0.2)', [A]],
    ['text of a list', '[0.1,0.2]', [A]],
    ['numbers as text', ['0.1', '0.2'], [A]],
    ['per cent', '10%, 20%', [A]],
    ['per cent in a list', ['10%', '20%'], [A]],
    ['tags of UI-TARS', '<|box_start|>(0.1,0.2)<|box_end|>', [A]],
    ['tags of points', '<point>0.1 0.2</point>', [A]],
  ])('%s', (_, raw, places) => expect(readPlaces(raw, shares(PICTURE))).toEqual(places))

  test('what has another number of numbers is told', () => {
    expect(readPlaces([0.1, 0.2, 0.3], shares(PICTURE))).toContain('two numbers')
    expect(readPlaces(['here', 0.2, 0.3], shares(PICTURE))).toContain('no words')
    expect(readPlaces([null, null], shares(PICTURE))).toEqual([])
    expect(readPlaces([0.1], shares(PICTURE))).toContain('two numbers')
    expect(readPlaces([9000, 9000], shares(PICTURE))).toContain('outside')
  })

  test('the middle of a box is in its middle', () => expect(middle(A, B)).toEqual({ x: 0.2, y: expect.closeTo(0.3) }))
})
