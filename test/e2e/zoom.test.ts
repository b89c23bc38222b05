import { afterAll, beforeAll, expect, test } from 'bun:test'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { launch, overflow, phone } from './browser'
import { type Filled, fill } from './filled'
import { ADMIN, Place } from './harness'

const OUT = join(import.meta.dir, '../../dist/screens')
let browser: Browser
let place: Place
let on: Filled

beforeAll(async () => {
  mkdirSync(OUT, { recursive: true })
  place = new Place()
  ;[browser, on] = await Promise.all([launch(), fill(place)])
}, 120_000)
afterAll(async () => {
  await browser?.close()
  await place?.[Symbol.asyncDispose]()
}, 60_000)

/** The main pages, and what shows that they are there. */
const pages = (): [name: string, path: string, shows: string | RegExp][] => [
  ['channel', '/c/general', 'general'],
  ['inbox', '/inbox', 'Inbox'],
  ['tasks', '/tasks', 'Buy the domain'],
  ['tasks-list', '/tasks?layout=list', 'Buy the domain'],
  ['task', `/tasks/${on.taskId}`, 'Ship version 1.0'],
  ['approvals', '/approvals', 'Approvals'],
  ['activity', '/runs', 'Activity'],
  ['run', `/runs/${on.runId}`, 'Scout'],
  ['agents', '/agents', 'Scout'],
  ['agent', `/agents/${on.scout.id}`, 'Latest runs'],
  ['computers', '/computers', 'Computers'],
  ['computer', `/computers/${on.computerId}`, 'Demo'],
  ['reminders', '/reminders', 'Look at the build'],
  ['saved', '/saved', 'It is Tuesday'],
  ['search', '/search?q=release', /results?$/],
  ['previews', '/tunnels', 'Previews'],
  ['artifacts', '/artifacts', 'Figures of October'],
  ['drafts', '/drafts', 'Drafts'],
  ['appearance', '/settings/appearance', 'Density'],
  ['people', '/settings/people', 'Grace Hopper'],
  ['endpoints', '/settings/endpoints', 'Endpoints'],
  ['notifications', '/settings/notifications', 'Routes'],
]

async function enter(options: Parameters<Browser['newContext']>[0]): Promise<BrowserContext> {
  const context = await browser.newContext({
    baseURL: on.server.url,
    locale: 'en-US',
    reducedMotion: 'reduce',
    ...options,
  })
  context.setDefaultTimeout(45_000)
  const login = await context.request.post('/api/auth/login', { data: ADMIN, headers: { origin: on.server.url } })
  expect(login.status()).toBe(200)
  return context
}

async function open(page: Page, path: string, shows: string | RegExp): Promise<void> {
  await page.goto(path)
  await page.getByRole('main').getByText(shows).filter({ visible: true }).first().waitFor()
  await page.getByRole('main').getByRole('status', { name: 'Loading' }).first().waitFor({ state: 'hidden' })
}

/** Buttons and links of the page itself that stand outside of the window and of everything that scrolls: nobody can reach them. */
const outOfReach = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const scrolls = (element: Element | null): boolean =>
      element !== null &&
      (/auto|scroll/.test(getComputedStyle(element).overflowX + getComputedStyle(element).overflowY) ||
        scrolls(element.parentElement))
    return [...document.querySelectorAll('button, a[href], input, select, textarea')].flatMap((element) => {
      const { left, right, width, height } = element.getBoundingClientRect()
      const isShown = width > 1 && height > 1 && getComputedStyle(element).visibility === 'visible'
      const isOut = left >= innerWidth || right <= 0
      return isShown && isOut && !scrolls(element.parentElement) ? [element.outerHTML.slice(0, 120)] : []
    })
  })

test('at 200 % zoom of a window of 1280 pixels every main page is whole and does not scroll sideways', async () => {
  const context = await enter({ viewport: { width: 640, height: 400 }, deviceScaleFactor: 2 })
  const page = await context.newPage()
  const found: Record<string, unknown> = {}
  for (const [name, path, shows] of pages()) {
    await open(page, path, shows)
    await page.screenshot({ path: join(OUT, `zoom-${name}.png`) })
    const wider = await overflow(page)
    const lost = await outOfReach(page)
    if (wider > 0 || lost.length > 0) found[name] = { wider, lost }
  }
  await context.close()
  expect(found).toEqual({})
}, 240_000)

test('what is pressed with a finger is at least 40 pixels high', async () => {
  const context = await enter({ viewport: phone, hasTouch: true, isMobile: true })
  const page = await context.newPage()
  const found: Record<string, string[]> = {}
  for (const [name, path, shows] of pages()) {
    await open(page, path, shows)
    const low = await page.evaluate(() =>
      [...document.querySelectorAll('button.inline-flex, a.inline-flex')].flatMap((element) => {
        const { width, height } = element.getBoundingClientRect()
        const isShown = width > 1 && height > 1 && element.checkVisibility({ opacityProperty: true })
        return isShown && height < 40 ? [`${Math.round(height)}: ${element.outerHTML.slice(0, 160)}`] : []
      }),
    )
    if (low.length > 0) found[name] = low
  }
  await context.close()
  expect(found).toEqual({})
}, 240_000)

test('in the compact density more is on the screen, and stays so after a reload', async () => {
  const context = await enter({ viewport: { width: 1280, height: 800 } })
  const page = await context.newPage()
  await open(page, '/c/general', 'general')
  const heights = async (): Promise<number> => {
    await page.getByRole('log').getByRole('article').last().waitFor()
    const place = await page.getByRole('link', { name: 'Inbox' }).first().boundingBox()
    return place?.height ?? 0
  }
  const comfortable = await heights()
  await page.goto('/settings/appearance')
  await page.getByText('Compact', { exact: true }).click()
  await open(page, '/c/general', 'general')
  const compact = await heights()
  expect(compact).toBeLessThan(comfortable)
  await page.screenshot({ path: join(OUT, 'channel-compact-desktop-light.png') })
  await page.reload()
  expect(await heights()).toBe(compact)
  await context.close()
}, 60_000)
