import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Browser, Page } from 'playwright-core'
import { accessibility, launch, logIn, overflow, phone, startConsole, visit } from './browser'
import { ADMIN, type Caller, type ServerUnderTest, inPlace } from './harness'

const minutes = (n: number) => n * 60_000
const PASSWORD = 'correct horse battery'
let browser: Browser

beforeAll(async () => {
  browser = await launch()
}, minutes(1))
afterAll(() => browser?.close())

async function withGrace(server: ServerUnderTest): Promise<{ admin: Caller; grace: Caller; graceId: string }> {
  const admin = await server.admin()
  const { id } = await admin.call('POST /api/users', {
    body: { username: 'grace', displayName: 'Grace Hopper', password: PASSWORD },
  })
  return { admin, grace: await server.login('grace', PASSWORD), graceId: id }
}

const say = async (by: Caller, content: string, threadId?: string) =>
  (
    await by.call('POST /api/messages', {
      body: { target: '#general', content, ...(threadId ? { threadId } : {}) },
    })
  ).message.id

const clean = async (page: Page) => {
  expect(await accessibility(page)).toEqual([])
  expect(await overflow(page)).toBeLessThanOrEqual(0)
}
const reading = (page: Page) => page.getByRole('region', { name: 'What it is about' })

test(
  'the inbox is filled by others as it happens, and cleared with the keyboard alone',
  async () => {
    await inPlace(async (place) => {
      const server = await startConsole(place, { flags: ['--no-local-daemon'] })
      const { admin, grace } = await withGrace(server)
      const { page, complaints } = await visit(browser, server.url)
      await logIn(page, ADMIN.username, ADMIN.password)
      const { keyboard } = page

      await keyboard.press('Escape')
      await page.getByRole('heading', { name: 'general' }).click()
      await keyboard.press('g')
      await keyboard.press('i')
      await page.waitForURL('**/inbox')
      await page.getByText('All clear').waitFor()
      await clean(page)

      const root = await say(admin, 'Shall we ship on Friday?')
      await say(grace, 'I think so', root)
      await say(grace, '@admin please read the notes')
      const { id: assigneeId } = await admin.call('GET /api/auth/me')
      await grace.call('POST /api/tasks', { body: { target: '#general', summary: 'Write the notes', assigneeId } })
      const list = page.getByRole('navigation', { name: 'Inbox' })
      await list.getByRole('link').nth(2).waitFor()
      await page.getByRole('link', { name: /Inbox 3 unread/ }).waitFor()
      await page.waitForFunction(() => document.title.startsWith('(3)'))

      // The latest first: the task, the mention, the thread.
      await keyboard.press('j')
      await reading(page).getByText('This task was given to you.').waitFor()
      await page.getByRole('link', { name: /Inbox 2 unread/ }).waitFor()
      await keyboard.press('j')
      await reading(page).getByText('please read the notes').waitFor()
      await page.getByRole('link', { name: /Inbox 1 unread/ }).waitFor()
      await clean(page)
      await keyboard.press('j')
      await reading(page).getByText('Shall we ship on Friday?').waitFor()
      await page.getByRole('link', { name: /Inbox \d unread/ }).waitFor({ state: 'detached' })
      await keyboard.press('u')
      await page.getByRole('link', { name: /Inbox 1 unread/ }).waitFor()

      // In, an answer, out again, and done.
      await keyboard.press('k')
      await keyboard.press('j')
      await list
        .getByRole('link', { name: /Shall we ship/ })
        .and(page.locator('[aria-current=page]'))
        .waitFor()
      await reading(page).getByText('Shall we ship on Friday?').waitFor()
      await keyboard.press('Enter')
      await page.locator('[data-reading] textarea:focus').waitFor()
      await keyboard.type('eeek, yes')
      await keyboard.press('Enter')
      await reading(page).getByText('eeek, yes').waitFor()
      await keyboard.press('Escape')
      await keyboard.press('e')
      await list.getByRole('link', { name: /Shall we ship/ }).waitFor({ state: 'detached' })
      await page.getByRole('button', { name: 'Undo' }).first().click()
      await list.getByRole('link', { name: /Shall we ship/ }).waitFor()

      await keyboard.press('Shift+E')
      await page.getByText('All clear').waitFor()
      await expectEmpty(admin)

      // So many that they are asked for in one request, and taken back one by one.
      for (let n = 0; n < 22; n++) await say(grace, `@admin number ${n}`)
      await page.getByRole('link', { name: /Inbox 22 unread/ }).waitFor()
      await keyboard.press('Shift+E')
      await page.getByRole('status').filter({ hasText: '22 items done.' }).getByRole('button', { name: 'Undo' }).click()
      await page.getByRole('link', { name: /Inbox 22 unread/ }).waitFor()
      await list.getByRole('link').nth(21).waitFor()
      expect(complaints).toEqual([])
    })
  },
  minutes(5),
)

async function expectEmpty({ call }: Caller): Promise<void> {
  for (;;) {
    const { items } = await call('GET /api/inbox')
    if (items.length === 0) return
    await Bun.sleep(50)
  }
}

