import { afterAll, beforeAll, expect, test } from 'bun:test'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { accessibility, launch, logIn, overflow, phone, startConsole, visit } from './browser'
import { ADMIN, type ServerUnderTest, commandOf, eventually, inPlace, startDaemon } from './harness'

const minutes = (n: number) => n * 60_000
const OUT = join(import.meta.dir, '../../dist/screens')
let browser: Browser

beforeAll(async () => {
  mkdirSync(OUT, { recursive: true })
  browser = await launch()
}, minutes(1))
afterAll(() => browser?.close())

const clean = async (page: Page) => {
  expect(await accessibility(page)).toEqual([])
  expect(await overflow(page)).toBeLessThanOrEqual(0)
}

/** Artifacts are shown below `localhost`, where the console is there. */
const atLocalhost = (server: ServerUnderTest): string => `http://localhost:${server.port}`

/** A page that reaches for everything that is not its own, and says what it got. */
const CURIOUS = `<!doctype html><title>Curious</title><h1>Figures</h1><ul id="got"></ul><script>
const say = (what) => got.append(Object.assign(document.createElement('li'), { textContent: what }))
const tries = {
  cookie: () => document.cookie,
  storage: () => localStorage.length,
  console: () => fetch(location.protocol + '//localhost:' + location.port + '/api/auth/me', { credentials: 'include' }),
  elsewhere: () => fetch('https://example.org/'),
  opener: () => opener.document,
}
for (const [name, attempt] of Object.entries(tries))
  Promise.resolve().then(attempt).then(() => say(name + ': got it'), () => say(name + ': refused'))
</script>`

test(
  'a page is published, opened in its sandbox, seen by another reader, and taken back',
  async () => {
    await inPlace(async (place) => {
      const server = await startConsole(place)
      const admin = await server.admin()
      const password = 'correct horse battery'
      await admin.call('POST /api/users', { body: { username: 'grace', displayName: 'Grace', password } })
      await admin.call('POST /api/messages', { body: { target: '#general', content: 'Good morning.' } })
      const { page, context, complaints } = await visit(browser, atLocalhost(server))
      await logIn(page, ADMIN.username, ADMIN.password)
      const other = await visit(browser, `${atLocalhost(server)}/c/general`, phone, true)
      await other.page.getByLabel('Username').fill('grace')
      await other.page.getByLabel('Password').fill(password)
      await other.page.getByRole('button', { name: 'Log in' }).click()
      await other.page.getByRole('log').getByText('Good morning.').waitFor()

      await page.keyboard.press('Control+k')
      await page.getByRole('combobox', { expanded: true }).fill('artifacts')
      await page
        .getByRole('option', { name: /^Artifacts/ })
        .first()
        .click()
      await page.getByText('Nothing is published here').waitFor()
      await clean(page)
      await page.getByRole('button', { name: 'Publish a file' }).click()
      const form = page.getByRole('dialog')
      const file = { name: 'figures.html', mimeType: 'text/html', buffer: Buffer.from(CURIOUS) }
      await form.getByLabel('File', { exact: false }).first().setInputFiles(file)
      await form.getByLabel('Title').fill('Figures of October')
      await form.getByLabel('Shown in').selectOption({ label: '#general' })
      await form.getByLabel('For', { exact: true }).selectOption({ label: 'a day' })
      await clean(page)
      await page.screenshot({ path: join(OUT, 'artifact-new-desktop-light.png') })
      await form.getByRole('button', { name: 'Publish a file' }).click()
      const entry = page.getByRole('listitem').filter({ hasText: 'Figures of October' })
      await entry.getByText('Page', { exact: true }).waitFor()
      await entry.getByText(/goes (tomorrow|in 1 day|in 2[34] hours)/).waitFor()

      const opened = context.waitForEvent('page')
      await entry.getByRole('link', { name: /^Open/ }).click()
      const shown = await opened
      await shown.getByRole('heading', { name: 'Figures' }).waitFor()
      await shown.getByRole('listitem').nth(4).waitFor()
      expect((await shown.getByRole('listitem').allTextContents()).toSorted()).toEqual(
        ['console', 'cookie', 'elsewhere', 'opener', 'storage'].map((name) => `${name}: refused`),
      )
      expect(new URL(shown.url()).host).not.toBe(new URL(page.url()).host)
      await shown.close()

      // The other reader was there before, and sees it come and go.
      const card = other.page.getByRole('log').getByRole('article', { name: 'Figures of October' })
      await card.getByRole('link', { name: /^Open/ }).waitFor()
      await clean(other.page)
      await other.page.screenshot({ path: join(OUT, 'artifact-card-phone-dark.png') })
      await card.getByRole('button', { name: /^More about/ }).click()
      expect(await other.page.getByRole('menuitem', { name: 'Take back' }).count()).toBe(0)
      await other.page.keyboard.press('Escape')

      await entry.getByRole('button', { name: /^More about/ }).click()
      await page.getByRole('menuitem', { name: 'Take back' }).click()
      await page.getByRole('dialog').getByRole('button', { name: 'Take back' }).click()
      await page.getByText('Nothing is published here').waitFor()
      await other.page.getByRole('log').getByText('This is not there any more').waitFor()
      expect([...complaints, ...other.complaints]).toEqual([])
      await Promise.all([context.close(), other.context.close()])
    })
  },
  minutes(2),
)

