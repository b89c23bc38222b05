import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Browser, Page } from 'playwright-core'
import { launch, logIn, startConsole, visit } from './browser'
import { ADMIN, inPlace } from './harness'

let browser: Browser

beforeAll(async () => {
  browser = await launch()
}, 60_000)
afterAll(() => browser?.close())

/** Waits until the service worker has kept what a start without a network needs, and answers for this page. */
const installed = (page: Page) =>
  page.evaluate(async () => {
    await navigator.serviceWorker.ready
    if (!navigator.serviceWorker.controller)
      await new Promise((resolve) => navigator.serviceWorker.addEventListener('controllerchange', resolve))
  })

test('the console is an application: it starts without its server, says so, and goes on when the server is back', async () => {
  await inPlace(async (place) => {
    const server = await startConsole(place, { flags: ['--no-local-daemon'] })
    const { page, context, complaints } = await visit(browser, server.url)
    await logIn(page, ADMIN.username, ADMIN.password)
    await installed(page)
    const session = await context.newCDPSession(page)
    const { errors } = await session.send('Page.getAppManifest')
    expect(errors).toEqual([])
    const { installabilityErrors } = await session.send('Page.getInstallabilityErrors')
    // A test's browser keeps nothing, in which alone it differs from a reader's.
    expect(installabilityErrors.map(({ errorId }) => errorId)).toEqual(['in-incognito'])

    // Nothing that people wrote is kept: only the application itself.
    const kept = await page.evaluate(async () => {
      const names = await caches.keys()
      const all = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()))
      return all.flat().map(({ url }) => new URL(url).pathname)
    })
    expect(kept).toContain('/')
    expect(kept.filter((path) => !/^\/(assets\/.*|icon-192\.png)?$/.test(path))).toEqual([])

    await server.stop()
    await page.goto(`${server.url}/agents`)
    await page.getByText('The server does not answer').waitFor()
    await server.start()
    await page.getByRole('heading', { name: 'Agents', level: 1 }).waitFor()
    expect(await page.title()).toBe('Agents – Nekode')
    // Downloads and the API are the server’s alone, whatever the worker has.
    const api = await page.evaluate(async () => (await fetch('/api/auth/me')).status)
    expect(api).toBe(200)
    expect(complaints).toEqual([])
  })
}, 120_000)

test('a keyboard reader arrives where the page begins, and hears what it is called', async () => {
  await inPlace(async (place) => {
    const server = await startConsole(place, { flags: ['--no-local-daemon'] })
    const { page } = await visit(browser, server.url)
    await logIn(page, ADMIN.username, ADMIN.password)
    await page.getByRole('link', { name: 'Activity' }).focus()
    await page.keyboard.press('Enter')
    await page.waitForFunction(() => document.activeElement?.id === 'main')
    expect(await page.title()).toBe('Activity – Nekode')
    await page.locator('[aria-live]').getByText('Activity', { exact: true }).waitFor({ state: 'attached' })
  })
}, 120_000)
