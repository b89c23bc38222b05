import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { Place } from '../e2e/program'
import { NAME, TEXT } from './pages'
import { startAgent, startDesk, type Desk } from './stage'
import { Pages } from './pages'
import { startVision, TASKS } from './vision'

let place: Place
let pages: Pages
let desk: Desk

beforeAll(async () => {
  place = new Place()
  pages = new Pages()
  desk = await startDesk(place, pages)
}, 120_000)
afterAll(async () => {
  await place[Symbol.asyncDispose]()
  await pages[Symbol.asyncDispose]()
})

/** What each page has to have been told in the end. */
const done = {
  form: { name: NAME },
  scroll: { scrolled: true },
  drag: { moves: expect.any(Number) },
  text: { text: TEXT },
} as const

/** Gives the agent a task on a page. @returns what it printed */
async function work(name: keyof typeof TASKS, refine: boolean, env: Record<string, string>): Promise<string> {
  await using vision = Object.assign(startVision({ rough: refine }), {
    [Symbol.asyncDispose]: async () => void (await vision.stop()),
  })
  await desk.pages.show(name)
  const agent = await startAgent(place, desk.user, vision, {
    task: TASKS[name],
    env: { NEKO_MAX_STEPS: '20', REFINEMENT_STEPS: refine ? '3' : '1', ...env },
  })
  const code = await agent.exited
  if (code !== 0)
    throw new Error(`the agent ended with ${code}:\n${agent.output}\n${JSON.stringify(desk.pages.told.slice(-20))}`)
  // A model that was shown only parts, or only the whole, was not asked as it should have been.
  const parts = vision.sights.some(({ width }) => width < 700)
  expect(parts).toBe(refine && name !== 'drag')
  return agent.output
}

for (const source of ['webrtc', 'screenshot'] as const)
  for (const refine of [true, false])
    describe(`by ${source}, looking ${refine ? 'closer' : 'once'},`, () => {
      for (const name of ['form', 'scroll', 'drag', 'text'] as const)
        test(`an agent that sees the screen completes: ${name}`, async () => {
          const output = await work(name, refine, { NEKO_FRAMES: source })
          expect(output).toContain('It is done.')
          expect(desk.pages.told.filter((told) => told.done)).toMatchObject([done[name]])
        }, 120_000)
    })
