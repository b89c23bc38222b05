import { afterAll, beforeAll, expect, test } from 'bun:test'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { createApiClient } from '@shared/contract/client'
import { z } from 'zod'
import { accessibility, desktop, launch, logIn, overflow, phone, startConsole, visit } from './browser'
import { ADMIN, type DaemonUnderTest, type ServerUnderTest, inPlace, makeScriptedAgent, startDaemon } from './harness'

const minutes = (n: number) => n * 60_000
let browser: Browser

beforeAll(async () => {
  browser = await launch()
}, minutes(1))
afterAll(() => browser?.close())

const clean = async (page: Page) => {
  expect(await accessibility(page)).toEqual([])
  expect(await overflow(page)).toBeLessThanOrEqual(0)
}

/** Previews are served below `localhost`, where the console is there. */
const atLocalhost = (server: ServerUnderTest): string => `http://localhost:${server.port}`

/** The API as an agent on that computer has it. */
async function asAgent(server: ServerUnderTest, daemon: DaemonUnderTest, id: string) {
  const config = z.object({ token: z.string() }).parse(await Bun.file(join(daemon.home, 'daemon.json')).json())
  const caller = (token: string) =>
    createApiClient({ baseUrl: server.url, headers: () => ({ authorization: `Bearer ${token}` }) })
  const { token } = await caller(config.token)('POST /api/daemon/agents/{id}/token', { params: { id } })
  return caller(token)
}

test(
  'a computer is added by one line, and its agent’s preview is asked for, allowed, looked at, extended and closed',
  async () => {
    await inPlace(async (place) => {
      const server = await startConsole(place)
      const { page, context, complaints } = await visit(browser, atLocalhost(server))
      await logIn(page, ADMIN.username, ADMIN.password)

      await page.goto(`${atLocalhost(server)}/computers/new`)
      await page.getByLabel('Name of the computer').fill('Workshop')
      await page.getByRole('button', { name: 'Get the command' }).click()
      await page.getByText('Waiting for the computer').waitFor()
      await clean(page)
      const line = (await page.locator('code').filter({ hasText: 'install.sh' }).textContent()) ?? ''
      const [, id = '', code = ''] = /enrollments\/([^/]+)\/install\.sh\?code=([^&'"\s]+)/.exec(line) ?? []
      const daemon = await startDaemon(place, server, { name: 'Workshop', enrollment: { id, code } })
      await page.getByText('Workshop is connected.').waitFor()
      await page.getByRole('link', { name: 'Open it' }).click()
      await page.getByRole('meter', { name: 'Memory' }).waitFor()
      await page.getByRole('meter', { name: 'Disk' }).waitFor()

      const agent = await makeScriptedAgent(server, { name: 'coder', computerId: daemon.computerId })
      const app = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: () => new Response('made by an agent') })
      try {
        const coder = await asAgent(server, daemon, agent.id)
        const asked = await coder('POST /api/tunnels', {
          body: { localPort: app.port ?? 0, label: 'New start page', target: '#general' },
        })
        expect(asked.state).toBe('pending_approval')

        // On the computer's page and in the conversation it is the same preview.
        const previews = page.getByRole('listitem').filter({ hasText: 'New start page' })
        await previews.getByText('Waits for approval').waitFor()
        await clean(page)
        await page.goto(`${atLocalhost(server)}/c/general`)
        await page.getByText('asks to show a preview here').waitFor()
        await page.getByRole('log').first().getByRole('button', { name: 'Allow', exact: true }).click()
        await page.getByRole('log').first().getByText('Open', { exact: true }).first().waitFor()

        const opened = context.waitForEvent('page')
        await page.getByRole('log').first().getByRole('link', { name: 'Look at it' }).first().click()
        const preview = await opened
        await preview.getByText('made by an agent').waitFor()
        expect(new URL(preview.url()).host).not.toBe(new URL(page.url()).host)
        await preview.close()

        await page.goto(`${atLocalhost(server)}/tunnels`)
        await previews.getByText(/^1h 5\dm left/).waitFor()
        await previews.getByRole('button', { name: 'More about New start page' }).click()
        await page.getByRole('menuitem', { name: 'Keep it open longer' }).click()
        await page.getByLabel('Open for').selectOption({ label: 'a day' })
        await page.getByRole('dialog').getByRole('button', { name: 'Keep it open longer' }).click()
        await previews.getByText(/^23h \d\dm left/).waitFor()
        await clean(page)
        await previews.getByRole('button', { name: 'More about New start page' }).click()
        await page.getByRole('menuitem', { name: 'History' }).click()
        await page.getByRole('dialog').getByText('tunnel.approve').waitFor()
        await page.getByRole('dialog').getByText('tunnel.extend').waitFor()
        await page.keyboard.press('Escape')
        await previews.getByRole('button', { name: 'More about New start page' }).click()
        await page.getByRole('menuitem', { name: 'Close', exact: true }).click()
        await page.getByText('No previews here').waitFor()

        // What a person refuses is told with the reason.
        await coder('POST /api/tunnels', { body: { localPort: 5199, label: 'Second', target: '#general' } })
        const second = page.getByRole('listitem').filter({ hasText: 'Second' })
        await second.getByRole('button', { name: 'Refuse' }).click()
        await page.getByLabel('Why').fill('not that port')
        await page.getByRole('dialog').getByRole('button', { name: 'Refuse' }).click()
        await page.getByText('No previews here').waitFor()
        await page.getByText('All', { exact: true }).click()
        await second.getByText('not that port').waitFor()
        expect(complaints).toEqual([])
      } finally {
        await app.stop(true)
      }
    })
  },
  minutes(3),
)

