import { describe, expect, test } from 'bun:test'
import { Wheel, toScreen } from './place'

const SCREEN = { width: 1280, height: 720 }

describe('a point of the window', () => {
  test.each([
    ['of a box of the same shape', [100, 50, 640, 360], [420, 230], { x: 640, y: 360 }],
    ['of a box that is too tall, which has a margin above', [0, 0, 640, 560], [0, 100], { x: 0, y: 0 }],
    ['of a box that is too wide, which has one at the left', [0, 0, 840, 360], [100, 180], { x: 0, y: 360 }],
    ['in the margin is the nearest of the screen', [0, 0, 840, 360], [10, 355], { x: 0, y: 710 }],
    ['outside is the nearest of the screen', [0, 0, 640, 360], [9000, -5], { x: 1279, y: 0 }],
    ['of the last pixel is inside', [0, 0, 640, 360], [640, 360], { x: 1279, y: 719 }],
    ['of a box that has no size yet is some point of the screen', [0, 0, 0, 0], [5, 5], { x: 645, y: 365 }],
  ] as const)('%s', (_, [left, top, width, height], [x, y], found) => {
    expect(toScreen({ x, y }, new DOMRect(left, top, width, height), SCREEN)).toEqual(found)
  })
})

describe('the wheel', () => {
  test('clicks when it has turned far enough, and keeps the rest', () => {
    const wheel = new Wheel()
    const turns = [40, 40, 40, -20, -100].map((deltaY) => wheel.turn({ deltaX: 0, deltaY, deltaMode: 0 }))
    expect(turns).toEqual([undefined, undefined, { right: 0, down: 1 }, undefined, { right: 0, down: -1 }])
  })

  test('counts lines and pages too, and never says a hundred clicks at once', () => {
    const wheel = new Wheel()
    expect(wheel.turn({ deltaX: 3, deltaY: -6, deltaMode: 1 })).toEqual({ right: 1, down: -2 })
    expect(wheel.turn({ deltaX: 0, deltaY: 99, deltaMode: 2 })).toEqual({ right: 0, down: 10 })
  })
})
