import { join } from 'node:path'
import type { Browser, BrowserContext, CDPSession, Page } from 'playwright-core'
import type { Manifest } from '@shared/assets'
import { launch, startConsole } from '../e2e/browser'
import { ADMIN, type ServerUnderTest, eventually, makeScriptedAgent } from '../e2e/harness'
import { script } from '../fixtures/model/script'
import { type Bench, type Figure, figure, median } from './figure'

const THROTTLE = 4
const LOADS = 5
const SWITCHES = 8
const CHANNELS = 12
/** In the channel that is typed in. */
const MESSAGES = 10_000
const DELTAS_A_SECOND = 100
/** `NEKODE_BENCH_STREAM_SECONDS` shortens it, for working on this file. */
const STREAM_SECONDS = Number(process.env.NEKODE_BENCH_STREAM_SECONDS ?? 300)
/** One answer takes this long; then the next one is asked for. */
const ANSWER_SECONDS = 20

const composer = (page: Page) => page.locator('textarea[data-composer]').first()

async function enter(browser: Browser, server: ServerUnderTest): Promise<BrowserContext> {
  const context = await browser.newContext({ baseURL: server.url, viewport: { width: 1280, height: 800 } })
  const login = await context.request.post('/api/auth/login', { data: ADMIN, headers: { origin: server.url } })
  if (!login.ok()) throw new Error(`the login failed: ${await login.text()}`)
  return context
}

/** Runs in the page before anything else: writes down when it could be used, and every frame while it is asked to. */
function watch(): void {
  const seen = { usable: 0, lastTask: 0, frames: [0] }
  seen.frames.length = 0
  Object.assign(window, { seen })
  new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) seen.lastTask = startTime + duration
  }).observe({ type: 'longtask', buffered: true })
  const look = (): void => {
    if (document.querySelector('textarea[data-composer]') && document.querySelector('[role=log] [data-message]'))
      seen.usable = performance.now()
    else requestAnimationFrame(look)
  }
  requestAnimationFrame(look)
}

declare global {
  interface Window {
    seen: { usable: number; lastTask: number; frames: number[] }
  }
}

/** A first visit, with nothing in the browser's cache: milliseconds until something shows, and until it can be used. */
async function load(browser: Browser, server: ServerUnderTest): Promise<{ paint: number; usable: number }> {
  const context = await enter(browser, server)
  await context.addInitScript(watch)
  const page = await context.newPage()
  const session = await context.newCDPSession(page)
  await session.send('Emulation.setCPUThrottlingRate', { rate: THROTTLE })
  await page.goto('/c/general')
  await page.waitForFunction(() => window.seen.usable > 0)
  // Long tasks that were under way then end before this; what comes after is not the start any more.
  const times = await page.evaluate(async () => {
    await new Promise((resolve) => setTimeout(resolve, 300))
    const paint = performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Number.NaN
    const { usable, lastTask } = window.seen
    return { paint, usable: lastTask > usable && lastTask - usable < 250 ? lastTask : usable }
  })
  await context.close()
  return times
}

/** Milliseconds from a click on a channel until its messages are painted. */
async function change(page: Page, name: string): Promise<number> {
  await page.evaluate((name) => {
    const state = { began: 0, took: 0 }
    Object.assign(window, { state })
    const link = [...document.querySelectorAll('nav a, aside a')].find((a) => a.textContent?.trim().startsWith(name))
    if (!(link instanceof HTMLElement)) throw new Error(`no link to ${name}`)
    const look = (): void => {
      const log = document.querySelector('[role=log]')
      if (!log?.textContent?.includes(`first of ${name} `)) return void requestAnimationFrame(look)
      // The frame in which it is found shows it; what runs after that frame is the end.
      requestAnimationFrame(() => setTimeout(() => (state.took = performance.now() - state.began)))
    }
    state.began = performance.now()
    link.click()
    look()
  }, name)
  const took = await page.waitForFunction(() => Reflect.get(Reflect.get(window, 'state'), 'took') || undefined)
  return Number(await took.jsonValue())
}

