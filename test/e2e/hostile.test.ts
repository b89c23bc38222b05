import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Browser, Page } from 'playwright-core'
import { script } from '../fixtures/model/script'
import { complaintsOf, launch, logIn, startConsole, visit } from './browser'
import { ADMIN, type Caller, type Place, type ServerUnderTest, eventually, inPlace, makeScriptedAgent } from './harness'

let browser: Browser

beforeAll(async () => {
  browser = await launch()
}, 60_000)
afterAll(() => browser?.close())

const ATTACKS = [
  '<script>window.hit=1</script>',
  '<img src=x onerror="window.hit=1">',
  '<svg/onload=window.hit=1>',
  '[click](javascript:window.hit=1)',
  '[click](JaVaScRiPt&colon;window.hit=1)',
  '<a href="javascript:window.hit=1">click</a>',
  '![x](x "onerror=window.hit=1")',
  '<iframe srcdoc="<script>parent.hit=1</script>"></iframe>',
  '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=window.hit=1&gt;">',
  '<form action=javascript:window.hit=1><button formaction=javascript:window.hit=1>click',
  '<object data="data:text/html,<script>window.hit=1</script>"></object>',
  '`<img src=x onerror=window.hit=1>`',
  '```html\n<img src=x onerror=window.hit=1>\n```',
  '"><script>window.hit=1</script>',
  "'-alert(1)-'",
  '{{constructor.constructor("window.hit=1")()}}',
  '\u001b]8;;javascript:window.hit=1\u0007click\u001b]8;;\u0007 \u001b[31m<img src=x onerror=window.hit=1>',
  '<style>@import "https://example.org/x"</style><link rel=stylesheet href=//example.org/x>',
  '<dialog open><input autofocus onfocus=window.hit=1></dialog>',
  'data:text/html,<script>window.hit=1</script>',
]
const ALL = ATTACKS.join('\n\n')
const LINE = ATTACKS.join(' ').replace(/\p{Cc}/gu, ' ')
const [SHORT = '', IMAGE = ''] = ATTACKS

interface Where {
  scoutId: string
  taskId: string
  computerId: string
  runId: string
  endpointId: string
}

/** Puts the attacks into every field that somebody can write and somebody else sees. */
async function poison(server: ServerUnderTest): Promise<Where> {
  const admin = await server.admin()
  const { call } = admin
  const password = 'correct horse battery'
  await call('POST /api/users', { body: { username: 'mallory', displayName: IMAGE, password } })
  const mallory = await server.login('mallory', password)
  await call('PATCH /api/channels/{target}', { params: { target: '#general' }, body: { topic: LINE.slice(0, 500) } })
  const computer = await eventually(
    async () => (await call('GET /api/computers')).items.find(({ status }) => status === 'online'),
    { what: 'this computer is online' },
  )
  await call('PATCH /api/computers/{id}', { params: { id: computer.id }, body: { displayName: IMAGE } })
  const scout = await makeScriptedAgent(server, { name: 'scout', computerId: computer.id })
  await call('PATCH /api/agents/{id}', {
    params: { id: scout.id },
    body: { displayName: SHORT, description: LINE.slice(0, 500), instructions: ALL, model: IMAGE },
  })
  await call('PUT /api/agents/{id}/env', {
    params: { id: scout.id },
    body: { env: [{ name: 'A_VALUE', value: LINE.slice(0, 500), secret: false }] },
  })
  await call('PUT /api/agents/{id}/memory', {
    params: { id: scout.id },
    body: { path: 'notes/x.md', title: SHORT, content: ALL, tags: [SHORT], expectedVersion: 0 },
  })
  await messages(mallory)
  const taskId = await tasks(admin, mallory)
  const endpointId = await settings(admin)
  return { scoutId: scout.id, computerId: computer.id, taskId, endpointId, runId: await run(mallory, admin) }
}

async function messages({ call, fetch }: Caller): Promise<void> {
  for (const content of ATTACKS) await call('POST /api/messages', { body: { target: '#general', content } })
  const form = new FormData()
  form.set('target', '#general')
  form.set('file', new File([`<svg xmlns="http://www.w3.org/2000/svg" onload="window.hit=1"/>`], 'x"onload=hit=1.svg'))
  const response = await fetch('/api/attachments', { method: 'POST', body: form })
  const { id }: { id: string } = await response.json()
  await call('POST /api/messages', { body: { target: '#general', content: '', attachmentIds: [id] } })
  const query = new URLSearchParams({ target: '#general', title: LINE.slice(0, 200), filename: 'x"><img src=x>.html' })
  await fetch(`/api/artifacts?${query}`, { method: 'POST', body: ALL })
}

async function tasks({ call }: Caller, mallory: Caller): Promise<string> {
  const { id } = await mallory.call('POST /api/tasks', {
    body: { target: '#general', summary: LINE.slice(0, 300), description: ALL, labels: [SHORT, IMAGE] },
  })
  await mallory.call('POST /api/tasks/{id}/comments', { params: { id }, body: { content: ALL } })
  await call('PUT /api/tasks/{id}/gate', { params: { id }, body: { name: SHORT, requiredChecks: [IMAGE] } })
  await mallory.call('POST /api/tasks/{id}/evidence', {
    params: { id },
    body: { summary: ALL.slice(0, 4000), checks: [{ name: SHORT, kind: 'manual', status: 'passed', command: IMAGE }] },
  })
  await mallory.call('POST /api/channels/{target}/decisions', {
    params: { target: '#general' },
    body: { title: SHORT, body: ALL },
  })
  await mallory.call('POST /api/reminders', {
    body: { target: '#general', title: SHORT, prompt: ALL, delaySeconds: 86_400 },
  })
  return id
}

