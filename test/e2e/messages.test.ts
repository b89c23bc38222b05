import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Browser, Locator, Page } from 'playwright-core'
import { accessibility, launch, logIn, overflow, phone, startConsole, visit } from './browser'
import { ADMIN, inPlace } from './harness'

const minutes = (n: number) => n * 60_000
const PASSWORD = 'correct horse battery'
/** A name that would run if it were ever taken for more than text. */
const GRACE = 'Grace <img src=x onerror=alert(1)>'
let browser: Browser

beforeAll(async () => {
  browser = await launch()
}, minutes(1))
afterAll(() => browser?.close())

const composer = (page: Page) => page.locator('textarea[data-composer]').first()
const log = (page: Page) => page.getByRole('log').first()
const message = (page: Page, text: string | RegExp): Locator =>
  log(page).locator('article[data-message]').filter({ hasText: text })

async function say(page: Page, text: string): Promise<void> {
  await composer(page).fill(text)
  await composer(page).press('Enter')
  await message(page, text).waitFor()
}

/** Chooses from the menu of a message. */
async function choose(page: Page, text: string, action: string): Promise<void> {
  await message(page, text).hover()
  await message(page, text).getByRole('button', { name: 'More actions' }).click()
  await page.getByRole('menuitem', { name: action }).click()
}