test(
  'on a phone the inbox and what it is about are shown one after the other',
  async () => {
    await inPlace(async (place) => {
      const server = await startConsole(place, { flags: ['--no-local-daemon'] })
      const { grace } = await withGrace(server)
      await say(grace, '@admin are you on the train?')
      const { page, complaints } = await visit(browser, server.url, phone)
      await logIn(page, ADMIN.username, ADMIN.password)
      const tabs = page.getByRole('navigation', { name: 'Main screens' })
      await tabs.getByRole('link', { name: /Inbox.*1 unread/ }).click()
      await clean(page)
      await page
        .getByRole('navigation', { name: 'Inbox' })
        .getByRole('link', { name: /on the train/ })
        .click()
      await reading(page).getByText('are you on the train?').waitFor()
      await clean(page)
      await page.getByRole('button', { name: 'Done' }).click()
      await page.getByText('All clear').waitFor()
      await tabs.getByRole('link', { name: 'More' }).click()
      await page.getByRole('main').getByRole('link', { name: 'Approvals' }).waitFor()
      await clean(page)
      expect(complaints).toEqual([])
    })
  },
  minutes(5),
)

const palette = (page: Page) => page.getByRole('dialog', { name: 'Go to' })

test(
  'the palette leads to every place and does things, with the keyboard alone',
  async () => {
    await inPlace(async (place) => {
      const server = await startConsole(place, { flags: ['--no-local-daemon'] })
      const { grace } = await withGrace(server)
      await say(grace, 'the quarterly figures are in')
      const { page, complaints } = await visit(browser, server.url)
      await logIn(page, ADMIN.username, ADMIN.password)
      const { keyboard } = page
      const choose = async (text: string, option: string | RegExp) => {
        await keyboard.press('Control+k')
        await palette(page).getByRole('combobox').waitFor()
        await keyboard.type(text)
        await palette(page).getByRole('option', { name: option, selected: true }).waitFor()
      }

      await choose('set tok', /API tokens/)
      await clean(page)
      await keyboard.press('Enter')
      await page.waitForURL('**/settings/tokens')

      // What was used is offered first the next time.
      await keyboard.press('Control+k')
      await palette(page)
        .getByRole('group', { name: 'Recent' })
        .getByRole('option', { name: /API tokens/ })
        .waitFor()
      await keyboard.press('Escape')
      await palette(page).waitFor({ state: 'detached' })

      await choose('new chan', /New channel/)
      await keyboard.press('Enter')
      await page.getByRole('dialog', { name: 'New channel' }).waitFor()
      await keyboard.type('harbour')
      await keyboard.press('Enter')
      await page.waitForURL('**/c/harbour')

      await choose('leave', /Leave harbour/)
      await keyboard.press('Escape')

      // A choice that leads to further ones, and back.
      await choose('theme', /^Theme/)
      await keyboard.press('Enter')
      await palette(page).getByRole('option', { name: /^Dark/ }).waitFor()
      await keyboard.press('Backspace')
      await palette(page)
        .getByRole('option', { name: /^Theme/ })
        .waitFor({ state: 'visible' })
      await keyboard.type('theme')
      await palette(page)
        .getByRole('option', { name: /^Theme/, selected: true })
        .waitFor()
      await keyboard.press('Enter')
      await keyboard.type('dark')
      await keyboard.press('Enter')
      await page.locator('html[data-theme=dark]').waitFor()

      await choose('quarterly', /the quarterly figures are in/)
      await keyboard.press('Enter')
      await page.waitForURL(/\/c\/general\?message=msg_/)
      await page.getByRole('log').first().getByText('the quarterly figures').waitFor()

      // The sheet shows what works here, and no key fires while somebody types.
      await page.locator('textarea[data-composer]').first().fill('')
      await keyboard.type('gi?')
      expect(await page.locator('textarea[data-composer]').first().inputValue()).toBe('gi?')
      expect(page.url()).toContain('/c/general')
      await page.locator('textarea[data-composer]').first().fill('')
      await page.locator('#main').focus()
      await keyboard.press('?')
      const sheet = page.getByRole('dialog', { name: 'Keyboard shortcuts' })
      await sheet.getByText('Inbox', { exact: true }).waitFor()
      await clean(page)
      await keyboard.press('Escape')
      await sheet.waitFor({ state: 'detached' })
      expect(complaints).toEqual([])
    })
  },
  minutes(5),
)

