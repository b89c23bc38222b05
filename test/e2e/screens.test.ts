import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { accessibility, complaintsOf, desktop, launch, overflow, phone } from './browser'
import { type Filled, fill } from './filled'
import { ADMIN, Place } from './harness'

/** One page of the console as its reader finds it. */
interface Screen {
  /** Of its pictures: `<name>-<desktop|phone>-<light|dark>.png`. */
  name: string
  path: string | ((on: Filled) => string)
  /** What has to be there before it is looked at: a heading, or any text of the page. */
  shows: string | RegExp
  /** Leads further: opens a dialog, a panel, a tab. Ends when what it opened is there. */
  open?: (page: Page) => Promise<unknown>
  /** Only in this window; without it in both. */
  only?: 'desktop' | 'phone'
}

/** Every page. A new page, panel or dialog gets a row here; what it needs on the server is in `filled.ts`. */
const SCREENS: Screen[] = [
  { name: 'home', path: '/', shows: 'general', only: 'phone' },
  { name: 'channel', path: '/c/general', shows: 'general' },
  {
    name: 'thread',
    path: '/c/general',
    shows: 'general',
    open: async (page) => {
      await page
        .getByRole('button', { name: /^\d+ repl/ })
        .last()
        .click()
      await page.getByRole('complementary', { name: 'Thread' }).waitFor()
    },
  },
  { name: 'activity', path: '/runs', shows: 'Activity' },
  { name: 'run', path: ({ runId }) => `/runs/${runId}`, shows: 'Scout' },
  { name: 'run-changes', path: ({ runId }) => `/runs/${runId}?part=changes`, shows: 'nekode-demo.md' },
  { name: 'run-replay', path: ({ runId }) => `/runs/${runId}?part=replay`, shows: /Step \d+ of/ },
  { name: 'approvals', path: '/approvals', shows: 'Approvals' },
  { name: 'drafts', path: '/drafts', shows: 'Drafts' },
  { name: 'inbox', path: '/inbox', shows: 'Inbox' },
  {
    name: 'inbox-open',
    path: '/inbox',
    shows: 'Inbox',
    open: async (page) => {
      await page
        .getByRole('navigation', { name: 'Inbox' })
        .getByRole('link', { name: /may we ship/ })
        .click()
      await page.getByRole('region', { name: 'What it is about' }).getByText('may we ship?').waitFor()
    },
  },
  { name: 'more', path: '/more', shows: 'Pages', only: 'phone' },
  { name: 'search', path: '/search?q=release', shows: /results?$/ },
  { name: 'reminders', path: '/reminders', shows: 'Look at the build' },
  {
    name: 'reminder-new',
    path: '/reminders?new=1',
    shows: 'Reminders',
    open: async (page) => {
      await page.getByRole('dialog').getByRole('textbox', { name: 'When' }).fill('every weekday 8:30')
      await page.locator('[data-firing]').nth(4).waitFor()
    },
  },
  { name: 'saved', path: '/saved', shows: 'It is Tuesday' },
  {
    name: 'palette',
    path: '/runs',
    shows: 'Activity',
    only: 'desktop',
    open: async (page) => {
      await page.keyboard.press('Control+k')
      await page.getByRole('option').filter({ visible: true }).first().waitFor()
    },
  },
  { name: 'tasks-board', path: '/tasks', shows: 'Buy the domain' },
  { name: 'tasks-list', path: '/tasks?layout=list&group=assignee', shows: 'Buy the domain' },
  {
    name: 'task',
    path: ({ taskId }) => `/tasks/${taskId}`,
    shows: 'Ship version 1.0',
    open: async (page) => {
      await page.getByRole('tab', { name: 'Parts and dependencies' }).click()
      await page.locator('[data-node]').first().waitFor()
    },
  },
  {
    name: 'task-new',
    path: '/tasks',
    shows: 'Buy the domain',
    open: async (page) => {
      await page.keyboard.press('c')
      await page.getByRole('dialog', { name: 'New task' }).getByLabel('Title').waitFor()
    },
  },
  { name: 'agents', path: '/agents', shows: 'Scout' },
  { name: 'agent', path: ({ scout }) => `/agents/${scout.id}`, shows: 'Latest runs' },
  { name: 'agent-settings', path: ({ scout }) => `/agents/${scout.id}?part=settings`, shows: 'How it runs' },
  { name: 'agent-memory', path: ({ scout }) => `/agents/${scout.id}?part=memory`, shows: 'Search notes' },
  { name: 'agent-workspace', path: ({ scout }) => `/agents/${scout.id}?part=workspace`, shows: 'nekode-demo.md' },
  { name: 'agent-reminders', path: ({ scout }) => `/agents/${scout.id}?part=reminders`, shows: /reminder/i },
  { name: 'agent-usage', path: ({ builder }) => `/agents/${builder.id}?part=usage`, shows: 'Show as a table' },
  {
    name: 'agent-new',
    path: '/agents',
    shows: 'Scout',
    open: async (page) => {
      await page.getByRole('main').getByRole('button', { name: 'New agent' }).click()
      await page.getByRole('dialog').getByLabel('Name', { exact: true }).waitFor()
    },
  },
  { name: 'computers', path: '/computers', shows: 'Computers' },
  { name: 'computer', path: ({ computerId }) => `/computers/${computerId}`, shows: 'Demo' },
  { name: 'computer-new', path: '/computers/new', shows: 'Name of the computer' },
  { name: 'previews', path: '/tunnels', shows: 'Previews' },
  { name: 'artifacts', path: '/artifacts', shows: 'Figures of October' },
  {
    name: 'artifact-new',
    path: '/artifacts',
    shows: 'Figures of October',
    open: async (page) => {
      await page.getByRole('button', { name: 'Publish a file' }).click()
      await page.getByRole('dialog').getByLabel('Title').waitFor()
    },
  },
  {
    name: 'preview-new',
    path: '/tunnels',
    shows: 'Previews',
    open: async (page) => {
      await page.getByRole('button', { name: 'Open a preview' }).click()
      await page.getByRole('dialog').getByLabel('Port on that computer').waitFor()
    },
  },
  {
    name: 'endpoint-new',
    path: '/settings/endpoints',
    shows: 'Endpoints',
    open: async (page) => {
      await page.getByRole('button', { name: 'Connect a service' }).click()
      await page
        .getByRole('dialog')
        .getByRole('button', { name: /^Slack/ })
        .click()
      await page.getByRole('dialog').getByLabel('Name', { exact: true }).waitFor()
    },
  },
  { name: 'settings-endpoints', path: '/settings/endpoints', shows: 'Endpoints' },
  { name: 'settings-notifications', path: '/settings/notifications', shows: 'Routes' },
  { name: 'settings-server', path: '/settings/server', shows: 'Running for' },
  { name: 'settings-events', path: '/settings/events', shows: 'Event log' },
  { name: 'settings-backup', path: '/settings/backup', shows: 'Restore' },
  { name: 'settings', path: '/settings', shows: 'Settings', only: 'phone' },
  ...['account', 'appearance', 'browser', 'sessions', 'tokens', 'people', 'audit'].map((section) => ({
    name: `settings-${section}`,
    path: `/settings/${section}`,
    shows: /\S/,
  })),
  { name: 'settings-usage', path: '/settings/usage', shows: 'Show as a table' },
  { name: 'nowhere', path: '/nowhere', shows: 'There is nothing here' },
  {
    name: 'palette',
    path: '/c/general',
    shows: 'general',
    open: async (page) => {
      await page.keyboard.press('Control+k')
      await page.getByRole('combobox', { expanded: true }).waitFor()
    },
  },
  {
    name: 'shortcuts',
    path: '/agents',
    shows: 'Scout',
    open: async (page) => {
      await page.keyboard.press('?')
      await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor()
    },
  },
]