test(
  'two people see at once what the other does with a message',
  async () => {
    await inPlace(async (place) => {
      const server = await startConsole(place)
      const admin = await server.admin()
      await admin.call('POST /api/users', {
        body: { username: 'grace', displayName: GRACE, password: PASSWORD },
      })
      const ada = await visit(browser, server.url)
      const grace = await visit(browser, server.url)
      await Promise.all([logIn(ada.page, ADMIN.username, ADMIN.password), logIn(grace.page, 'grace', PASSWORD)])

      await composer(grace.page).pressSequentially('the')
      await ada.page.getByText(`${GRACE} is writing…`).waitFor()
      await say(grace.page, 'the figures are wrong')
      await ada.page.getByText(`${GRACE} is writing…`).waitFor({ state: 'detached' })
      await ada.page.getByRole('button', { name: /^Show all 2 members/ }).click()
      await ada.page.getByRole('dialog').getByRole('img', { name: 'Online' }).nth(1).waitFor()
      await ada.page.keyboard.press('Escape')
      await message(ada.page, 'the figures are wrong').waitFor()
      await message(ada.page, 'the figures are wrong').hover()
      await message(ada.page, 'the figures').getByRole('button', { name: 'React: 👍' }).click()
      await message(grace.page, 'the figures').getByRole('button', { name: /^👍 1/ }).waitFor()
      await message(grace.page, 'the figures').getByRole('button', { name: /^👍 1/ }).click()
      await message(ada.page, 'the figures')
        .getByRole('button', { name: `👍 2: You, ${GRACE}` })
        .waitFor()

      await message(ada.page, 'the figures').getByRole('button', { name: 'Add a reaction' }).click()
      await ada.page.getByRole('combobox', { name: 'Find an emoji' }).fill('rocket')
      await ada.page.getByRole('gridcell', { name: 'rocket' }).waitFor()
      await ada.page.keyboard.press('Enter')
      await message(grace.page, 'the figures').getByRole('button', { name: /^🚀 1/ }).waitFor()

      await message(grace.page, 'the figures').hover()
      await message(grace.page, 'the figures').getByRole('button', { name: 'Edit' }).click()
      await grace.page.getByRole('textbox', { name: 'Edit message' }).fill('the figures are right')
      await grace.page.keyboard.press('Enter')
      await message(ada.page, 'the figures are right').getByRole('button', { name: '(edited)' }).click()
      await ada.page.getByRole('dialog').getByText('the figures are wrong').waitFor()
      await ada.page.keyboard.press('Escape')

      await choose(ada.page, 'the figures', 'Pin to the channel')
      await message(grace.page, 'the figures').getByText('Pinned by').waitFor()
      await message(ada.page, 'the figures').hover()
      await message(ada.page, 'the figures').getByRole('button', { name: 'More actions' }).click()
      await ada.page.keyboard.press('Escape')

      await choose(ada.page, 'the figures', 'Propose as a decision')
      await ada.page.getByRole('button', { name: 'Propose', exact: true }).click()
      const card = log(grace.page).getByRole('region', { name: 'the figures are right' })
      await card.getByRole('button', { name: 'Approve' }).click()
      await card.getByText('1 of 2 approvals').waitFor()
      await log(ada.page).getByRole('region', { name: 'the figures are right' }).getByText('1 of 2 approvals').waitFor()
      await log(ada.page)
        .getByRole('region', { name: 'the figures are right' })
        .getByRole('button', { name: 'Approve' })
        .click()
      await card.getByText('In force').waitFor()

      await grace.page.getByRole('button', { name: 'Pinned messages' }).click()
      const pins = grace.page.getByRole('complementary', { name: 'Pinned messages' })
      await pins.getByText('the figures are right').waitFor()
      await choose(ada.page, 'Pinned by', 'Unpin')
      await pins.getByText('Nothing is pinned').waitFor()
      await grace.page.getByRole('button', { name: 'Decisions' }).click()
      await grace.page
        .getByRole('complementary', { name: 'Decisions' })
        .getByRole('article', { name: 'the figures are right' })
        .waitFor()
      await grace.page.getByRole('button', { name: 'Topics' }).click()
      await grace.page.getByRole('button', { name: 'New topic' }).click()
      await grace.page.getByLabel('Title').fill('Where the figures come from')
      await grace.page.getByRole('button', { name: 'Begin topic' }).click()
      await grace.page.getByRole('complementary', { name: 'Thread' }).waitFor()
      await grace.page.getByRole('button', { name: 'Topics' }).click()
      await grace.page.getByRole('button', { name: 'Debates' }).click()
      await grace.page.getByRole('complementary', { name: 'Debates' }).getByText('No debates yet').waitFor()
      await ada.page.getByRole('button', { name: 'Channel menu' }).click()
      await ada.page.getByRole('menuitem', { name: 'Channel settings' }).click()
      await ada.page.getByRole('dialog').getByLabel('Topic').fill('Figures only')
      await ada.page.getByRole('dialog').getByRole('button', { name: 'Save' }).click()
      await grace.page.getByRole('main').getByText('Figures only').first().waitFor()

      const evil = '<script>alert(1)</script> [x](javascript:alert(1)) <img src=x onerror=alert(1)>'
      await admin.call('POST /api/channels/{target}/decisions', {
        params: { target: '#general' },
        body: { title: evil, body: evil },
      })
      await grace.page.getByRole('button', { name: 'Decisions' }).click()
      await grace.page.getByRole('complementary').getByRole('article', { name: evil }).waitFor()
      for (const { page } of [ada, grace]) {
        await log(page).getByRole('region', { name: evil }).waitFor()
        expect(
          await page.locator('#main').locator('script, img, iframe, [onerror], [href^="javascript" i]').count(),
        ).toBe(0)
      }
      expect([...ada.complaints, ...grace.complaints]).toEqual([])
    })
  },
  minutes(3),
)

