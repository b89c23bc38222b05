import { describe, expect, test } from 'bun:test'
import { RuntimeFailure } from '../../runtimes/failure'
import type { Box } from '../geometry'
import type { Action, Place } from './actions'
import { isRefinable, nextBox, refine, type RefineOptions, SMALLEST, toScreen } from './refine'
import type { StepInput, StepOutput, Vision } from './vision'

const SCREEN = { width: 1280, height: 720 }
const WHOLE = { x: 0, y: 0, ...SCREEN }
const NO_USAGE = { input: 1, cacheRead: 0, cacheWrite: 0, output: 2, reasoning: 0 }

describe('the next part of the screen', () => {
  test.each<[string, { x: number; y: number }, Box]>([
    ['in the middle', { x: 640, y: 360 }, { x: 320, y: 180, width: 640, height: 360 }],
    ['at the top left corner', { x: 0, y: 0 }, { x: 0, y: 0, width: 640, height: 360 }],
    ['at the bottom right corner', { x: 1279, y: 719 }, { x: 640, y: 360, width: 640, height: 360 }],
    ['at the right edge', { x: 1279, y: 360 }, { x: 640, y: 180, width: 640, height: 360 }],
  ])('is half as large around a point %s, and moved to stay on the screen', (_, at, box) => {
    expect(nextBox(WHOLE, at, SCREEN)).toEqual(box)
  })

  test('is half of the current one and no longer than the screen, never smaller than 32 pixels', () => {
    let box: Box = WHOLE
    const sizes: string[] = []
    for (let look = 0; look < 7; look++) {
      box = nextBox(box, { x: 640, y: 360 }, SCREEN)
      sizes.push(`${box.width}x${box.height}`)
    }
    expect(sizes).toEqual(['640x360', '320x180', '160x90', '80x45', '40x32', '32x32', '32x32'])
    expect(nextBox({ x: 0, y: 0, width: 20, height: 10 }, { x: 3, y: 3 }, { width: 20, height: 10 })).toEqual({
      x: 0,
      y: 0,
      width: 20,
      height: 10,
    })
  })

  test('lies on the screen and holds its point, for points everywhere on screens of every size', () => {
    for (const screen of [
      SCREEN,
      { width: 1, height: 1 },
      { width: 33, height: 31 },
      { width: 1080, height: 1920 },
      { width: 1919, height: 1081 },
      { width: 7680, height: 64 },
    ])
      for (let i = 0; i <= 40; i++)
        for (let j = 0; j <= 40; j++) {
          const at = {
            x: Math.min(screen.width - 1, (screen.width * i) / 40),
            y: Math.min(screen.height - 1, (screen.height * j) / 40),
          }
          let box: Box = { x: 0, y: 0, ...screen }
          for (let look = 0; look < 8; look++) {
            const next = nextBox(box, at, screen)
            expect(next.x).toBeGreaterThanOrEqual(0)
            expect(next.y).toBeGreaterThanOrEqual(0)
            expect(next.x + next.width).toBeLessThanOrEqual(screen.width)
            expect(next.y + next.height).toBeLessThanOrEqual(screen.height)
            expect(next.width).toBe(Math.min(screen.width, Math.max(SMALLEST, Math.round(box.width / 2))))
            expect(next.height).toBe(Math.min(screen.height, Math.max(SMALLEST, Math.round(box.height / 2))))
            // A point on the screen is in the box, half a pixel of rounding aside.
            expect(at.x).toBeGreaterThanOrEqual(next.x - 0.5)
            expect(at.x).toBeLessThanOrEqual(next.x + next.width + 0.5)
            expect(at.y).toBeGreaterThanOrEqual(next.y - 0.5)
            expect(at.y).toBeLessThanOrEqual(next.y + next.height + 0.5)
            for (const value of Object.values(next)) expect(Number.isInteger(value)).toBe(true)
            box = next
          }
        }
  })
})

describe('a place of a part', () => {
  test('is one of the screen', () => {
    const box = { x: 640, y: 360, width: 640, height: 360 }
    expect(toScreen({ x: 0, y: 0 }, box, SCREEN)).toEqual({ x: 0.5, y: 0.5 })
    expect(toScreen({ x: 1, y: 1 }, box, SCREEN)).toEqual({ x: 1, y: 1 })
    expect(toScreen({ x: 0.5, y: 0.25 }, box, SCREEN)).toEqual({ x: 0.75, y: 0.625 })
    expect(toScreen({ x: -3, y: 7 }, box, SCREEN)).toEqual({ x: 0.5, y: 1 })
  })
})

