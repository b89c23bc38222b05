import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Browser, Page } from 'playwright-core'
import { NAME, Pages } from '../neko/pages'
import { COLOURS, type Colour } from '../neko/sight'
import { startDesk } from '../neko/stage'
import { startVision, TASKS } from '../neko/vision'
import { launch, logIn, startConsole, visit } from './browser'
import { ADMIN, eventually, inPlace, startDaemon } from './harness'

const minutes = (n: number) => n * 60_000
let browser: Browser

beforeAll(async () => {
  browser = await launch()
}, minutes(1))
afterAll(() => browser?.close())

const shots = process.env.NEKODE_TEST_SHOTS
const pane = (page: Page) => page.getByRole('region', { name: 'Screen of Clicker' })

/** Where a colour is in the picture that is shown, in the window; undefined while it is nowhere. */
const find = (page: Page, colour: Colour): Promise<{ x: number; y: number } | undefined> =>
  pane(page)
    .locator('canvas')
    .evaluate((canvas, [red, green, blue]) => {
      if (!(canvas instanceof HTMLCanvasElement)) return undefined
      const { width, height } = canvas
      const { data } = canvas.getContext('2d')!.getImageData(0, 0, width, height)
      const near = (at: number, value: number) => Math.abs((data[at] ?? 0) - value) < 70
      let [x, y, count] = [0, 0, 0]
      for (let at = 0; at < data.length; at += 4) {
        if (!near(at, red) || !near(at + 1, green) || !near(at + 2, blue)) continue
        x += (at / 4) % width
        y += Math.floor(at / 4 / width)
        count++
      }
      if (count < 100) return undefined
      const box = canvas.getBoundingClientRect()
      return {
        x: box.left + ((x / count + 0.5) * box.width) / width,
        y: box.top + ((y / count + 0.5) * box.height) / height,
      }
    }, COLOURS[colour])

const spot = (page: Page, colour: Colour) =>
  eventually(() => find(page, colour), { what: `${colour} is on the screen that is shown` })

test(
  'an agent waits at what only a person can do; they take over its real desktop, do it, hand back, and it goes on to its end',
  async () => {
    await inPlace(async (place) => {
      await using pages = new Pages()
      const vision = startVision()
      // It does not know the name that the form asks for.
      vision.decide = ({ patches }) => (patches.magenta ? { action: 'WAIT' } : undefined)
      const desk = await startDesk(place, pages)
      await pages.show('form')
      const server = await startConsole(place, { flags: ['--no-local-daemon'] })
      const daemon = await startDaemon(place, server, {
        env: {
          NEKODE_MODEL_BASE_URL: `${vision.url}/v1`,
          NEKODE_MODEL_API_KEY: 'none',
          NEKODE_MODEL: 'ShowUI-2B',
        },
      })
      const admin = await server.admin()
      await admin.call('POST /api/agents', {
        body: {
          name: 'clicker',
          displayName: 'Clicker',
          computerId: daemon.computerId,
          runtimeKind: 'neko',
          approvals: { default: 'allow', rules: {} },
          env: Object.entries({
            NEKO_URL: desk.user.url,
            NEKO_USER: desk.user.username,
            NEKO_PASS: desk.user.password,
            REFINEMENT_STEPS: '1',
          }).map(([name, value]) => ({ name, value, secret: false })),
        },
      })
      const body = { target: '#general', content: `@clicker ${TASKS.form}` }
      const runId = (await admin.call('POST /api/messages', { body })).deliveries[0]?.runId ?? ''
      const { page, complaints } = await visit(browser, server.url)
      await logIn(page, ADMIN.username, ADMIN.password)
      await page.goto(`${server.url}/runs/${runId}`)
      const field = await spot(page, 'magenta')
      await spot(page, 'green')
      if (shots) await page.screenshot({ path: `${shots}/desktop-watch.png` })

      await eventually(async () => vision.sights.length > 1, { what: 'the agent has looked, and waits' })
      await pane(page).getByRole('button', { name: 'Take over' }).click()
      await pane(page).getByText('You steer, and the agent waits.').waitFor()
      const asked = vision.sights.length
      await page.mouse.click(field.x, field.y)
      await page.keyboard.type(NAME)
      await spot(page, 'blue')
      if (shots) await page.screenshot({ path: `${shots}/desktop-steer.png` })
      // The question that was under way is the last one.
      expect(vision.sights.length - asked).toBeLessThan(2)
      expect(pages.told.filter(({ done }) => done)).toEqual([])

      await pane(page).getByRole('button', { name: 'Hand back' }).click()
      await pages.until(() => pages.told.some(({ done }) => done), 60)
      expect(pages.told.filter(({ done }) => done)).toMatchObject([{ name: NAME }])
      await eventually(
        async () => (await admin.call('GET /api/runs/{id}', { params: { id: runId } })).run.state === 'completed',
        { what: 'the run is completed', seconds: 60 },
      )
      await page.getByText('It is done.').first().waitFor()
      if (shots) await page.screenshot({ path: `${shots}/desktop-done.png` })
      expect(complaints).toEqual([])
      await vision.stop()
    })
  },
  minutes(3),
)
