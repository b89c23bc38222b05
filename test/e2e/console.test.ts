import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Browser, Page } from 'playwright-core'
import { launch, logIn, overflow, phone, startConsole, tabTo, visit } from './browser'
import { ADMIN, type ServerUnderTest, eventually, inPlace, startDaemon } from './harness'

const minutes = (n: number) => n * 60_000
let browser: Browser

beforeAll(async () => {
  browser = await launch()
}, minutes(1))
afterAll(() => browser?.close())

/** The server's own computer is there, and `@name` is a demo agent on it, in #general. */
async function demoAgent(server: ServerUnderTest, name: string): Promise<string> {
  const admin = await server.admin()
  const computer = await eventually(
    async () =>
      (await admin.call('GET /api/computers')).items.find(
        (computer) => computer.status === 'online' && computer.runtimes.some((runtime) => runtime.kind === 'demo'),
      ),
    { what: 'this computer is online with its runtimes' },
  )
  const body = { name, displayName: name, computerId: computer.id, runtimeKind: 'demo' }
  return (await admin.call('POST /api/agents', { body })).id
}

const composer = (page: Page) => page.locator('textarea[data-composer]').first()
const log = (page: Page) => page.getByRole('log').first()

test(
  'a newcomer gets from an empty server to an agent’s answer with the keyboard alone',
  async () => {
    await inPlace(async (place) => {
      const server = await startConsole(place, { fresh: true })
      const { page, complaints } = await visit(browser, server.url)
      const { keyboard } = page

      await page.getByLabel('Setup code').waitFor()
      for (const text of [await server.setupCode(), 'ada', 'Ada Lovelace', 'correct horse battery']) {
        await keyboard.type(text)
        await keyboard.press('Tab')
      }
      await keyboard.press('Enter')

      await page.waitForURL('**/c/general')
      await page.getByRole('heading', { name: 'This computer' }).waitFor()
      const demo = page.getByRole('listitem').filter({ hasText: 'Demo agent' })
      await tabTo(page, demo.getByRole('button', { name: 'Make an agent' }))
      await keyboard.press('Enter')
      await page.getByRole('dialog').getByText('Demo – no model').waitFor()
      await keyboard.type('Scout')
      await keyboard.press('Enter')

      // The question is half written: the mention is there, the caret behind it.
      await page.waitForFunction(() => {
        const field = document.activeElement
        return field instanceof HTMLTextAreaElement && field.value === '@scout ' && field.selectionStart === 7
      })
      await keyboard.type('what can you do?')
      await keyboard.press('Enter')
      await log(page).getByText('what can you do?').waitFor()
      const run = page.getByRole('region', { name: 'Run of Scout' })
      await run.waitFor()

      const allow = page.getByRole('button', { name: 'Allow once' })
      await tabTo(page, allow)
      await page.getByRole('link', { name: /Approvals.*1 approval waiting/ }).waitFor()
      await keyboard.press('Enter')
      await log(page)
        .getByText(/really there now/)
        .waitFor()
      await allow.waitFor({ state: 'detached' })

      await tabTo(page, page.getByRole('button', { name: /How it got there/ }))
      await keyboard.press('Enter')
      await log(page).getByText('Thought', { exact: true }).waitFor()
      await tabTo(page, page.getByRole('button', { name: '1 reply' }))
      await keyboard.press('Enter')
      await page
        .getByRole('complementary', { name: 'Thread' })
        .getByText(/really there now/)
        .waitFor()
      await keyboard.press('Escape')
      await page.getByRole('complementary', { name: 'Thread' }).waitFor({ state: 'detached' })

      await keyboard.press('Control+k')
      await page.getByRole('combobox', { name: /A channel, an agent/ }).waitFor()
      await keyboard.type('activ')
      await keyboard.press('Enter')
      await page.getByRole('heading', { name: 'Activity' }).waitFor()
      await page
        .getByRole('main')
        .locator('span:visible', { hasText: /^Done$/ })
        .first()
        .waitFor()
      await keyboard.press('?')
      await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor()
      await keyboard.press('Escape')
      expect(complaints).toEqual([])
    })
  },
  minutes(3),
)

test(
  'a denied request and a stopped run are shown as what they are, and a run can be tried again',
  async () => {
    await inPlace(async (place) => {
      const server = await startConsole(place)
      await demoAgent(server, 'scout')
      const { page, complaints } = await visit(browser, server.url)
      await logIn(page, ADMIN.username, ADMIN.password)

      await composer(page).fill('@scout first')
      await page.keyboard.press('Enter')
      await page.getByRole('button', { name: 'Deny' }).click()
      await log(page)
        .getByText(/You denied it/)
        .waitFor()

      await composer(page).fill('@scout second')
      await page.keyboard.press('Enter')
      await page.getByRole('button', { name: 'Allow once' }).waitFor()
      await page.getByRole('button', { name: 'Stop' }).click()
      await log(page).getByText('The run was stopped by a person.').waitFor()

      await log(page).getByRole('button', { name: 'Retry' }).click()
      await page.getByRole('button', { name: 'Allow once' }).click()
      await log(page)
        .getByText(/really there now/)
        .waitFor()
      expect(await log(page).getByText('The run was stopped by a person.').count()).toBe(0)
      expect(complaints).toEqual([])
    })
  },
  minutes(3),
)