/** A model that sees a target, off by a share of what it is shown. */
function looker(
  target: Place,
  off: (look: number) => number,
  say?: (look: number, input: StepInput) => Action[] | Error,
) {
  const inputs: StepInput[] = []
  const vision: Vision = {
    name: 'test',
    async next(input) {
      inputs.push(input)
      input.signal.throwIfAborted()
      const said = say?.(inputs.length, input)
      if (said instanceof Error) throw said
      const { box, screen } = input.crop!
      const at = {
        x: (target.x * screen.width - box.x) / box.width + off(inputs.length),
        y: (target.y * screen.height - box.y) / box.height,
      }
      const actions: Action[] = said ?? [{ action: 'CLICK', button: 'left', position: at }]
      return {
        actions,
        text: '',
        reply: { text: '', calls: [] },
        usage: NO_USAGE,
        calls: 1,
        ...(actions.length ? {} : { parseError: 'garbage' }),
      } satisfies StepOutput
    },
  }
  return { vision, inputs }
}

const crops: (Box | undefined)[] = []
const options = (action: Action, more: Partial<RefineOptions> = {}): RefineOptions => ({
  action,
  picture: {
    ...SCREEN,
    jpeg: async ({ crop } = {}) => {
      crops.push(crop)
      return new Uint8Array([1])
    },
  },
  task: 'Press the button',
  mode: 'web',
  steps: 5,
  signal: new AbortController().signal,
  ...more,
})
const click = (x: number, y: number): Action => ({ action: 'CLICK', button: 'left', position: { x, y } })

