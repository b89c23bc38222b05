import { afterAll, beforeAll, expect, test } from 'bun:test'
import { AgentRunPhase } from '@shared/gen/nekode/daemon/v1/archive_pb'
import type { Browser, Page } from 'playwright-core'
import { type AgentBlock, script } from '../fixtures/model/script'
import { rpcClient } from '../fixtures/rpc'
import { accessibility, launch, logIn, overflow, phone, startConsole, visit } from './browser'
import {
  ADMIN,
  type Caller,
  type DaemonUnderTest,
  type ServerUnderTest,
  enroll,
  eventually,
  inPlace,
  makeScriptedAgent,
  startDaemon,
} from './harness'

const minutes = (n: number) => n * 60_000
let browser: Browser

beforeAll(async () => {
  browser = await launch()
}, minutes(1))
afterAll(() => browser?.close())

const PLAN = [
  { text: 'Look around', status: 'completed' as const },
  { text: 'Write the notes', status: 'in_progress' as const },
  { text: 'Run the tests', status: 'pending' as const },
]
/** Colours and a line that is written over, as test runners print them; from a file, because a shell reads escapes its own way. */
const COMMAND = String.raw`printf '\033[31mFAIL\033[0m b.test\n10%%\r100%%\n'`

interface Work {
  server: ServerUnderTest
  daemon: DaemonUnderTest
  admin: Caller
  agentId: string
  ask: (...blocks: AgentBlock[]) => Promise<string>
  over: (runId: string) => Promise<string>
}

/** A server with a computer and an agent that does what it is told, and asks before it runs commands. */
async function stage(place: Parameters<typeof startConsole>[0]): Promise<Work> {
  const server = await startConsole(place, { flags: ['--no-local-daemon'] })
  const daemon = await startDaemon(place, server)
  const admin = await server.admin()
  const { id: agentId } = await makeScriptedAgent(server, {
    name: 'builder',
    computerId: daemon.computerId,
    approvals: 'ask',
  })
  return {
    server,
    daemon,
    admin,
    agentId,
    ask: async (...blocks) => {
      const body = { target: '#general', content: `@builder please ${script(blocks)}` }
      return (await admin.call('POST /api/messages', { body })).deliveries[0]!.runId!
    },
    over: (runId) =>
      eventually(
        async () => {
          const { run } = await admin.call('GET /api/runs/{id}', { params: { id: runId } })
          return run.completedAt !== null && run.state
        },
        { what: 'the run is over' },
      ),
  }
}

const tab = async (page: Page, name: string | RegExp) => {
  await page.getByRole('tab', { name }).click()
  await page.getByRole('tab', { name, selected: true }).waitFor()
}