test(
  'the keyboard alone moves between messages and acts on them, and a deleted one comes back when that is taken back',
  async () => {
    await inPlace(async (place) => {
      const server = await startConsole(place)
      const admin = await server.admin()
      for (let n = 1; n <= 70; n++)
        await admin.call('POST /api/messages', { body: { target: '#general', content: `entry ${n}` } })
      await admin.call('POST /api/users', {
        body: { username: 'grace', displayName: 'Grace Hopper', password: PASSWORD },
      })
      const grace = await server.login('grace', PASSWORD)
      const { items } = await admin.call('GET /api/messages', { query: { target: '#general', limit: 1 } })
      await admin.call('POST /api/channels/{target}/read', {
        params: { target: '#general' },
        body: { messageId: items[0]!.id },
      })
      for (let n = 1; n <= 70; n++)
        await grace.call('POST /api/messages', { body: { target: '#general', content: `news ${n}` } })

      const { page, complaints } = await visit(browser, server.url)
      const { keyboard } = page
      await logIn(page, ADMIN.username, ADMIN.password)
      await message(page, 'news 70').waitFor()
      await page.getByRole('button', { name: /^70 new messages/ }).click()
      await log(page).getByText('news 1', { exact: true }).waitFor()
      await log(page).getByRole('separator', { name: 'New' }).waitFor()
      await keyboard.press('Escape')
      await message(page, 'news 70').waitFor()

      await say(page, 'mine')
      await composer(page).press('ArrowUp')
      await page.getByRole('textbox', { name: 'Edit message' }).waitFor()
      await keyboard.type(' indeed')
      await keyboard.press('Enter')
      await message(page, 'mine indeed').waitFor()

      await log(page).focus()
      await keyboard.press('k')
      await keyboard.press('k')
      await keyboard.press('j')
      expect(await message(page, 'mine indeed').evaluate((row) => row === document.activeElement)).toBe(true)
      await keyboard.press('s')
      await page.getByText('Saved. You find it under Saved.').waitFor()
      await keyboard.press('+')
      await page.getByRole('gridcell', { name: 'rocket', exact: true }).waitFor()
      await keyboard.type('rocket')
      await keyboard.press('Enter')
      await message(page, 'mine')
        .getByRole('button', { name: /^🚀 1: You/ })
        .waitFor()
      await keyboard.press('Enter')
      const thread = page.getByRole('complementary', { name: 'Thread' })
      await thread.locator('textarea[data-composer]').fill('a reply')
      await keyboard.press('Enter')
      await thread.getByRole('log').getByText('a reply').waitFor()
      await page.getByRole('button', { name: 'Following' }).waitFor()
      await page.getByRole('button', { name: 'Close thread' }).click()

      await log(page).focus()
      await keyboard.press('k')
      await keyboard.press('m')
      await page.getByRole('menuitem', { name: 'Delete' }).focus()
      await keyboard.press('Enter')
      await message(page, 'This message was deleted.').waitFor()
      await page.getByRole('button', { name: 'Undo' }).click()
      await message(page, 'mine indeed').waitFor()

      await choose(page, 'news 69', 'Mark unread from here')
      await page.getByRole('link', { name: /general.*2 unread/ }).waitFor()
      expect(await accessibility(page)).toEqual([])
      expect(complaints).toEqual([])
    })
  },
  minutes(3),
)

test(
  'on a phone a long press brings the actions up from below',
  async () => {
    await inPlace(async (place) => {
      const server = await startConsole(place)
      const { page, context, complaints } = await visit(browser, server.url, phone)
      await page.goto(`${server.url}/c/general`)
      await page.getByLabel('Username').fill(ADMIN.username)
      await page.getByLabel('Password').fill(ADMIN.password)
      await page.getByRole('button', { name: 'Log in' }).click()
      await say(page, 'from the train')
      const box = await message(page, 'from the train').boundingBox()
      if (!box) throw new Error('the message is not on screen')
      const cdp = await context.newCDPSession(page)
      const at = [{ x: box.x + 120, y: box.y + box.height / 2 }]
      await cdp.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: at })
      const sheet = page.getByRole('dialog', { name: 'Message actions' })
      await sheet.getByRole('menuitem', { name: 'Edit' }).waitFor()
      await cdp.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] })
      expect(await accessibility(page)).toEqual([])
      await sheet.getByRole('button', { name: 'React: 👍' }).click()
      await message(page, 'from the train').getByRole('button', { name: /^👍 1/ }).waitFor()
      expect(await overflow(page)).toBe(0)
      expect(complaints).toEqual([])
    })
  },
  minutes(3),
)
