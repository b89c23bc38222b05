import { existsSync } from 'node:fs'
import { join } from 'node:path'
import axe from 'axe-core'
import { type Browser, type BrowserContext, type Locator, type Page, chromium } from 'playwright-core'
import { buildConsole } from '../../console/build/bundle'
import { find } from '../setup/system'
import { type Place, type ServerOptions, ServerUnderTest, startServer } from './harness'

export const desktop = { width: 1280, height: 800 }
export const phone = { width: 390, height: 844 }

/** What keeps Chromium from asking anything of the network. */
export const ARGUMENTS = [
  '--no-sandbox',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--no-default-browser-check',
  '--disable-gpu',
]

export function executable(): string {
  const path = process.env.NEKODE_TEST_CHROMIUM ?? find('chromium', 'chromium-browser', 'google-chrome')
  if (!path) throw new Error('there is no Chromium; install it, or name it in NEKODE_TEST_CHROMIUM')
  return path
}

/** A real Chromium that asks nothing of the network. */
export const launch = (): Promise<Browser> => chromium.launch({ executablePath: executable(), args: ARGUMENTS })

/** A server with its console and a daemon for its own computer. The built executables carry a console; sources need one built. */
export async function startConsole(place: Place, options: ServerOptions = {}): Promise<ServerUnderTest> {
  const built = process.env.NEKODE_TEST_BUILT
  const dist = join(place.dir, 'console')
  if (!built && !existsSync(dist)) await buildConsole({ outdir: dist })
  const env: Record<string, string> = built ? {} : { NEKODE_WEB_DIST_DIR: dist }
  return startServer(place, { flags: ['--local-daemon'], ...options, env: { ...env, ...options.env } })
}

export interface Visitor {
  page: Page
  context: BrowserContext
  /** What the page complained about: errors in scripts, and what the security policy refused. */
  complaints: string[]
}

/** A browser of its own, in English, that remembers what goes wrong in the page. */
export async function visit(browser: Browser, url: string, viewport = desktop, dark = false): Promise<Visitor> {
  const context = await browser.newContext({
    viewport,
    locale: 'en-US',
    colorScheme: dark ? 'dark' : 'light',
    reducedMotion: 'reduce',
  })
  const page = await context.newPage()
  const complaints = complaintsOf(page)
  await page.goto(url)
  return { page, context, complaints }
}

/** What the page complains about from now on: errors in scripts, dialogs, and what the security policy refuses. */
export function complaintsOf(page: Page): string[] {
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}`))
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  page.on('console', (message) => {
    if (/Content Security Policy|Uncaught/.test(message.text())) complaints.push(message.text())
  })
  return complaints
}

export async function logIn(page: Page, username: string, password: string): Promise<void> {
  await page.getByLabel('Username').fill(username)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.getByRole('link', { name: 'general' }).first().waitFor()
}

/** Moves the focus with Tab until it is on `target`: what a reader without a mouse does. */
export async function tabTo(page: Page, target: Locator): Promise<void> {
  await target.waitFor()
  for (let presses = 0; presses < 120; presses++) {
    if (await target.evaluate((element) => element === document.activeElement)) return
    await page.keyboard.press('Tab')
  }
  throw new Error(`Tab does not reach ${target}`)
}

/** How far the page is wider than the window, in pixels. */
export const overflow = (page: Page): Promise<number> =>
  page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)

/** Serious and critical findings of axe on the page as it is. */
export async function accessibility(page: Page): Promise<string[]> {
  await page.evaluate(axe.source)
  return page.evaluate(async () => {
    const { violations } = await window.axe.run(document, { resultTypes: ['violations'] })
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 160)} (${node.failureSummary})`))
  })
}

declare global {
  interface Window {
    axe: typeof axe
  }
}