test(
  'a run is followed live, allowed in place, read step by step, replayed, stopped and tried again',
  async () => {
    await inPlace(async (place) => {
      const { server, admin, ask, over } = await stage(place)
      const { page, complaints } = await visit(browser, server.url)
      await logIn(page, ADMIN.username, ADMIN.password)
      const runId = await ask(
        { think: 'First the notes.' },
        { plan: PLAN },
        { say: 'I write the notes and run the tests.', chunks: 12, delayMs: 10 },
        { edit: 'notes/plan.md', text: '# Plan\n\nOne thing.\n' },
        { tool: 'shell', input: { command: COMMAND } },
        { say: 'All is written.' },
      )

      const card = page.getByRole('region', { name: 'Run of builder' })
      await card.getByText('Write the notes', { exact: true }).waitFor()
      await card.getByText('in progress').waitFor({ state: 'attached' })
      await card.getByText('I write the notes and run the tests.').waitFor()
      await card.getByRole('button', { name: /^Edit .*plan\.md.*\+3 −0/ }).waitFor()
      await card.getByRole('button', { name: 'Allow once' }).click()
      expect(await over(runId)).toBe('completed')
      await page.getByText('All is written.').first().waitFor()

      await page.goto(`${server.url}/runs/${runId}`)
      await page.getByRole('heading', { name: 'Run of builder' }).waitFor()
      await page.getByRole('button', { name: /^Run / }).click()
      const terminal = page.locator('pre', { hasText: 'b.test' }).last()
      await terminal.locator('span', { hasText: /^FAIL$/ }).waitFor()
      expect(await terminal.innerText()).toBe('FAIL b.test\n100%\n')
      const line = page.getByRole('listbox', { name: /Timeline/ })
      await line.focus()
      await page.keyboard.press('Home')
      const first = await line.getAttribute('aria-activedescendant')
      await page.keyboard.press('End')
      expect(await line.getAttribute('aria-activedescendant')).not.toBe(first)

      await tab(page, 'Changes (1)')
      await page.getByText('# Plan', { exact: true }).waitFor()
      await page.getByRole('button', { name: 'Show in two columns' }).click()
      await page.getByRole('button', { name: 'Show in one column' }).waitFor()

      await tab(page, 'Replay')
      const replay = page.getByRole('region', { name: 'Replay' })
      const moment = page.getByRole('slider', { name: 'Moment of the replay' })
      await moment.focus()
      await page.keyboard.press('End')
      await replay.getByText('All is written.').waitFor()
      await page.keyboard.press('Home')
      await replay.getByText('All is written.').waitFor({ state: 'detached' })
      await page.getByLabel('Speed').selectOption('16')
      await page.getByRole('button', { name: 'Play' }).click()
      await replay.getByText('All is written.').waitFor()
      await page.getByText(/^Step (\d+) of \1 /).waitFor()
      expect(await accessibility(page)).toEqual([])

      const stopped = await ask({ say: 'I wait.' }, { hang: 600_000 })
      await page.goto(`${server.url}/runs/${stopped}`)
      await page.getByText('I wait.').waitFor()
      await page.getByRole('button', { name: 'Stop this turn' }).click()
      await page.getByText('The run was stopped by a person.').waitFor()
      await page.getByRole('button', { name: 'Try again' }).first().click()
      // Another run, at an address of its own.
      await page.waitForFunction((id) => !location.pathname.endsWith(id), stopped)
      await page.getByText('I wait.').waitFor()
      await page.getByRole('button', { name: 'Kill the process' }).click()
      await page.getByRole('dialog').getByRole('button', { name: 'Kill the process' }).click()
      await page.getByText('The run was stopped by a person.').waitFor()

      await page.goto(`${server.url}/runs`)
      await page.getByLabel('State').selectOption('canceled')
      await page.getByRole('listitem').filter({ hasText: 'Stopped' }).nth(1).waitFor()
      expect(await page.getByRole('main').getByRole('link', { name: /Done/ }).count()).toBe(0)
      const { items } = await admin.call('GET /api/runs', { query: { active: 'true' } })
      expect(items).toEqual([])
      expect(complaints).toEqual([])
    })
  },
  minutes(3),
)

test(
  'an agent’s files, notes and figures are on its page, and nobody’s note is overwritten unseen',
  async () => {
    await inPlace(async (place) => {
      const { server, daemon, admin, agentId, ask, over } = await stage(place)
      const runId = await ask({ edit: 'src/lib/a.ts', text: 'export const a = 1\n' }, { say: 'Made.' })
      expect(await over(runId)).toBe('completed')
      const { page, complaints } = await visit(browser, server.url)
      await logIn(page, ADMIN.username, ADMIN.password)
      await page.goto(`${server.url}/agents/${agentId}`)
      await page.getByText('Nothing waits for it.').waitFor()
      await page.getByRole('link', { name: /builder.*Made\..*Done/ }).waitFor()

      await tab(page, 'Workspace')
      const tree = page.getByRole('tree', { name: 'Files' })
      await tree.getByRole('treeitem', { name: 'src' }).focus()
      await page.keyboard.press('ArrowRight')
      await tree.getByRole('treeitem', { name: 'lib' }).waitFor()
      await page.keyboard.press('ArrowDown')
      await page.keyboard.press('ArrowRight')
      await tree.getByRole('treeitem', { name: 'a.ts' }).click()
      await page.getByRole('region', { name: 'src/lib/a.ts' }).getByText('export').waitFor()

      await tab(page, 'Memory')
      await page.getByRole('button', { name: 'New note' }).click()
      await page.getByLabel('Name', { exact: true }).fill('notes/release.md')
      await page.getByLabel('Content').fill('mine, first')
      await page.getByRole('button', { name: 'Save', exact: true }).click()
      await page.getByText(/^Version 1,/).waitFor()
      await page.getByLabel('Content').fill('mine, second')
      const put = (content: string, expectedVersion: number) =>
        admin.call('PUT /api/agents/{id}/memory', {
          params: { id: agentId },
          body: { path: 'notes/release.md', content, expectedVersion },
        })
      await put('from elsewhere', 1)
      const conflict = page.getByRole('alert', { name: /Somebody else has changed this note/ })
      await conflict.getByText('from elsewhere').waitFor()
      await conflict.getByText('mine, second').waitFor()
      await conflict.getByRole('button', { name: 'Save mine' }).click()
      await page.getByText(/^Version 3,/).waitFor()
      await conflict.waitFor({ state: 'detached' })
      const { items } = await admin.call('GET /api/agents/{id}/memory', { params: { id: agentId }, query: {} })
      expect(items.find(({ path }) => path === 'notes/release.md')).toMatchObject({
        content: 'mine, second',
        version: 3,
      })
      // What nobody has typed into follows the agent by itself.
      await put('by the agent', 3)
      await page.waitForFunction(() => {
        const field = [...document.querySelectorAll('textarea')].find((one) => one.value === 'by the agent')
        return field !== undefined
      })

      await tab(page, 'Usage')
      const { total } = await admin.call('GET /api/usage', { query: { agentId } })
      expect(total).toMatchObject({ runs: 1, input: 100, output: 20 })
      await page
        .getByRole('img', { name: /Tokens by day: 120 in all/ })
        .locator('canvas')
        .waitFor()
      await page.getByText('Show as a table').click()
      await page.getByRole('row', { name: /^\d{4}-\d\d-\d\d 120 / }).waitFor()
      await page.goto(`${server.url}/settings/usage`)
      await page.getByRole('img', { name: /Tokens by day: 120 in all/ }).waitFor()

      await page.setViewportSize(phone)
      for (const part of ['overview', 'settings', 'memory', 'workspace', 'reminders', 'runs', 'usage']) {
        await page.goto(`${server.url}/agents/${agentId}?part=${part}`)
        await page.getByRole('tabpanel').locator('*').first().waitFor()
        expect({ part, overflow: await overflow(page) }).toEqual({ part, overflow: 0 })
      }
      for (const part of ['steps', 'changes', 'replay']) {
        await page.goto(`${server.url}/runs/${runId}?part=${part}`)
        await page.getByText('a.ts').first().waitFor()
        expect({ part, overflow: await overflow(page) }).toEqual({ part, overflow: 0 })
      }

      await daemon.stop()
      await page.goto(`${server.url}/agents/${agentId}?part=workspace`)
      await page.getByText('Files are read from test-computer as they are now.').waitFor()
      expect(complaints).toEqual([])
    })
  },
  minutes(3),
)

