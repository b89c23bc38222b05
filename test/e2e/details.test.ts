import { afterAll, beforeAll, expect, test } from 'bun:test'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { accessibility, launch, logIn, overflow, startConsole, visit } from './browser'
import { ADMIN, eventually, inPlace } from './harness'

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

test(
  'a channel in a message leads there, and search leads to what it finds, shown as it reads',
  async () => {
    await inPlace(async (place) => {
      const server = await startConsole(place)
      const { call, fetch } = await server.admin()
      await call('POST /api/channels', { body: { name: 'release' } })
      await call('POST /api/messages', {
        body: { target: '#general', content: 'The **walrus** is in #release, not in #nowhere.' },
      })
      const form = new FormData()
      form.set('target', '#release')
      form.set('file', new File(['figures of the narwhal'], 'narwhal.txt'))
      const upload = await fetch('/api/attachments', { method: 'POST', body: form })
      const { id }: { id: string } = await upload.json()
      const carries = { target: '#release', content: 'see the file', attachmentIds: [id] }
      const { message } = await call('POST /api/messages', { body: carries })
      for (let n = 0; n < 40; n++)
        await call('POST /api/messages', { body: { target: '#release', content: `message ${n} after it` } })

      const { page, context, complaints } = await visit(browser, server.url)
      await logIn(page, ADMIN.username, ADMIN.password)
      await page.goto(`${server.url}/c/general`)
      const said = page.getByRole('log').getByRole('article').filter({ hasText: 'walrus' })
      await said.getByRole('link', { name: '#release' }).waitFor()
      expect(await said.getByRole('link').allTextContents()).toEqual(['#release'])
      await page.evaluate(() => Object.assign(window, { stays: true }))
      await said.getByRole('link', { name: '#release' }).click()
      await page.getByRole('heading', { name: 'release' }).waitFor()
      // Within the page: nothing was loaded anew.
      expect(await page.evaluate(() => 'stays' in window)).toBe(true)

      await page.goto(`${server.url}/search?q=walrus`)
      const hit = page.locator('[data-hit]')
      await hit.getByText('The walrus is in #release, not in #nowhere.').waitFor()
      await page.goto(`${server.url}/search?q=narwhal`)
      await hit.filter({ hasText: 'narwhal.txt' }).click()
      await page.waitForURL((url) => url.searchParams.get('message') === message.id)
      await page.getByRole('log').getByText('see the file').waitFor()
      expect(complaints).toEqual([])
      await context.close()
    })
  },
  minutes(2),
)

test(
  'a person says how a task was checked, its run names it, and pictures of a workspace are shown',
  async () => {
    await inPlace(async (place) => {
      const server = await startConsole(place)
      const { call } = await server.admin()
      const computer = await eventually(
        async () =>
          (await call('GET /api/computers')).items.find(({ runtimes }) => runtimes.some(({ kind }) => kind === 'demo')),
        { what: 'this computer is online with its runtimes' },
      )
      const workspace = join(place.dir, 'project')
      mkdirSync(workspace)
      const pixel =
        'iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAYAAABytg0kAAAAFklEQVR4nGP4z8DwHwgZGP7/Z2D4DwAt+Qb5cXZQ1wAAAABJRU5ErkJggg=='
      await Bun.write(join(workspace, 'screen.png'), Buffer.from(pixel, 'base64'))
      await Bun.write(join(workspace, 'broken.png'), new Uint8Array([0, 1, 2, 3]))
      const { id: agentId } = await call('POST /api/agents', {
        body: { name: 'scout', displayName: 'Scout', computerId: computer.id, runtimeKind: 'demo', workspace },
      })
      const task = await call('POST /api/tasks', {
        body: { target: '#general', summary: 'Look around', assigneeId: agentId },
      })
      await call('PUT /api/tasks/{id}/gate', { params: { id: task.id }, body: { requiredChecks: ['tests'] } })
      const run = await eventually(async () => (await call('GET /api/runs', { query: { limit: 5 } })).items[0], {
        what: 'the agent has a run',
        seconds: 60,
      })

      const { page, context, complaints } = await visit(browser, server.url)
      await logIn(page, ADMIN.username, ADMIN.password)
      await page.goto(`${server.url}/tasks/${task.id}`)
      await page.getByRole('tab', { name: 'Release' }).click()
      await page.getByRole('button', { name: 'Add evidence' }).click()
      const form = page.getByRole('dialog', { name: 'Add evidence' })
      expect(await form.getByLabel('Name of the check').inputValue()).toBe('tests')
      await form.getByLabel('How it was checked').fill('All tests passed on my machine.')
      await form.getByLabel('Command, if there was one').fill('bun run test')
      await form.getByLabel('Commits').fill('main')
      await form.getByText('“main” is no hash of a commit.').waitFor()
      await form.getByLabel('Commits').fill('0ee1a9c')
      await clean(page)
      await page.screenshot({ path: join(OUT, 'task-evidence-desktop-light.png') })
      await form.getByRole('button', { name: 'Add evidence' }).click()
      await page.getByText('All tests passed on my machine.').waitFor()
      await page.getByText('bun run test', { exact: true }).waitFor()
      await page.getByText('0ee1a9c').waitFor()

      await page.goto(`${server.url}/runs/${run.id}`)
      await page.getByRole('link', { name: `#${task.number} Look around` }).click()
      await page.waitForURL(`**/tasks/${task.id}`)

      await page.goto(`${server.url}/agents/${agentId}?part=workspace`)
      await page.getByText('screen.png').click()
      const picture = page.getByRole('img', { name: 'Picture screen.png' })
      await picture.waitFor()
      expect(await picture.evaluate((image) => image instanceof HTMLImageElement && image.naturalWidth)).toBe(2)
      await page.screenshot({ path: join(OUT, 'agent-picture-desktop-light.png') })
      await page.getByText('broken.png').click()
      await page.getByText('This picture cannot be shown.').waitFor()
      expect(complaints).toEqual([])
      await context.close()
    })
  },
  minutes(2),
)

