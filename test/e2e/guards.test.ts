import { afterAll, beforeAll, expect, test } from 'bun:test'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { script } from '../fixtures/model/script'
import { launch, logIn, startConsole, visit } from './browser'
import { ADMIN, inPlace, makeScriptedAgent, startDaemon } from './harness'

const LAST = 'That is the end of it.'

let browser: Browser
beforeAll(async () => {
  browser = await launch()
}, 60_000)
afterAll(() => browser?.close())

test('agents that would go on talking are stopped by the guard, which says so, and go on when the reader lets them', async () => {
  await inPlace(async (place) => {
    const server = await startConsole(place, { flags: ['--no-local-daemon'] })
    const daemon = await startDaemon(place, server)
    for (const name of ['ping', 'pong'])
      await makeScriptedAgent(server, { name, computerId: daemon.computerId, channels: ['#general'] })
    const { page, complaints } = await visit(browser, server.url)
    await logIn(page, ADMIN.username, ADMIN.password)
    // Each mentions the other, with what the other says to that: one hop more than the six that the guard lets pass.
    const names = ['pong', 'ping', 'pong', 'ping', 'pong', 'ping', 'pong']
    const chain = names.reduce((next, name) => script([{ say: `@${name} go on ${next}` }]), script([{ say: LAST }]))
    await page.locator('textarea[data-composer]').fill(`@ping begin ${chain}`)
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: /^\d+ repl/ }).click()
    const thread = page.getByRole('complementary', { name: 'Thread' })
    const goOn = thread.getByRole('button', { name: 'Continue' })
    await goOn.first().waitFor({ timeout: 60_000 })
    mkdirSync(join(import.meta.dir, '../../dist/screens'), { recursive: true })
    await page.screenshot({ path: join(import.meta.dir, '../../dist/screens/guard.png') })
    expect(await thread.getByText(LAST, { exact: true }).count()).toBe(0)
    await goOn.first().click()
    await thread.getByText(LAST, { exact: true }).waitFor({ timeout: 60_000 })
    await goOn.first().waitFor({ state: 'detached' })
    expect(complaints).toEqual([])
  })
}, 180_000)