test(
  'search finds by words and filters, says what is wrong beside the field, and leads to the message',
  async () => {
    await inPlace(async (place) => {
      const server = await startConsole(place, { flags: ['--no-local-daemon'] })
      const { admin, grace } = await withGrace(server)
      await admin.call('POST /api/channels', { body: { name: 'harbour' } })
      await say(grace, 'The lighthouse is lit')
      await say(admin, 'Which lighthouse?')
      await say(grace, '部署失败了，请看日志')
      await admin.call('POST /api/tasks', { body: { target: '#general', summary: 'Paint the lighthouse' } })
      const { page, complaints } = await visit(browser, server.url)
      await logIn(page, ADMIN.username, ADMIN.password)
      const { keyboard } = page
      await page.locator('#main').focus()
      await keyboard.press('g')
      await keyboard.press('s')
      const field = page.getByRole('combobox', { name: /Search messages/ })
      await page.getByText('What you can write').waitFor()
      await field.fill('lighthouse')
      const hits = page.locator('[data-hit]')
      await page.getByText('3 results', { exact: true }).waitFor()
      expect(await page.locator('[data-hit] mark').allTextContents()).toContain('lighthouse')
      await clean(page)

      // A filter is completed, and shown as something that can be taken away.
      await field.fill('lighthouse from:gr')
      await page.getByRole('option', { name: /Grace Hopper/ }).waitFor()
      await keyboard.press('Enter')
      await page.getByText('1 result', { exact: true }).waitFor()
      await hits.getByText('is lit').waitFor()
      expect(await field.inputValue()).toBe('lighthouse from:@grace ')
      await page.getByRole('button', { name: 'Remove from:@grace' }).click()
      await page.getByText('3 results', { exact: true }).waitFor()
      await page.getByRole('button', { name: 'Type', exact: true }).click()
      await page.getByRole('menuitem', { name: /Tasks/ }).click()
      await hits.getByText('Paint the lighthouse').first().waitFor()
      await page.getByText('1 result', { exact: true }).waitFor()

      await field.fill('before:yesterday x')
      await page.getByText('is no date').waitFor()
      expect(await field.getAttribute('aria-invalid')).toBe('true')
      await clean(page)

      await field.fill('失败')
      await hits.getByText('部署').waitFor()
      await keyboard.press('Enter')
      await keyboard.press('ArrowDown')
      await keyboard.press('Enter')
      await page.waitForURL(/\/c\/general\?message=msg_/)
      await page.getByRole('log').first().getByText('请看日志').waitFor()
      await page.goto(`${server.url}/search`)
      await page.getByRole('button', { name: '失败' }).waitFor()
      expect(complaints).toEqual([])
    })
  },
  minutes(5),
)

test(
  'a reminder is set in words, shows when it will fire, fires into the inbox, and can be put off and canceled',
  async () => {
    await inPlace(async (place) => {
      const server = await startConsole(place, { flags: ['--no-local-daemon'] })
      const { page, complaints } = await visit(browser, server.url)
      await logIn(page, ADMIN.username, ADMIN.password)
      await page.goto(`${server.url}/reminders`)
      await page.getByText('Nothing is coming up').waitFor()
      await clean(page)
      await page.keyboard.press('c')
      const dialog = page.getByRole('dialog', { name: 'New reminder' })
      await dialog.getByLabel('What about').fill('Water the plants')
      await dialog.getByRole('textbox', { name: 'When' }).fill('every blue moon')
      await dialog.getByText('says no time that could be understood').waitFor()
      await dialog.getByRole('textbox', { name: 'When' }).fill('every day at 9')
      await dialog.locator('[data-firing]').nth(4).waitFor()
      await clean(page)
      await dialog.getByRole('button', { name: 'Set the reminder' }).click()
      await page.getByRole('listitem').filter({ hasText: 'Water the plants' }).getByText('every day at 9').waitFor()

      await page.getByRole('button', { name: 'New reminder' }).click()
      await dialog.getByLabel('What about').fill('Look at the oven')
      await dialog.getByRole('textbox', { name: 'When' }).fill('in 3 seconds')
      await dialog.getByText('It fires once:').waitFor()
      await dialog.getByRole('button', { name: 'Set the reminder' }).click()
      await page.getByRole('link', { name: /Inbox 1 unread/ }).click()
      await page
        .getByRole('navigation', { name: 'Inbox' })
        .getByRole('link', { name: /Look at the oven/ })
        .waitFor()

      await page.goto(`${server.url}/reminders`)
      await page.getByRole('tab', { name: 'Fired' }).click()
      await page.getByRole('button', { name: 'Actions for Look at the oven' }).click()
      await page.getByRole('menuitem', { name: 'Log' }).click()
      await page.getByRole('dialog').getByText('Fired', { exact: true }).waitFor()
      await clean(page)
      await page.keyboard.press('Escape')
      await page.getByRole('button', { name: 'Actions for Look at the oven' }).click()
      await page.getByRole('menuitem', { name: 'Again in an hour' }).click()
      await page.getByRole('tab', { name: 'Upcoming' }).click()
      await page.getByRole('listitem').filter({ hasText: 'Look at the oven' }).waitFor()
      await page.getByRole('button', { name: 'Actions for Water the plants' }).click()
      await page.getByRole('menuitem', { name: 'Cancel the reminder' }).click()
      await page.getByRole('dialog').getByRole('button', { name: 'Cancel the reminder' }).click()
      await page.getByRole('listitem').filter({ hasText: 'Water the plants' }).waitFor({ state: 'detached' })
      expect(complaints).toEqual([])
    })
  },
  minutes(5),
)