test(
  'what the computer of an older version noted of a run is found by its words and replayed',
  async () => {
    await inPlace(async (place) => {
      const server = await startConsole(place, { flags: ['--no-local-daemon'] })
      const admin = await server.admin()
      const { id, code } = await enroll(server, 'old-box')
      const { token, computerId } = await server.guest().call('POST /api/daemon/enrollments/{id}/redeem', {
        params: { id },
        body: { code: decodeURIComponent(code), hostname: 'old-box' },
      })
      const body = { name: 'elder', computerId, runtimeKind: 'demo' }
      const agent = await admin.call('POST /api/agents', { body })
      const asked = await admin.call('POST /api/messages', { body: { target: '#general', content: '@elder hello' } })
      const runId = asked.deliveries[0]!.runId!
      const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value))
      await rpcClient(server.url, token).reportAgentRun(
        (async function* () {
          const of = { runId, agentId: agent.id, computerId }
          const at = (seconds: number) => BigInt(1_700_000_000 + seconds) * 1_000_000_000n
          yield { ...of, phase: AgentRunPhase.START, atUnixNano: at(0) }
          for (let n = 1; n <= 30; n++)
            yield {
              ...of,
              phase: AgentRunPhase.TOOL_CALL,
              atUnixNano: at(n),
              summary: `looked at shelf ${n}`,
              payloadJson: json({ shelf: n }),
            }
          yield { ...of, phase: AgentRunPhase.END, atUnixNano: at(40), summary: 'found the teapot', exitCode: 0 }
        })(),
      )
      const { page, complaints } = await visit(browser, server.url)
      await logIn(page, ADMIN.username, ADMIN.password)
      await page.goto(`${server.url}/runs`)
      await page.getByLabel('Search what agents did').fill('teapot')
      await page.getByRole('link', { name: /elder.*found the teapot/ }).click()
      await page.getByText('looked at shelf 30').waitFor()
      const moment = page.getByRole('slider', { name: 'Moment of the replay' })
      await moment.focus()
      await page.keyboard.press('Home')
      await page.getByText('looked at shelf 30').waitFor({ state: 'detached' })
      await page.getByRole('button', { name: 'One step on' }).click()
      await page.getByText('looked at shelf 1', { exact: true }).waitFor()
      await page.getByRole('button', { name: /Tool call looked at shelf 1$/ }).click()
      await page.getByText('"shelf"').waitFor()
      await page.setViewportSize(phone)
      expect(await overflow(page)).toBe(0)
      await page.goto(`${server.url}/runs/${runId}?part=archive`)
      await page.getByRole('tab', { name: 'Archive', selected: true }).waitFor()
      expect(complaints).toEqual([])
    })
  },
  minutes(3),
)
