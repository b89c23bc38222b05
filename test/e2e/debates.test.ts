import { afterAll, beforeAll, expect, test } from 'bun:test'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { script } from '../fixtures/model/script'
import { accessibility, launch, logIn, startConsole, visit } from './browser'
import { ADMIN, inPlace, makeScriptedAgent, startDaemon } from './harness'

const minutes = (n: number) => n * 60_000
const pictures = join(import.meta.dir, '../../dist/screens')

let browser: Browser
beforeAll(async () => {
  browser = await launch()
})
afterAll(() => browser.close())

test(
  'two agents debate before the reader’s eyes, from the command in the composer to the summary',
  async () => {
    await inPlace(async (place) => {
      const server = await startConsole(place, { flags: ['--no-local-daemon'] })
      const daemon = await startDaemon(place, server)
      for (const name of ['pro', 'contra'])
        await makeScriptedAgent(server, { name, computerId: daemon.computerId, channels: ['#general'] })
      const { page, complaints } = await visit(browser, server.url)
      await logIn(page, ADMIN.username, ADMIN.password)
      const topic = `Do we need a queue? ${script([{ say: 'Yes, for the mail.' }])}`
      await page.locator('textarea[data-composer]').fill(`/debate @pro @contra x4 ${topic}`)
      await page.keyboard.press('Enter')
      const thread = page.getByRole('complementary', { name: 'Thread' })
      await thread.getByText('Do we need a queue?').first().waitFor()
      await thread.getByText(/4 turns/).waitFor({ timeout: 60_000 })
      await page.goto(`${server.url}/c/general?panel=debates`)
      const panel = page.getByRole('complementary', { name: 'Debates' })
      await panel.getByText('Turn 4 of 4').waitFor()
      expect(await accessibility(page)).toEqual([])
      mkdirSync(pictures, { recursive: true })
      await page.screenshot({ path: join(pictures, 'debate-panel.png') })
      await panel.getByRole('button', { name: 'Watch' }).click()
      await thread.getByText('Yes, for the mail.').nth(3).waitFor()
      // The summary at the end is read as it was written: the last words of both are quotations.
      await thread.locator('blockquote', { hasText: 'Yes, for the mail.' }).nth(1).waitFor()
      expect(await thread.evaluate((panel) => panel.scrollWidth - panel.clientWidth)).toBe(0)
      await page.screenshot({ path: join(pictures, 'debate-thread.png') })
      expect(complaints).toEqual([])
    })
  },
  minutes(3),
)
