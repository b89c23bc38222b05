import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Browser, Page } from 'playwright-core'
import { ScreenDaemon } from '../fixtures/screendaemon'
import { accessibility, launch, logIn, overflow, phone, startConsole, visit } from './browser'
import { ADMIN, type Place, type ServerUnderTest, eventually, inPlace } from './harness'

const minutes = (n: number) => n * 60_000
let browser: Browser

beforeAll(async () => {
  browser = await launch()
}, minutes(1))
afterAll(() => browser?.close())

/** Where pictures for looking at go; none are taken without. */
const shots = process.env.NEKODE_TEST_SHOTS
const shot = async (page: Page, name: string): Promise<void> => {
  if (shots) await page.screenshot({ path: `${shots}/${name}.png` })
}

interface Stage {
  server: ServerUnderTest
  desk: ScreenDaemon
  runId: string
}

/** A server, a computer with a screen, and an agent at work on it. */
async function stage(place: Place): Promise<Stage> {
  const server = await startConsole(place, { flags: ['--no-local-daemon'] })
  const desk = await ScreenDaemon.start(place, server)
  const admin = await server.admin()
  await admin.call('POST /api/agents', {
    body: { name: 'clicker', displayName: 'Clicker', computerId: desk.computerId, runtimeKind: 'neko' },
  })
  const body = { target: '#general', content: '@clicker please sign in' }
  const runId = (await admin.call('POST /api/messages', { body })).deliveries[0]?.runId ?? ''
  return { server, desk, runId }
}

const pane = (page: Page) => page.getByRole('region', { name: 'Screen of Clicker' })
const picture = (page: Page) => pane(page).locator('canvas')

/** Waits until the bar of the scripted picture is where it has to be: the picture that was drawn is the one that is meant. */
async function shows(page: Page, shade: number): Promise<void> {
  await eventually(
    () =>
      picture(page).evaluate((canvas, shade) => {
        if (!(canvas instanceof HTMLCanvasElement) || canvas.width <= 300) return false
        const at = Math.floor(canvas.width * ((shade + 0.5) / 16))
        const [, green = 0] = canvas.getContext('2d')?.getImageData(at, canvas.height / 2, 1, 1).data ?? []
        return green > 150
      }, shade),
    { what: `picture ${shade} is shown` },
  )
}

/** What was typed: characters, and Enter; other keys and those that only change others are dots. */
const typed = (desk: ScreenDaemon): string =>
  desk.screen.sent
    .filter(([event]) => event === 'control/keypress' || event === 'control/keydown')
    .map(([, payload]) => Object(payload).keysym)
    .map((keysym) => (keysym < 0x7f ? String.fromCharCode(keysym) : keysym === 0xff0d ? '⏎' : '·'))
    .join('')

test(
  'a run’s screen is watched beside its steps, taken over by mouse and keyboard, and handed back',
  async () => {
    await inPlace(async (place) => {
      const { server, desk, runId } = await stage(place)
      const { page, context, complaints } = await visit(browser, server.url)
      try {
        await logIn(page, ADMIN.username, ADMIN.password)
        await page.getByRole('link', { name: 'Watch screen' }).waitFor()
        await shot(page, 'card')
        await page.getByRole('link', { name: 'Watch screen' }).click()
        await page.waitForURL(`**/runs/${runId}`)
        await shows(page, 0)
        await page.getByText('I look for the sign-in button.').first().waitFor()
        await pane(page).getByText('Live', { exact: true }).waitFor()
        desk.screen.show(5)
        await shows(page, 5)
        await shot(page, 'watch')
        expect(await accessibility(page)).toEqual([])
        await page.emulateMedia({ colorScheme: 'dark' })
        await shot(page, 'watch-dark')
        expect(await accessibility(page)).toEqual([])
        await page.emulateMedia({ colorScheme: 'light' })

        await pane(page).getByRole('button', { name: 'Take over' }).click()
        await pane(page).getByText('You steer, and the agent waits.').waitFor()
        await pane(page).getByText('Your keyboard goes to the screen.').waitFor()
        await shot(page, 'steer')
        expect(await accessibility(page)).toEqual([])
        const { x, y, width, height } = (await picture(page).boundingBox())!
        await page.mouse.click(x + width / 2, y + height / 2)
        await eventually(async () => desk.screen.events('control/buttonup').length === 1, { what: 'a click arrived' })
        const [down] = desk.screen.events('control/buttondown')
        expect(Math.abs(Object(down).x - 640) + Math.abs(Object(down).y - 360)).toBeLessThan(6)
        await page.keyboard.type('ann g')
        await page.keyboard.press('Enter')
        await eventually(async () => typed(desk) === 'ann g⏎', { what: 'what was typed arrived' })
        await page.evaluate(() => {
          const data = new DataTransfer()
          data.setData('text/plain', 'from elsewhere')
          document.activeElement?.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true }))
        })
        await eventually(async () => desk.screen.events('control/paste').length === 1, { what: 'a paste arrived' })
        await page.mouse.wheel(0, 300)
        await eventually(async () => desk.screen.events('control/scroll').length > 0, { what: 'the wheel arrived' })

        const back = pane(page).getByRole('button', { name: 'Hand back' })
        await page.keyboard.press('Escape')
        await page.keyboard.press('Escape')
        expect(await back.evaluate((button) => button === document.activeElement)).toBe(true)
        await page.keyboard.press('Enter')
        await pane(page).getByText('The agent steers.').waitFor()
        expect(desk.screen.handedBack).toEqual([['admin', 'asked']])

        desk.finish()
        await pane(page).getByText('This run is over').waitFor()
        await shot(page, 'over')
        await pane(page).getByRole('link', { name: 'Watch the agent’s screen' }).click()
        await page.getByRole('tab', { name: 'Screen', selected: true }).waitFor()
        await shows(page, 5)
        await shot(page, 'agent')
        expect(await accessibility(page)).toEqual([])
        desk.shut('The desktop was turned off.')
        await pane(page).getByText('The agent has no screen open now').waitFor()
        await pane(page)
          .getByText(/The last session ended: The desktop was turned off\./)
          .waitFor()
        await shot(page, 'none')
        expect(complaints).toEqual([])
      } finally {
        await context.close()
        await desk.down()
      }
    })
  },
  minutes(2),
)