test(
  'a service is connected by its generated form, tested, sent to along a route, and tried again after a failure',
  async () => {
    await inPlace(async (place) => {
      let broken = true
      const got: string[] = []
      const service = Bun.serve({
        hostname: '127.0.0.1',
        port: 0,
        async fetch(request) {
          const text = await request.text()
          if (broken) return new Response('busy', { status: 503 })
          got.push(text)
          return Response.json({ ok: true })
        },
      })
      try {
        const server = await startConsole(place, { env: { NEKODE_OUTGOING_ALLOW: '127.0.0.1' } })
        const admin = await server.admin()
        const { page, complaints } = await visit(browser, server.url)
        await logIn(page, ADMIN.username, ADMIN.password)
        await page.goto(`${server.url}/settings/endpoints`)
        await page.getByRole('button', { name: 'Connect a service' }).click()
        await clean(page)
        await page
          .getByRole('dialog')
          .getByRole('button', { name: /^Webhook/ })
          .click()
        await page.getByLabel('Name', { exact: true }).fill('Build server')
        await page.getByLabel('Address that events are sent to').fill(`http://127.0.0.1:${service.port}/hook`)
        await page.getByText('Takes messages in', { exact: true }).click()
        await page.getByLabel('Channel that it writes to').selectOption('#general')
        await clean(page)
        await page.getByRole('dialog').getByRole('button', { name: 'Connect', exact: true }).click()

        // Shown this once: where programs write to, and what they sign with.
        const once = page.getByRole('dialog')
        await once.getByText(/^whsec_/).waitFor()
        await once.getByText(/\/api\/webhooks\//).waitFor()
        await clean(page)
        await once.getByRole('button', { name: 'Done' }).click()
        const row = page.getByRole('listitem').filter({ hasText: 'Build server' })
        await row.getByText('Sends out').waitFor()

        await row.getByRole('button', { name: 'Test' }).click()
        await page.getByRole('dialog').getByText('It does not work yet.').waitFor()
        broken = false
        await page.getByRole('dialog').getByRole('button', { name: 'Try again' }).click()
        await page.getByRole('dialog').getByText('It works.').waitFor()
        await page.getByRole('dialog').getByText('A test message arrived.').waitFor()
        await clean(page)
        await page.keyboard.press('Escape')
        expect(got).toHaveLength(1)

        // The secret is never read back, and stays when something else is changed.
        await row.getByRole('button', { name: 'More about Build server' }).click()
        await page.getByRole('menuitem', { name: 'Settings' }).click()
        await page.getByText('A secret is kept.').waitFor()
        await page.getByLabel('Name', { exact: true }).fill('Builder')
        await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click()
        await page.getByRole('listitem').filter({ hasText: 'Builder' }).waitFor()

        await page.goto(`${server.url}/settings/notifications`)
        await page.getByText('It goes nowhere.').waitFor()
        await page.getByRole('button', { name: 'New route' }).click()
        await page.getByRole('dialog').getByRole('button', { name: 'New route' }).click()
        await page.getByText('Goes to Builder').waitFor()
        broken = true
        await admin.call('POST /api/messages', { body: { target: '#general', content: 'the build is green' } })
        const delivery = page.getByRole('listitem').filter({ hasText: 'attempt' }).first()
        await delivery.getByText('Will be tried again', { exact: true }).waitFor()
        await delivery.getByText(/1 attempt · next try/).waitFor()
        await clean(page)
        broken = false
        await delivery.getByRole('button', { name: 'Try again' }).click()
        await delivery.getByText('Delivered', { exact: true }).waitFor()
        expect(got.some((text) => text.includes('the build is green'))).toBe(true)

        await page.setViewportSize(phone)
        await clean(page)
        await page.goto(`${server.url}/settings/endpoints`)
        await page.getByText('Builder').first().waitFor()
        await clean(page)
        expect(complaints).toEqual([])
      } finally {
        await service.stop(true)
      }
    })
  },
  minutes(3),
)

test(
  'an owner sees how the server is and what happens on it, changes a role before the eyes of its bearer, and takes a backup',
  async () => {
    await inPlace(async (place) => {
      const server = await startConsole(place)
      const { call } = await server.admin()
      const { url } = await call('POST /api/invites', { body: { role: 'member' } })
      const ada = await visit(browser, url, phone)
      await ada.page.getByLabel('Username').fill('ada')
      await ada.page.getByLabel('Password').fill('another good password')
      await ada.page.getByRole('button', { name: 'Join' }).click()
      await ada.page.getByRole('link', { name: 'general' }).first().waitFor()
      await ada.page.goto(`${server.url}/settings`)
      await ada.page.getByRole('link', { name: 'People' }).waitFor()
      expect(await ada.page.getByRole('link', { name: 'Audit log' }).count()).toBe(0)
      await clean(ada.page)

      const { page, complaints } = await visit(browser, server.url, desktop)
      await logIn(page, ADMIN.username, ADMIN.password)
      await page.goto(`${server.url}/settings/people`)
      await page.getByRole('button', { name: 'Manage ada' }).click()
      await page.getByRole('menuitem', { name: 'Change the role' }).click()
      await page.getByRole('dialog').getByLabel('Role').selectOption('admin')
      await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click()
      await ada.page.getByRole('link', { name: 'Audit log' }).click()
      await ada.page.getByText('user.role').first().waitFor()
      await clean(ada.page)

      await page.goto(`${server.url}/settings/server`)
      await page.getByText('Database (sqlite)').waitFor()
      await page.getByText('Running for').waitFor()
      await clean(page)

      await page.goto(`${server.url}/settings/events`)
      await page.getByText('Nothing has happened yet').waitFor()
      const say = (content: string) => call('POST /api/messages', { body: { target: '#general', content } })
      await say('first')
      const log = page.getByRole('list', { name: 'Event log' })
      await log.locator('summary').filter({ hasText: 'message' }).first().click()
      await log.getByText('"content": "first"').waitFor()
      await clean(page)
      await page.getByRole('button', { name: 'Pause' }).click()
      await say('second')
      await page.getByRole('button', { name: /Go on \([1-9]\d* new\)/ }).click()
      await page.getByLabel('Search in what is here').fill('second')
      await log.locator('summary').filter({ hasText: 'message' }).first().waitFor()
      await page.getByLabel('Search in what is here').fill('no such words')
      await page.getByText('Nothing here fits the filter').waitFor()

      await page.goto(`${server.url}/settings/backup`)
      await page.getByText('Nobody has downloaded a backup yet').waitFor()
      await clean(page)
      const downloading = page.waitForEvent('download')
      await page.getByRole('link', { name: 'Download a backup' }).click()
      const file = await (await downloading).path()
      const archive = new Bun.Archive(Bun.zstdDecompressSync(await Bun.file(file).bytes()))
      const names = [...(await archive.files()).keys()]
      expect(names).toContain('manifest.json')
      expect(names.some((name) => name.startsWith('tables/messages/'))).toBe(true)
      expect(ada.complaints).toEqual([])

      // Another build, and a full disk, cannot be had here: of the restart that brings them the answers are replaced.
      const known = ['version', 'server/status'].map((path) => page.waitForResponse(`**/api/${path}`))
      await page.goto(`${server.url}/c/general`)
      await page.getByRole('log').first().getByText('second').waitFor()
      await Promise.all(known)
      await page.route('**/api/version', (route) =>
        route.fulfill({ json: { version: '9.9.9', commit: 'abc', buildTime: '' } }),
      )
      await page.route('**/api/server/status', async (route) => {
        const response = await route.fetch()
        const checks = [{ name: 'disk', ok: false, detail: 'Only 0.1 GiB are free for the data folder.' }]
        await route.fulfill({ response, json: { ...(await response.json()), checks } })
      })
      await server.stop()
      await server.start()
      await page.getByText('The server was updated to 9.9.9.').waitFor()
      await page.getByText('Only 0.1 GiB are free for the data folder.').waitFor()
      await clean(page)
      await page.getByRole('link', { name: 'Look at it' }).click()
      await page.getByText('Something is wrong with the server.').waitFor()
      expect(complaints).toEqual([])
    })
  },
  minutes(3),
)