test(
  'what an agent publishes while it works stands in its thread and on the page of its run',
  async () => {
    await inPlace(async (place) => {
      const server = await startConsole(place, { flags: [] })
      const admin = await server.admin()
      const daemon = await startDaemon(place, server)
      const { id: agentId } = await admin.call('POST /api/agents', {
        body: { name: 'scout', displayName: 'Scout', computerId: daemon.computerId, runtimeKind: 'demo' },
      })
      await admin.call('POST /api/messages', { body: { target: '#general', content: '@scout what do you see?' } })
      const run = await eventually(
        async () => {
          const { items } = await admin.call('GET /api/runs', { query: { limit: 5 } })
          return items.find(({ state }) => state === 'waiting_approval')
        },
        { what: 'the agent is at work', seconds: 60 },
      )
      const path = join(place.dir, 'seen.svg')
      const picture =
        '<svg xmlns="http://www.w3.org/2000/svg" width="80" height="80"><circle cx="40" cy="40" r="30"/></svg>'
      await Bun.write(path, picture)
      const words = [
        'http',
        'file',
        path,
        '--mime',
        'image/svg+xml',
        '--title',
        'What I see',
        '--ttl',
        '3600',
        '--as',
        'scout',
      ]
      const command = Bun.spawn([...commandOf('nekode-daemon'), ...words], {
        env: { PATH: process.env.PATH, HOME: place.dir, NEKODE_HOME: daemon.home },
        stderr: 'pipe',
      })
      const [out, complaint] = await Promise.all([
        new Response(command.stdout).text(),
        new Response(command.stderr).text(),
      ])
      expect([await command.exited, complaint]).toEqual([0, ''])
      expect(out).toMatch(new RegExp(`^${server.url}/api/artifacts/att_\\w+/open\n$`))

      const { page, context, complaints } = await visit(browser, `${atLocalhost(server)}/runs/${run.id}`, phone)
      await page.getByLabel('Username').fill(ADMIN.username)
      await page.getByLabel('Password').fill(ADMIN.password)
      await page.getByRole('button', { name: 'Log in' }).click()
      const card = page
        .getByRole('region', { name: 'Published in this run' })
        .getByRole('article', { name: 'What I see' })
      await card.getByText('Picture', { exact: true }).waitFor()
      await clean(page)
      await page.screenshot({ path: join(OUT, 'artifact-run-phone-light.png') })
      await page.goto(`${atLocalhost(server)}/c/general?thread=${run.threadId ?? run.inputMessageId}`)
      await page.getByRole('article', { name: 'What I see' }).last().waitFor()
      await page.goto(`${atLocalhost(server)}/artifacts?owner=${agentId}`)
      await page.getByRole('listitem').filter({ hasText: 'What I see' }).getByRole('link', { name: 'Scout' }).waitFor()
      await clean(page)
      expect(complaints).toEqual([])
      await context.close()
    })
  },
  minutes(2),
)