test(
  'a channel that is muted counts nothing and tells nothing, on every device of its reader, until that is changed',
  async () => {
    await inPlace(async (place) => {
      const server = await startConsole(place)
      const { call } = await server.admin()
      const password = 'correct horse battery'
      await call('POST /api/users', { body: { username: 'grace', displayName: 'Grace', password } })
      const { target } = await call('POST /api/channels', { body: { name: 'noise' } })
      const grace = await server.login('grace', password)
      await grace.call('POST /api/channels/{target}/join', { params: { target } })
      const say = (content: string) => call('POST /api/messages', { body: { target, content } })

      const first = await visit(browser, server.url)
      const second = await visit(browser, server.url)
      for (const { page } of [first, second]) {
        await logIn(page, 'grace', password)
        await page.goto(`${server.url}/c/general`)
        await page.getByRole('navigation', { name: 'Navigation' }).getByRole('link', { name: 'noise' }).waitFor()
      }
      const place1 = first.page.getByRole('navigation', { name: 'Navigation' }).getByRole('link', { name: /noise/ })
      const place2 = second.page.getByRole('navigation', { name: 'Navigation' }).getByRole('link', { name: /noise/ })
      await say('one')
      await place2.getByTitle('1 unread').waitFor()

      await place1.click()
      await first.page.getByRole('button', { name: 'Channel menu' }).click()
      await first.page.getByRole('menuitem', { name: /^Notifications/ }).click()
      const dialog = first.page.getByRole('dialog', { name: 'Notifications' })
      await clean(first.page)
      await first.page.screenshot({ path: join(OUT, 'channel-notifications-desktop-light.png') })
      await dialog.getByRole('radio', { name: /^Nothing/ }).check()
      await dialog.getByRole('button', { name: 'Done' }).click()
      await place2.getByText('Muted').waitFor({ state: 'attached' })
      await say('@grace two')
      await say('three')
      await call('POST /api/messages', { body: { target: '#general', content: 'the end of it' } })
      await second.page.getByRole('log').getByText('the end of it').waitFor()
      expect(await place2.getByTitle(/unread|mention/).count()).toBe(0)
      expect((await grace.call('GET /api/inbox', { query: {} })).items).toEqual([])

      await grace.call('PUT /api/channels/{target}/notifications', { params: { target }, body: { level: 'all' } })
      await place2.getByTitle(/mention/).waitFor()
      await first.page.getByRole('button', { name: 'Channel menu' }).click()
      await first.page.getByRole('menuitem', { name: 'Previews' }).click()
      await first.page.waitForURL((url) => url.pathname === '/tunnels' && url.searchParams.get('target') === target)
      expect([...first.complaints, ...second.complaints]).toEqual([])
      await Promise.all([first.context.close(), second.context.close()])
    })
  },
  minutes(2),
)