/** Times between frames, in milliseconds, while something goes on. */
async function frames(page: Page, work: () => Promise<unknown>): Promise<number[]> {
  await page.evaluate(() => {
    const { frames } = window.seen
    frames.length = 0
    let last = performance.now()
    const each = (now: number): void => {
      frames.push(now - last)
      last = now
      if (Reflect.get(window, 'isWatching')) requestAnimationFrame(each)
    }
    Reflect.set(window, 'isWatching', true)
    requestAnimationFrame(each)
  })
  await work()
  return page.evaluate(() => {
    Reflect.set(window, 'isWatching', false)
    return window.seen.frames.slice(1)
  })
}

/** Frames that were left out: a pause of 34 ms at 60 a second is one. */
const dropped = (pauses: number[]): number =>
  pauses.reduce((sum, ms) => sum + Math.max(0, Math.round(ms / 16.67) - 1), 0)
const rate = (pauses: number[]): number => (pauses.length * 1000) / pauses.reduce((sum, ms) => sum + ms, 0)

async function heap(session: CDPSession): Promise<number> {
  for (let i = 0; i < 3; i++) await session.send('HeapProfiler.collectGarbage')
  return (await session.send('Runtime.getHeapUsage')).usedSize / 1e6
}

async function scripts(browser: Browser, server: ServerUnderTest): Promise<number> {
  const manifest: Manifest = await Bun.file(join(import.meta.dir, '../../dist/console/manifest.json')).json()
  const context = await enter(browser, server)
  const page = await context.newPage()
  const asked = new Set<string>()
  page.on('request', (request) => {
    if (request.resourceType() === 'script') asked.add(new URL(request.url()).pathname)
  })
  await page.goto('/c/general')
  await page.locator('[role=log] [data-message]').first().waitFor()
  const bytes = [...asked].reduce((sum, path) => sum + (manifest[path]?.brotliBytes ?? manifest[path]?.size ?? 0), 0)
  await context.close()
  return bytes / 1000
}

async function fill(server: ServerUnderTest): Promise<string[]> {
  const { call } = await server.admin()
  const names = Array.from({ length: CHANNELS }, (_, i) => `bench-${String(i).padStart(2, '0')}`)
  const say = (target: string, content: string) => call('POST /api/messages', { body: { target, content } })
  for (const name of names) {
    await call('POST /api/channels', { body: { name } })
    for (let i = 0; i < 50; i++)
      await say(`#${name}`, `message ${i} of **${name}** with \`code\` and a [link](https://example.org)`)
    await say(`#${name}`, `first of ${name} that a reader sees`)
  }
  for (let done = 0; done < MESSAGES; done += 50)
    await Promise.all(Array.from({ length: 50 }, (_, i) => say('#general', `message ${done + i} says this and that`)))
  return names
}

/** Scrolls up until the whole history is in the page. */
async function loadAll(page: Page): Promise<void> {
  await page.goto('/c/general')
  await page.locator('[role=log] [data-message]').first().waitFor()
  await page.evaluate(async () => {
    const scroller = [...document.querySelectorAll('[role=log], [role=log] *')].find(
      (element) =>
        element.scrollHeight > element.clientHeight + 50 && getComputedStyle(element).overflowY !== 'visible',
    )
    if (!scroller) throw new Error('nothing scrolls')
    const until = performance.now() + 120_000
    while (
      !document.querySelector('[role=log]')?.textContent?.includes('message 0 says') &&
      performance.now() < until
    ) {
      scroller.scrollTop = 0
      await new Promise((resolve) => setTimeout(resolve, 15))
    }
    scroller.scrollTop = scroller.scrollHeight
  })
}

async function typing(page: Page): Promise<number[]> {
  await loadAll(page)
  await composer(page).click()
  const text = 'The quick brown fox jumps over the lazy dog, and **nobody** minds. '.repeat(2)
  return frames(page, () => page.keyboard.type(text, { delay: 40 }))
}

interface Streamed {
  pauses: number[]
  before: number
  after: number
}