describe('refinement', () => {
  test('really looks, at half the screen around the point, and ends when two looks agree', async () => {
    crops.length = 0
    const target = { x: 0.3, y: 0.6 }
    const { vision, inputs } = looker(target, () => 0)
    const usages: number[] = []
    const result = await refine(vision, options(click(0.32, 0.58), { onUsage: ({ output }) => usages.push(output) }))
    expect(result.end).toBe('agreed')
    expect(result.boxes).toEqual([
      { x: 90, y: 238, width: 640, height: 360 },
      { x: 224, y: 342, width: 320, height: 180 },
    ])
    expect(crops).toEqual(result.boxes)
    expect(inputs.map(({ picture }) => [picture.width, picture.height])).toEqual([
      [640, 360],
      [320, 180],
    ])
    expect(inputs[0]?.crop?.refines).toEqual(click(0.32, 0.58))
    expect(result.action).toEqual(click(expect.closeTo(0.3, 6), expect.closeTo(0.6, 6)))
    expect(result.places.length).toBe(3)
    expect(usages).toEqual([2, 2])
  })

  test('an error that is a share of the picture becomes smaller with each look', async () => {
    const target = { x: 0.41, y: 0.63 }
    for (const from of [
      { x: 0.5, y: 0.63 },
      { x: 0.3, y: 0.63 },
    ]) {
      const { vision } = looker(target, (look) => (look % 2 ? 0.04 : -0.04))
      const { places, end } = await refine(vision, options(click(from.x, from.y), { steps: 6 }))
      const errors = places.map(({ x }) => Math.abs(x - target.x))
      expect(errors.toSorted((a, b) => b - a)).toEqual(errors)
      expect(errors.at(-1)! * SCREEN.width).toBeLessThan(4)
      expect(['steps', 'agreed']).toContain(end)
    }
  })

  test('finds every target on the screen whose first guess was less than a quarter of it away', async () => {
    for (let i = 0; i <= 20; i++)
      for (let j = 0; j <= 20; j++) {
        const target = { x: i / 20, y: j / 20 }
        const guess = {
          x: Math.min(1, Math.max(0, target.x + (i % 2 ? 0.2 : -0.2))),
          y: Math.min(1, Math.max(0, target.y + (j % 2 ? 0.2 : -0.2))),
        }
        const { vision } = looker(target, () => 0)
        const { action } = await refine(vision, options(click(guess.x, guess.y)))
        expect(action).toEqual(click(expect.closeTo(target.x, 9), expect.closeTo(target.y, 9)))
      }
  })

  test.each<Action>([
    click(0.5, 0.5),
    { action: 'DOUBLE_CLICK', position: { x: 0.5, y: 0.5 } },
    { action: 'TRIPLE_CLICK', position: { x: 0.5, y: 0.5 } },
    { action: 'TAP', position: { x: 0.5, y: 0.5 } },
    { action: 'LONG_PRESS', position: { x: 0.5, y: 0.5 }, seconds: 1 },
    { action: 'SELECT', position: { x: 0.5, y: 0.5 } },
    { action: 'HOVER', position: { x: 0.5, y: 0.5 } },
    { action: 'INPUT', value: 'hello', position: { x: 0.5, y: 0.5 } },
  ])('any action at one point is refined, and stays what it was: %j', async (action) => {
    const { vision } = looker({ x: 0.55, y: 0.45 }, () => 0)
    const result = await refine(vision, options(action))
    expect(result.boxes.length).toBeGreaterThan(0)
    expect(result.action).toEqual({
      ...action,
      position: { x: expect.closeTo(0.55, 9), y: expect.closeTo(0.45, 9) },
    } as Action)
  })

  test.each<Action>([
    { action: 'ENTER' },
    { action: 'INPUT', value: 'x' },
    { action: 'SCROLL', direction: 'down', amount: 1, position: { x: 0.5, y: 0.5 } },
    { action: 'DRAG', from: { x: 0.1, y: 0.1 }, to: { x: 0.5, y: 0.5 } },
    { action: 'ANSWER', value: 'x' },
    { action: 'CLICK', button: 'left' },
  ])('nothing is to be refined about %j', async (action) => {
    const { vision, inputs } = looker({ x: 0.5, y: 0.5 }, () => 0)
    const result = await refine(vision, options(action))
    expect([isRefinable(action), result.end, inputs.length, result.action]).toEqual([false, 'not_needed', 0, action])
  })

  test('the number of looks counts the first one', async () => {
    for (const steps of [1, 2, 3]) {
      const { vision, inputs } = looker({ x: 0.5, y: 0.5 }, (look) => 0.1 * (look % 2 ? 1 : -1))
      const { end } = await refine(vision, options(click(0.6, 0.6), { steps }))
      expect([inputs.length, end]).toEqual([steps - 1, 'steps'])
    }
  })

  test('ends when the part cannot become smaller', async () => {
    const { vision, inputs } = looker({ x: 0.5, y: 0.5 }, (look) => (look % 2 ? 0.3 : -0.3))
    const { end } = await refine(vision, options(click(0.5, 0.5), { steps: 20 }))
    expect([inputs.length, end]).toEqual([6, 'smallest'])
  })

  test.each<[string, Action[] | Error]>([
    ['says that it is done', [{ action: 'DONE' }]],
    ['says something without a point', [{ action: 'ENTER' }]],
    ['cannot be understood', []],
    ['fails', new RuntimeFailure('timeout', 'no answer')],
  ])('keeps what it found when the model then %s', async (_, said) => {
    const { vision } = looker(
      { x: 0.3, y: 0.6 },
      () => 0.01,
      (look) => (look === 2 ? said : [{ action: 'CLICK', button: 'left', position: { x: 0.25, y: 0.25 } }]),
    )
    const result = await refine(vision, options(click(0.5, 0.5)))
    expect(result.end).toBe('lost')
    expect(result.reason).not.toBe('')
    expect(result.boxes.length).toBe(1)
    expect(result.action).toEqual(click(0.375, 0.375))
  })

  test('another kind of action gives its place only', async () => {
    const { vision } = looker(
      { x: 0.5, y: 0.5 },
      () => 0,
      () => [{ action: 'HOVER', position: { x: 0.5, y: 0.5 } }],
    )
    const { action } = await refine(vision, options({ action: 'INPUT', value: 'hello', position: { x: 0.5, y: 0.5 } }))
    expect(action).toMatchObject({ action: 'INPUT', value: 'hello' })
  })

  test('ends at once when it is stopped', async () => {
    const stop = new AbortController()
    const { vision, inputs } = looker(
      { x: 0.5, y: 0.5 },
      () => 0.2,
      () => {
        stop.abort()
        return [click(0.1, 0.1)]
      },
    )
    await expect(refine(vision, options(click(0.5, 0.5), { signal: stop.signal }))).rejects.toThrow('abort')
    expect(inputs.length).toBe(1)
  })

  test('an error that is not of the model is one', async () => {
    const { vision } = looker(
      { x: 0.5, y: 0.5 },
      () => 0,
      () => new TypeError('broken'),
    )
    await expect(refine(vision, options(click(0.5, 0.5)))).rejects.toThrow('broken')
  })
})
