import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Browser, Page } from 'playwright-core'
import { codeOf, stepAt } from '../../server/secondfactor/totp'
import { CLIENT, startProvider } from '../fixtures/oidc'
import { accessibility, launch, logIn, overflow, phone, startConsole, visit } from './browser'
import { ADMIN, inPlace } from './harness'

const minutes = (n: number) => n * 60_000
const PASSWORD = 'correct horse battery'
let browser: Browser

beforeAll(async () => {
  browser = await launch()
}, minutes(1))
afterAll(() => browser?.close())

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
const code = (secret: string, steps: number): string => {
  const bits = [...secret].map((c) => BASE32.indexOf(c).toString(2).padStart(5, '0')).join('')
  const bytes = Uint8Array.from(bits.match(/.{8}/g) ?? [], (byte) => Number.parseInt(byte, 2))
  return codeOf(bytes, stepAt(Date.now()) + steps)
}
const linkIn = async (page: Page): Promise<string> => {
  const link = page.getByRole('dialog').locator('code')
  await link.filter({ hasText: '#nk' }).waitFor()
  return (await link.textContent()) ?? ''
}
const clean = async (page: Page) => {
  expect(await accessibility(page)).toEqual([])
  expect(await overflow(page)).toBeLessThanOrEqual(0)
}

test(
  'somebody joins by a link, takes a second factor, gets a new password, and comes in with both',
  async () => {
    await inPlace(async (place) => {
      const server = await startConsole(place)
      const { page: admin, complaints } = await visit(browser, server.url)
      await logIn(admin, ADMIN.username, ADMIN.password)
      await admin.goto(`${server.url}/settings/people`)
      await admin.getByRole('button', { name: 'Make an invite' }).click()
      await admin.getByRole('dialog').getByLabel('For whom').fill('Grace')
      await clean(admin)
      await admin.getByRole('dialog').getByRole('button', { name: 'Make an invite' }).click()
      const invite = await linkIn(admin)
      await admin.getByRole('button', { name: 'Done' }).click()
      await admin.getByText('Grace').waitFor()
      await clean(admin)

      const grace = await visit(browser, invite, phone)
      const { page } = grace
      await page.getByLabel('Username').fill('grace')
      expect(page.url()).toBe(`${server.url}/join`)
      await page.getByLabel('Password').fill(PASSWORD)
      await clean(page)
      await page.getByRole('button', { name: 'Join' }).click()
      await page.getByRole('link', { name: 'general' }).first().waitFor()

      await page.goto(`${server.url}/settings/account`)
      await page.getByRole('button', { name: 'Set up an authenticator app' }).click()
      const dialog = page.getByRole('dialog')
      await dialog.getByLabel('Current password').fill(PASSWORD)
      await dialog.getByRole('button', { name: 'Next' }).click()
      await dialog.getByRole('img', { name: 'QR code' }).locator('path[d*="M"]').waitFor({ state: 'attached' })
      const secret = (await dialog.locator('code').textContent())?.trim() ?? ''
      await clean(page)
      await dialog.getByLabel('Code of your').fill(code(secret, 0))
      await dialog.getByRole('button', { name: 'Switch it on' }).click()
      await dialog.getByRole('listitem').nth(9).waitFor()
      await clean(page)
      await dialog.getByRole('button', { name: 'Done' }).click()
      await page.getByText('10 recovery codes left').waitFor()

      // The invite is used, and only the person is left of it.
      await admin.reload()
      await admin.getByText('@grace').waitFor()
      await admin.getByRole('button', { name: 'Manage grace' }).click()
      await admin.getByRole('menuitem', { name: 'Link for a new password' }).click()
      const reset = await linkIn(admin)
      await page.goto(reset)
      await page.getByLabel('New password for @grace').fill('another good password')
      await clean(page)
      await page.getByRole('button', { name: 'Set the password' }).click()
      await page.getByRole('button', { name: 'To the login' }).click()
      await page.getByLabel('Username').fill('grace')
      await page.getByLabel('Password').fill('another good password')
      await page.getByRole('button', { name: 'Log in' }).click()
      await page.getByLabel('Code of your').fill('000000')
      await page.getByRole('button', { name: 'Log in' }).click()
      await page.getByText('This code is not right').waitFor()
      await clean(page)
      await page.getByLabel('Code of your').fill(code(secret, 1))
      await page.getByRole('button', { name: 'Log in' }).click()
      await page.getByRole('link', { name: 'general' }).first().waitFor()
      expect(grace.complaints).toEqual([])

      // A link that was used says so, and what to do.
      const late = await visit(browser, invite)
      await late.page.getByText('This link does not work any more').waitFor()
      await clean(late.page)

      await admin.goto(`${server.url}/settings/audit`)
      await admin.getByText('second_factor.enable').waitFor()
      await admin.getByText('user.join').first().waitFor()
      await clean(admin)
      expect(complaints).toEqual([])
    })
  },
  minutes(3),
)

test(
  'somebody comes in through the identity provider, and who may not is told what to do',
  async () => {
    await using provider = await startProvider()
    await inPlace(async (place) => {
      const server = await startConsole(place, {
        env: {
          NEKODE_OIDC_ISSUER: provider.issuer,
          NEKODE_OIDC_CLIENT_ID: CLIENT.id,
          NEKODE_OIDC_CLIENT_SECRET: CLIENT.secret,
          NEKODE_OIDC_LABEL: 'Example',
          NEKODE_OIDC_ALLOWED_DOMAINS: 'example.org',
        },
      })
      provider.claims = { sub: 'eve', email: 'eve@elsewhere.example', email_verified: true }
      const { page, complaints } = await visit(browser, server.url)
      await page.getByRole('link', { name: 'Log in with Example' }).click()
      await page.getByText('Your address is not among those').waitFor()
      await clean(page)
      provider.claims = { sub: 'ada', email: 'ada@example.org', email_verified: true, name: 'Ada Lovelace' }
      await page.getByRole('link', { name: 'Log in with Example' }).click()
      await page.getByRole('link', { name: 'general' }).first().waitFor()
      await page.getByText('Ada Lovelace').first().waitFor()
      // The page has what it needs for writing, too.
      await page.locator('textarea[data-composer]').first().fill('hello')
      await page.keyboard.press('Enter')
      await page.getByRole('log').first().getByText('hello').waitFor()
      expect(complaints).toEqual([])
    })
  },
  minutes(3),
)