test(
  'two people watch, one of them steers on a phone, and a tab, a computer or a server that goes away comes back',
  async () => {
    await inPlace(async (place) => {
      const { server, desk, runId } = await stage(place)
      const admin = await server.admin()
      await admin.call('POST /api/users', {
        body: { username: 'ben', password: 'battery horse staple', role: 'member' },
      })
      const one = await visit(browser, server.url, phone)
      const two = await visit(browser, server.url)
      try {
        await logIn(two.page, 'ben', 'battery horse staple')
        await two.page.goto(`${server.url}/runs/${runId}`)
        await shows(two.page, 0)
        await one.page.getByLabel('Username').fill(ADMIN.username)
        await one.page.getByLabel('Password').fill(ADMIN.password)
        await one.page.getByRole('button', { name: 'Log in' }).click()
        await one.page.getByRole('link', { name: 'Inbox' }).first().waitFor()
        await one.page.goto(`${server.url}/runs/${runId}`)
        await shows(one.page, 0)
        await pane(one.page).getByText('2 people watch').waitFor()
        await pane(one.page).getByRole('button', { name: 'Take over' }).click()
        await pane(one.page).getByText('You steer, and the agent waits.').waitFor()
        await pane(two.page).getByText('admin steers, and the agent waits.').waitFor()
        expect(await pane(two.page).getByRole('button', { name: 'Take over' }).isDisabled()).toBe(true)
        await pane(one.page).getByRole('button', { name: 'Type a text' }).click()
        await pane(one.page).getByLabel('Text for the screen').fill('hi')
        await pane(one.page).getByRole('button', { name: 'Send' }).click()
        await eventually(async () => typed(desk) === 'hi', { what: 'the text arrived' })
        await shot(one.page, 'phone')
        await shot(two.page, 'other')
        expect([await accessibility(one.page), await overflow(one.page)]).toEqual([[], 0])

        // A tab that is loaded anew has not handed back: the agent waits for it a while.
        await one.page.reload()
        await pane(one.page)
          .getByText(/^The connection was gone while you steered/)
          .waitFor()
        await pane(one.page).getByRole('button', { name: 'Take over here' }).click()
        await pane(one.page).getByText('You steer, and the agent waits.').waitFor()
        expect([desk.screen.takenBy, desk.screen.handedBack]).toEqual([['admin'], []])

        await desk.down()
        await pane(two.page)
          .getByText(/^The (agent’s computer is not connected|connection to the agent’s)/)
          .waitFor()
        await shot(two.page, 'away')
        await desk.up(server)
        await server.stop()
        await pane(two.page).getByText('The connection to the server was lost').waitFor()
        await server.start()
        await pane(two.page).getByText('The connection to the server was lost').waitFor({ state: 'detached' })
        expect([one.complaints, two.complaints]).toEqual([[], []])
      } finally {
        await one.context.close()
        await two.context.close()
        await desk.down()
      }
    })
  },
  minutes(2),
)