async function stream(page: Page, session: CDPSession, server: ServerUnderTest): Promise<Streamed> {
  const { call } = await server.admin()
  const computer = await eventually(
    async () => (await call('GET /api/computers')).items.find(({ status }) => status === 'online'),
    { what: 'this computer is online' },
  )
  await makeScriptedAgent(server, { name: 'streamer', computerId: computer.id, channels: ['#bench-00'] })
  await page.goto('/c/bench-00')
  await composer(page).waitFor()
  const chunks = ANSWER_SECONDS * DELTAS_A_SECOND
  const say = 'word '.repeat(chunks)
  const answer = async (): Promise<void> => {
    const content = `@streamer ${script([{ say, chunks, delayMs: 1000 / DELTAS_A_SECOND }])}`
    const { deliveries } = await call('POST /api/messages', { body: { target: '#bench-00', content } })
    await eventually(
      async () => {
        const { items } = await call('GET /api/runs', { query: { limit: 5 } })
        return items.find((run) => run.deliveryId === deliveries[0]?.id)?.state === 'completed'
      },
      { what: 'the answer is there', seconds: ANSWER_SECONDS * 4 },
    )
  }
  await answer()
  const before = await heap(session)
  let pauses: number[] = []
  const until = Date.now() + STREAM_SECONDS * 1000
  do pauses = await frames(page, answer)
  while (Date.now() < until)
  return { pauses, before, after: await heap(session) }
}

/** What a person feels of the console, in a real Chromium against the built server. */
export const feel: Bench = {
  name: 'console',
  async run(place): Promise<Figure[]> {
    const server = await startConsole(place, { env: { NEKODE_RATE_LIMIT: '0' } })
    const browser = await launch()
    try {
      const names = await fill(server)
      const compressed = await scripts(browser, server)
      const loads = []
      for (let i = 0; i < LOADS; i++) loads.push(await load(browser, server))
      const context = await enter(browser, server)
      await context.addInitScript(watch)
      const page = await context.newPage()
      const session = await context.newCDPSession(page)
      await page.goto('/c/general')
      await composer(page).waitFor()
      const cold: number[] = []
      const cached: number[] = []
      for (const name of names.slice(0, SWITCHES)) cold.push(await change(page, name))
      for (const name of names.slice(0, SWITCHES)) cached.push(await change(page, name))
      const typed = await typing(page)
      const streamed = await stream(page, session, server)
      return figures({ compressed, loads, cold, cached, typed, streamed })
    } finally {
      await browser.close()
    }
  },
}

interface Taken {
  compressed: number
  loads: { paint: number; usable: number }[]
  cold: number[]
  cached: number[]
  typed: number[]
  streamed: Streamed
}

function figures({ compressed, loads, cold, cached, typed, streamed }: Taken): Figure[] {
  const where = 'in Chromium without a screen, on loopback'
  const slow = `the median of ${LOADS} first visits ${where}, with the processor slowed down ${THROTTLE} times`
  return [
    figure({
      what: 'console: JavaScript until a conversation shows',
      ours: compressed,
      unit: 'kB',
      atMost: 150,
      how: `every script that a first visit asks for ${where}, as brotli`,
    }),
    figure({
      what: 'console: first paint',
      ours: median(loads.map(({ paint }) => paint)) / 1000,
      unit: 's',
      atMost: 0.6,
      how: `first contentful paint, ${slow}`,
    }),
    figure({
      what: 'console: ready for use',
      ours: median(loads.map(({ usable }) => usable)) / 1000,
      unit: 's',
      atMost: 1,
      how: `until messages and the field for the next one are there and no task is under way, ${slow}`,
    }),
    figure({
      what: 'console: another channel, first time',
      ours: median(cold),
      unit: 'ms',
      atMost: 150,
      how: `from a click until its messages are painted, the median of ${SWITCHES}, ${where}`,
    }),
    figure({
      what: 'console: another channel, again',
      ours: median(cached),
      unit: 'ms',
      atMost: 50,
      how: `the same for channels that were looked at before`,
    }),
    figure({
      what: `console: frames left out while typing with ${MESSAGES.toLocaleString('en')} messages loaded`,
      ours: dropped(typed),
      unit: `of ${typed.length}`,
      atMost: 0,
      how: `25 keys a second into the field for messages, ${where}; other work of the machine shows here too`,
    }),
    figure({
      what: `console: frames a second at ${DELTAS_A_SECOND} streamed pieces a second`,
      ours: Math.round(rate(streamed.pauses)),
      unit: 'fps',
      atLeast: 60,
      how: `while a scripted agent’s answer comes through the daemon and the server, ${where}`,
    }),
    figure({
      what: `console: memory that ${STREAM_SECONDS} s of streaming leave behind`,
      ours: streamed.after - streamed.before,
      unit: 'MB',
      atMost: 5,
      how: `JavaScript heap after garbage collection, from the end of the first answer to the end of the last; ${streamed.after.toFixed(1)} MB in all`,
    }),
  ]
}