const OUT = join(import.meta.dir, '../../dist/screens')
const VIEWS = (['desktop', 'phone'] as const).flatMap((window) =>
  (['light', 'dark'] as const).map((theme) => ({ window, theme })),
)
type View = (typeof VIEWS)[number]

let browser: Browser
let place: Place
let on: Filled

beforeAll(async () => {
  mkdirSync(OUT, { recursive: true })
  place = new Place()
  ;[browser, on] = await Promise.all([launch(), fill(place)])
}, 120_000)
afterAll(async () => {
  await browser?.close()
  await place?.[Symbol.asyncDispose]()
}, 60_000)

async function enter({ window, theme }: View): Promise<BrowserContext> {
  const context = await browser.newContext({
    baseURL: on.server.url,
    viewport: window === 'phone' ? phone : desktop,
    hasTouch: window === 'phone',
    locale: 'en-US',
    colorScheme: theme,
    reducedMotion: 'reduce',
  })
  context.setDefaultTimeout(45_000)
  const page = await context.newPage()
  await page.goto('/')
  await page.getByLabel('Username').waitFor()
  await page.screenshot({ path: join(OUT, `login-${window}-${theme}.png`) })
  expect(await accessibility(page)).toEqual([])
  await page.close()
  const login = await context.request.post('/api/auth/login', { data: ADMIN, headers: { origin: on.server.url } })
  expect(login.status()).toBe(200)
  return context
}

/** What is wrong with a page; an empty list is what it has to be. */
async function look(page: Page, complaints: string[], screen: Screen, { window, theme }: View): Promise<string[]> {
  const path = typeof screen.path === 'string' ? screen.path : screen.path(on)
  await page.goto(path)
  await page.getByRole('main').getByText(screen.shows).filter({ visible: true }).first().waitFor()
  await screen.open?.(page)
  await page.getByRole('main').getByRole('status', { name: 'Loading' }).first().waitFor({ state: 'hidden' })
  await page.evaluate(() => document.fonts.ready.then(() => undefined))
  await page.screenshot({ path: join(OUT, `${screen.name}-${window}-${theme}.png`) })
  const wider = await overflow(page)
  return [
    ...(wider > 0 ? [`it is ${wider} px wider than the window`] : []),
    ...(await accessibility(page)),
    ...complaints.splice(0),
  ]
}

describe('every page is whole, readable by everyone and without complaints', () => {
  test.concurrent.each(VIEWS)(
    'in a $window window, $theme',
    async (view) => {
      const context = await enter(view)
      const found: Record<string, string[]> = {}
      const rest = SCREENS.filter(({ only }) => only === undefined || only === view.window)
      const reader = async (): Promise<void> => {
        const page = await context.newPage()
        const complaints = complaintsOf(page)
        for (let screen = rest.shift(); screen; screen = rest.shift()) {
          const wrong = await look(page, complaints, screen, view).catch((error: unknown) => [String(error)])
          if (wrong.length) found[screen.name] = wrong
        }
      }
      await Promise.all([reader(), reader()])
      await context.close()
      expect(found).toEqual({})
    },
    400_000,
  )
})
