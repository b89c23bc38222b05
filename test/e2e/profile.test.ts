import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Browser } from 'playwright-core'
import { launch, logIn, startConsole, visit } from './browser'
import { ADMIN, eventually, inPlace } from './harness'

const minutes = (n: number) => n * 60_000
let browser: Browser

beforeAll(async () => {
  browser = await launch()
}, minutes(1))
afterAll(() => browser?.close())

const BOB = { username: 'bob', password: 'correct horse battery' }

test(
  'an admin sees and changes how an agent is run; a member learns what it is for, and no more',
  async () => {
    await inPlace(async (place) => {
      const server = await startConsole(place)
      const admin = await server.admin()
      const computer = await eventually(
        async () =>
          (await admin.call('GET /api/computers')).items.find((computer) =>
            computer.runtimes.some((runtime) => runtime.kind === 'demo'),
          ),
        { what: 'this computer is there with its runtimes' },
      )
      const { id } = await admin.call('POST /api/agents', {
        body: {
          name: 'scout',
          description: 'Finds things.',
          computerId: computer.id,
          runtimeKind: 'demo',
          instructions: 'Look twice.',
          env: [{ name: 'MODE', value: 'fast', secret: false }],
        },
      })
      await admin.call('POST /api/users', { body: BOB })

      const { page, complaints } = await visit(browser, server.url)
      await logIn(page, ADMIN.username, ADMIN.password)
      await page.goto(`${server.url}/agents/${id}?part=settings`)
      const instructions = page.getByLabel('Instructions')
      await instructions.waitFor()
      expect(await instructions.inputValue()).toBe('Look twice.')
      await instructions.fill('Look three times.')
      await page.getByRole('button', { name: 'Save' }).first().click()
      await page.getByText('Saved.').waitFor()
      expect(await page.getByPlaceholder('GITHUB_TOKEN').inputValue()).toBe('MODE')
      // What was saved is what is there when the form is opened again.
      await page.getByRole('tab', { name: 'Overview' }).click()
      await instructions.waitFor({ state: 'detached' })
      await page.getByRole('tab', { name: 'Settings' }).click()
      await instructions.waitFor()
      expect(await page.getByLabel('Instructions').inputValue()).toBe('Look three times.')
      // How it is held to its place on its computer.
      await page.getByLabel('In a sandbox').check()
      await page.getByLabel('Folders that it may also read').fill('/srv/docs\n')
      await page.getByLabel('Memory, in megabytes').fill('2048')
      const held = page.locator('form', { has: page.getByLabel('In a sandbox') })
      await held.getByRole('button', { name: 'Save' }).click()
      await eventually(
        async () => {
          const { confinement } = await admin.call('GET /api/agents/{id}/settings', { params: { id } })
          return confinement.sandbox && confinement.memoryMb === 2048 && confinement.readable[0] === '/srv/docs'
        },
        { what: 'the sandbox is saved' },
      )
      expect(complaints).toEqual([])

      const bob = await visit(browser, server.url)
      await logIn(bob.page, BOB.username, BOB.password)
      await bob.page.goto(`${server.url}/agents/${id}?part=settings`)
      await bob.page.getByText('Finds things.').waitFor()
      expect(await bob.page.getByLabel('Instructions').count()).toBe(0)
      await bob.page.getByRole('button', { name: 'Agent menu' }).click()
      await bob.page.getByRole('menuitem', { name: 'Restart', exact: true }).waitFor()
      expect(await bob.page.getByRole('menuitem').allTextContents()).toEqual(['Restart', 'Stop its process'])
      await bob.page.getByRole('menuitem', { name: 'Restart', exact: true }).click()
      await bob.page.getByText('Sent to its computer.').waitFor()
      expect(bob.complaints).toEqual([])
    })
  },
  minutes(2),
)