async function settings({ call }: Caller): Promise<string> {
  const { id } = await call('POST /api/interaction-endpoints', {
    body: {
      provider: 'webhook',
      displayName: IMAGE,
      target: '#general',
      outboundEnabled: true,
      config: { url: 'https://example.org/<script>' },
    },
  })
  await call('POST /api/tokens', { body: { name: IMAGE, scopes: ['read'] } })
  await call('POST /api/invites', { body: { note: SHORT } })
  return id
}

/** A run that thinks, prints and says the attacks, and leaves a file of them. */
async function run({ call }: Caller, admin: Caller): Promise<string> {
  const quoted = LINE.replaceAll("'", '"')
  const content = `@scout ${script([
    { think: ALL },
    {
      tool: 'shell',
      input: {
        command: `printf '%s\\n\\033[31m%s' '${quoted.slice(0, 1500)}' '<img src=x onerror=window.hit=1>' | tee '<img src=x onerror=hit=1>.md'`,
      },
    },
    { say: ALL },
  ])}`
  const { deliveries } = await call('POST /api/messages', { body: { target: '#general', content } })
  const done = await eventually(
    async () =>
      (await admin.call('GET /api/runs', { query: { limit: 10 } })).items.find(
        ({ deliveryId, state }) => deliveryId === deliveries[0]?.id && state === 'completed',
      ),
    { what: 'the run is over', seconds: 60 },
  )
  return done.id
}

/** What a page must not hold, whatever it shows. */
const foreign = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const alien =
      'main :is(script, iframe, object, embed, form[action], math, style, link, [onerror], [onload], [onfocus])'
    const scripts = [...document.querySelectorAll<HTMLAnchorElement | HTMLButtonElement>('a, button')].filter(
      (element) =>
        /^\s*(javascript|data):/i.test(element.getAttribute('href') ?? element.getAttribute('formaction') ?? ''),
    )
    const images = [...document.images].filter(
      ({ src }) => !src.startsWith(`${location.origin}/api/`) && !src.startsWith('blob:'),
    )
    const found = [...document.querySelectorAll(alien), ...scripts, ...images].map((element) =>
      element.outerHTML.slice(0, 200),
    )
    return Reflect.get(window, 'hit') === undefined ? found : [...found, 'a script has run']
  })

const pagesOf = ({ scoutId, taskId, computerId, runId, endpointId }: Where): string[] => [
  '/c/general',
  '/inbox',
  '/tasks',
  `/tasks/${taskId}`,
  '/approvals',
  '/runs',
  `/runs/${runId}`,
  '/reminders',
  '/saved',
  '/agents',
  `/agents/${scoutId}`,
  `/agents/${scoutId}?tab=memory`,
  `/agents/${scoutId}?tab=files`,
  '/computers',
  `/computers/${computerId}`,
  '/artifacts',
  '/settings/people',
  '/settings/tokens',
  '/settings/endpoints',
  `/settings/endpoints/${endpointId}`,
  '/settings/notifications',
  '/settings/usage',
  '/settings/audit',
  '/settings/events',
  '/settings/server',
  '/search?q=window.hit',
]

/** Everything that folds something away is opened once. */
async function unfold(page: Page): Promise<void> {
  const folded = page
    .locator('main :is([aria-expanded=false], [role=tab][aria-selected=false])')
    .filter({ visible: true })
  for (const element of (await folded.all()).slice(0, 12)) {
    await element.click({ timeout: 600 }).catch(() => undefined)
    if (await page.locator('dialog[open], :popover-open').count()) await page.keyboard.press('Escape')
  }
}

async function look(place: Place): Promise<void> {
  const server = await startConsole(place)
  const rest = pagesOf(await poison(server))
  const first = await visit(browser, server.url)
  await logIn(first.page, ADMIN.username, ADMIN.password)
  const wrong: Record<string, string[]> = {}
  const reader = async (page: Page, complaints: string[]): Promise<void> => {
    for (let path = rest.shift(); path !== undefined; path = rest.shift()) {
      await page.goto(server.url + path)
      await page.getByRole('main').waitFor()
      await page.getByRole('main').getByRole('status', { name: 'Loading' }).first().waitFor({ state: 'hidden' })
      const before = await foreign(page)
      await unfold(page)
      const found = [...before, ...(await foreign(page)), ...complaints.splice(0)]
      if (found.length) wrong[path] = [...new Set(found)]
    }
  }
  const more = await first.context.newPage()
  await Promise.all([reader(first.page, first.complaints), reader(more, complaintsOf(more))])
  expect(wrong).toEqual({})
}

test(
  'nothing that people, agents, programs or files say runs in a page, wherever it is shown',
  () => inPlace(look),
  180_000,
)
