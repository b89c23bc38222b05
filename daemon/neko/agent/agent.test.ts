import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { startVision, TASKS, type Vision as Scripted } from '../../../test/neko/vision'
import { encodePixels, pictureOfFile, type Pixels } from '../frames/picture'
import type { Box } from '../geometry'
import { placeOf } from './actions'
import { createVision } from './create'
import { refine } from './refine'
import { agentSettings } from './settings'
import type { Vision } from './vision'

let model: Scripted
let vision: Vision
beforeAll(async () => {
  model = startVision({ rough: true })
  const env = { NEKODE_MODEL_BASE_URL: `${model.url}/v1`, NEKO_AGENT_TYPE: 'showui' }
  vision = await createVision(agentSettings(env, {}, { connects: false }), env)
})
afterAll(() => model.stop())

/** A grey screen with one red thing. */
function screenWith(target: Box, width: number, height: number): Promise<Uint8Array> {
  const pixels: Pixels = { width, height, rgb: new Uint8Array(width * height * 3).fill(200) }
  for (let y = target.y; y < target.y + target.height; y++)
    for (let x = target.x; x < target.x + target.width; x++) pixels.rgb.set([255, 0, 0], (y * width + x) * 3)
  return encodePixels(pixels, 'jpeg', 90)
}

describe('a model that only sees roughly where things are', () => {
  test.each([
    [1280, 720, { x: 690, y: 298, width: 24, height: 16 }],
    [1280, 720, { x: 0, y: 0, width: 20, height: 20 }],
    [1280, 720, { x: 1260, y: 700, width: 20, height: 20 }],
    [1920, 1080, { x: 1840, y: 40, width: 30, height: 20 }],
    [720, 1280, { x: 350, y: 1200, width: 20, height: 20 }],
  ])('hits a small thing on a screen of %dx%d by looking closer: %j', async (width, height, target) => {
    const picture = await pictureOfFile(await screenWith(target, width, height), Date.now())
    const signal = new AbortController().signal
    const shot = { jpeg: await picture.jpeg(), width, height }
    const { actions } = await vision.next({ task: TASKS.scroll, mode: 'web', history: [], picture: shot, signal })
    const isHit = (place = { x: -1, y: -1 }) =>
      place.x * width >= target.x &&
      place.x * width <= target.x + target.width &&
      place.y * height >= target.y &&
      place.y * height <= target.y + target.height
    expect(actions[0]?.action).toBe('CLICK')
    const refined = await refine(vision, {
      action: actions[0]!,
      picture,
      task: TASKS.scroll,
      mode: 'web',
      steps: 5,
      signal,
    })
    expect(refined.boxes.length).toBeGreaterThan(0)
    expect(isHit(placeOf(refined.action))).toBe(true)
  })

  test('misses it without', async () => {
    const target = { x: 690, y: 298, width: 24, height: 16 }
    const jpeg = await screenWith(target, 1280, 720)
    const signal = new AbortController().signal
    const { actions } = await vision.next({
      task: TASKS.scroll,
      mode: 'web',
      history: [],
      picture: { jpeg, width: 1280, height: 720 },
      signal,
    })
    const { x } = placeOf(actions[0]!)!
    expect(x * 1280).toBeGreaterThan(target.x + target.width)
  })
})