test(
  'on a phone every main page fits, and a conversation works',
  async () => {
    await inPlace(async (place) => {
      const server = await startConsole(place)
      const agentId = await demoAgent(server, 'scout')
      const { page, complaints } = await visit(browser, server.url, phone)
      await logIn(page, ADMIN.username, ADMIN.password)

      await page.getByRole('link', { name: 'general' }).click()
      await composer(page).fill('@scout hello from the train')
      await page.getByRole('button', { name: 'Send message' }).click()
      await page.getByRole('button', { name: 'Allow once' }).click()
      await log(page)
        .getByText(/really there now/)
        .waitFor()
      expect(await overflow(page)).toBe(0)
      await page.getByRole('button', { name: '1 reply' }).click()
      await page.getByRole('complementary', { name: 'Thread' }).waitFor()
      expect(await overflow(page)).toBe(0)
      await page.getByRole('button', { name: 'Close thread' }).click()
      await page.getByRole('link', { name: 'Back' }).click()

      const tabs = page.getByRole('navigation', { name: 'Main screens' })
      for (const name of ['Inbox', 'Tasks', 'Agents', 'More', 'Chats']) {
        await tabs.getByRole('link', { name }).click()
        expect({ name, overflow: await overflow(page) }).toEqual({ name, overflow: 0 })
      }
      for (const path of [
        `/agents/${agentId}`,
        '/runs',
        '/computers/new',
        '/settings/tokens',
        '/settings/people',
        '/nowhere',
      ]) {
        await page.goto(server.url + path)
        await page.getByRole('main').getByRole('heading').or(page.getByText('There is nothing here')).first().waitFor()
        expect({ path, overflow: await overflow(page) }).toEqual({ path, overflow: 0 })
      }
      expect(complaints).toEqual([])
    })
  },
  minutes(3),
)

test(
  'two people see each other’s messages, and what is unread, as it happens',
  async () => {
    await inPlace(async (place) => {
      const server = await startConsole(place)
      const admin = await server.admin()
      const body = { username: 'grace', displayName: 'Grace', password: 'correct horse battery' }
      await admin.call('POST /api/users', { body })
      const [first, second] = [await visit(browser, server.url), await visit(browser, server.url)]
      await logIn(first.page, ADMIN.username, ADMIN.password)
      await logIn(second.page, 'grace', 'correct horse battery')
      await first.page.goto(`${server.url}/agents`)

      await composer(second.page).fill('hello @admin, are you there?')
      await second.page.keyboard.press('Enter')
      await first.page.getByRole('link', { name: /general.*1 mention of you/ }).click()
      await log(first.page).getByText('are you there?').waitFor()
      await first.page.getByRole('link', { name: /mention of you/ }).waitFor({ state: 'detached' })

      await composer(first.page).fill('yes, here')
      await first.page.keyboard.press('Enter')
      await log(second.page).getByText('yes, here').waitFor()

      await first.page.getByRole('button', { name: 'Add a channel' }).click()
      await first.page.getByRole('menuitem', { name: 'New channel' }).click()
      await first.page.getByLabel('Name').fill('Release v1.0')
      await first.page.getByRole('button', { name: 'Create channel' }).click()
      await first.page.getByRole('heading', { name: 'release-v1.0' }).waitFor()
      await first.page.reload()
      await first.page.getByRole('heading', { name: 'release-v1.0' }).waitFor()
      expect([...first.complaints, ...second.complaints]).toEqual([])
    })
  },
  minutes(3),
)

test(
  'a page survives a restart of the server: nothing is lost, nothing is sent twice',
  async () => {
    await inPlace(async (place) => {
      const server = await startConsole(place, { flags: ['--no-local-daemon'] })
      const { page, complaints } = await visit(browser, server.url)
      await logIn(page, ADMIN.username, ADMIN.password)
      await composer(page).fill('before')
      // It is on the screen at once; what counts is that the server took it.
      const taken = page.waitForResponse((r) => r.request().method() === 'POST' && r.url().endsWith('/api/messages'))
      await page.keyboard.press('Enter')
      expect((await taken).status()).toBe(201)
      await (await taken).finished()
      await log(page).getByText('before').waitFor()

      await server.killHard()
      await page.getByText('Connection lost.').waitFor()
      await composer(page).fill('meanwhile')
      await page.keyboard.press('Enter')
      await log(page).getByText('Not sent.').waitFor()
      await server.start()
      await page.getByText('Connection lost.').waitFor({ state: 'detached' })
      await log(page).getByText('Not sent.').waitFor({ state: 'detached' })

      const admin = await server.admin()
      await admin.call('POST /api/messages', { body: { target: '#general', content: 'after' } })
      await log(page).getByText('after').waitFor()
      const { items } = await admin.call('GET /api/messages', { query: { target: '#general' } })
      expect(items.map((message) => message.content).filter((text) => text === 'meanwhile')).toHaveLength(1)
      expect(await log(page).getByText('meanwhile', { exact: true }).count()).toBe(1)
      expect(complaints).toEqual([])
    })
  },
  minutes(3),
)

test(
  'the page of the wizard turns green by itself when the computer connects',
  async () => {
    await inPlace(async (place) => {
      const server = await startConsole(place, { flags: ['--no-local-daemon'] })
      const { page, complaints } = await visit(browser, server.url)
      await logIn(page, ADMIN.username, ADMIN.password)
      await page.goto(`${server.url}/computers/new`)
      await page.getByLabel('Name of the computer').fill('workshop')
      await page.getByRole('button', { name: 'Get the command' }).click()
      const command = (await page.getByText('install.sh').textContent()) ?? ''
      await page.getByText('Waiting for the computer').waitFor()
      const [, id = '', code = ''] = /enrollments\/(\w+)\/install\.sh\?code=([^&'"\s]+)/.exec(command) ?? []
      await startDaemon(place, server, { name: 'workshop', enrollment: { id, code } })
      await page.getByText('workshop is connected.').waitFor()
      await page.getByText('Demo – no model').waitFor()
      expect(complaints).toEqual([])
    })
  },
  minutes(3),
)
