import { join } from 'node:path'
import { createLogger } from '@shared/log'
import { z } from 'zod'
import { NekoClient } from '../../daemon/neko/client/client'
import { Frames } from '../../daemon/neko/frames/frames'
import { Input } from '../../daemon/neko/input/input'
import type { Place } from '../e2e/program'
import { FakeNeko } from '../fixtures/neko'
import { Pages } from '../neko/pages'
import { look } from '../neko/sight'
import { type Desk, type Login, startAgent, startDesk } from '../neko/stage'
import { startVision } from '../neko/vision'
import { type Bench, type Figure, figure, median } from './figure'
import { quantile } from './stats'

/** `NEKODE_BENCH_NEKO_SECONDS` shortens it, for working on this file. */
const LONG_SECONDS = Number(process.env.NEKODE_BENCH_NEKO_SECONDS ?? 600)
const SHORT_SECONDS = Math.min(20, LONG_SECONDS)
const CLICKS = 30
const ACTIONS = 500
const STEPS = 15

const log = createLogger({ level: 'error' })

const Watched = z.object({
  took: z.array(z.number()),
  memory: z.array(z.number()),
  percent: z.number(),
  rate: z.number(),
})

/** What it takes to watch, in a process of its own. */
async function watched(login: Login, seconds: number): Promise<z.infer<typeof Watched>> {
  const argv = [process.execPath, join(import.meta.dir, 'neko-viewer.ts'), login.url, login.username, String(seconds)]
  const viewer = Bun.spawn(argv, { stdin: new Blob([login.password]), stdout: 'pipe', stderr: 'inherit' })
  const text = await new Response(viewer.stdout).text()
  if ((await viewer.exited) !== 0) throw new Error('the viewer failed')
  return Watched.parse(JSON.parse(text))
}

/** Milliseconds from an action until its event is at the server. */
async function toWire(): Promise<number[]> {
  await using neko = FakeNeko.start()
  const client = await NekoClient.connect({ url: neko.url, username: 'ann', password: 'neko', log })
  await client.acquire()
  const input = new Input(client, { pace: { press: 0 } })
  const times: number[] = []
  for (let i = 0; i < ACTIONS; i++) {
    const arrived = Promise.withResolvers<void>()
    neko.handlers.set('control/buttonpress', () => arrived.resolve())
    const began = performance.now()
    await input.click({ x: 100 + (i % 50), y: 100 })
    await arrived.promise
    times.push(performance.now() - began)
  }
  await client.close()
  return times
}

/** Milliseconds from a click until a picture shows what it changed. */
async function clickToFrame({ user, pages }: Desk): Promise<number[]> {
  await pages.show('flip')
  const client = await NekoClient.connect({ ...user, log })
  await client.acquire()
  const frames = new Frames(client, { prefer: 'webrtc', ice: { policy: 'strict' }, log })
  const input = new Input(client)
  const colour = async (after: number) => {
    const picture = await frames.next({ after, timeoutMs: 20_000 })
    const { patches } = await look(await picture.jpeg({ quality: 70, longestEdge: 320 }))
    const [name] = Object.entries(patches).toSorted(([, a], [, b]) => b.pixels - a.pixels)[0] ?? []
    return { name, at: picture.at }
  }
  let shown = await colour(0)
  const times: number[] = []
  for (let i = 0; i < CLICKS; i++) {
    const began = Date.now()
    await input.click({ x: 640, y: 400 })
    let seen = { name: shown.name, at: began }
    while (seen.name === shown.name) seen = await colour(seen.at)
    times.push(seen.at - began)
    shown = seen
    await Bun.sleep(150)
  }
  await frames.close()
  await client.close()
  return times
}

/** Milliseconds of each step of an agent that a model that answers at once is not waited for. */
async function overhead(place: Place, { user, pages }: Desk): Promise<number[]> {
  await pages.show('flip')
  const vision = startVision()
  const answered: number[] = []
  const asked: number[] = []
  vision.decide = (sight) => {
    // What the model itself takes, to find its colours, counts for nothing.
    asked.push(performance.now() - sight.tookMs)
    queueMicrotask(() => answered.push(performance.now()))
    return asked.length > STEPS ? { action: 'ANSWER', value: 'done' } : { action: 'CLICK', position: [0.5, 0.6] }
  }
  const agent = await startAgent(place, user, vision, {
    task: 'Click.',
    env: { NEKO_MAX_STEPS: '40', REFINEMENT_STEPS: '1' },
  })
  await agent.exited
  await vision.stop()
  return asked.slice(1).map((at, i) => at - (answered[i] ?? at))
}

export const neko: Bench = {
  name: 'neko',
  async run(place) {
    await using pages = new Pages()
    const desk = await startDesk(place, pages, { flags: ['--rate', '30'] })
    await pages.show('motion')
    const short = await watched(desk.user, SHORT_SECONDS)
    const clicks = await clickToFrame(desk)
    const steps = await overhead(place, desk)
    await desk.program.stop()
    const slower = await startDesk(place, pages, { flags: ['--rate', '15'] })
    await pages.show('motion')
    const long = await watched(slower.user, LONG_SECONDS)
    const wire = await toWire()
    return figures({ short, long, clicks, steps, wire })
  },
}

function figures(of: {
  short: z.infer<typeof Watched>
  long: z.infer<typeof Watched>
  clicks: number[]
  steps: number[]
  wire: number[]
}): Figure[] {
  const quarter = Math.ceil(of.long.memory.length / 4)
  const grown = median(of.long.memory.slice(-quarter)) - median(of.long.memory.slice(quarter, 2 * quarter))
  const all = 'a desktop of 1280x720 on the same computer, with a page that never stands still'
  return [
    figure({
      what: 'Neko: receiving 720p at 30 pictures a second',
      ours: of.short.percent,
      unit: '%',
      atMost: 35,
      how: `of one processor, over ${SHORT_SECONDS} s of WebRTC, two pictures a second wanted as JPEG; ${all}; ${of.short.rate.toFixed(1)} pictures a second came`,
    }),
    figure({
      what: 'Neko: a picture that is asked for as JPEG, p95',
      ours: quantile(of.short.took, 0.95),
      unit: 'ms',
      atMost: 80,
      how: 'the newest one, decoded when it is asked for; the same viewer',
    }),
    figure({
      what: 'Neko: from an action to its event at the server, p95',
      ours: quantile(of.wire, 0.95),
      unit: 'ms',
      atMost: 5,
      how: `${ACTIONS} clicks, over the WebSocket on loopback`,
    }),
    figure({
      what: 'Neko: from a click to a picture of what it changed, p50',
      ours: median(of.clicks),
      unit: 'ms',
      atMost: 250,
      how: `${CLICKS} clicks on a page that changes its colour, until a picture that shows it has arrived over WebRTC, at 30 pictures a second`,
    }),
    figure({
      what: 'Neko: a step of the agent without its model, p50',
      ours: median(of.steps),
      unit: 'ms',
      atMost: 150,
      how: `from the model’s answer to the next question: the click, what it changed on the screen, the next picture; ${STEPS} steps`,
    }),
    figure({
      what: 'Neko: pictures a second of a desktop of 720p at 15',
      ours: of.long.rate,
      unit: 'a second',
      atLeast: 14.5,
      how: `at a viewer, over ${LONG_SECONDS} s; screen, browser, encoder and viewer on the same processors`,
    }),
    figure({
      what: `Neko: memory that ${LONG_SECONDS} s of watching leave behind`,
      ours: grown / 1e6,
      unit: 'MB',
      atMost: 10,
      how: 'median VmRSS of the viewer in the last quarter less that in the second',
    }),
  ]
}
