import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { StepDetail } from '@shared/contract'
import { RunState, RunStepStatus } from '@shared/gen/nekode/daemon/v1/runs_pb'
import type { Browser, Page } from 'playwright-core'
import { rpcClient } from '../fixtures/rpc'
import { launch, logIn, startConsole, visit } from './browser'
import { ADMIN, type ServerUnderTest, eventually, inPlace } from './harness'

let browser: Browser
beforeAll(async () => {
  browser = await launch()
}, 60_000)
afterAll(() => browser?.close())

const STEPS = 320

/** A run of a computer that is played by the test, at work. */
async function longRun(server: ServerUnderTest) {
  const admin = await server.admin()
  const { enrollment, commands } = await admin.call('POST /api/daemon/enrollments', { body: { displayName: 'box' } })
  const code = decodeURIComponent(/[?&]code=([^&'"\s]+)/.exec(commands.shell)?.[1] ?? '')
  const { token, computerId } = await server.guest().call('POST /api/daemon/enrollments/{id}/redeem', {
    params: { id: enrollment.id },
    body: { code },
  })
  const rpc = rpcClient(server.url, token)
  await rpc.registerComputer({ info: { daemonId: 'box' }, inventory: { runtimes: [{ kind: 'codex' }] } })
  await admin.call('POST /api/agents', { body: { name: 'scout', computerId, runtimeKind: 'codex' } })
  const body = { target: '#general', content: '@scout work for long' }
  const runId = (await admin.call('POST /api/messages', { body })).deliveries[0]!.runId!
  await rpc.updateRunStatus({ runId, state: RunState.RUNNING, leaseId: 'lease' })
  const step = async (sequence: number, detail: StepDetail, status = RunStepStatus.COMPLETED): Promise<void> => {
    const sent = { stepId: `step_long_${sequence}`, runId, sequence, status, detail: JSON.stringify(detail) }
    expect(await rpc.appendRunStep({ leaseId: 'lease', step: sent })).toMatchObject({ accepted: true })
  }
  return { runId, rpc, step }
}

/** Scrolls to an end of the page until `text` is in view: what comes in later moves the end. */
async function scrollTo(page: Page, end: 'top' | 'bottom', text: string): Promise<void> {
  await eventually(
    async () => {
      await page
        .locator('[data-scroller]')
        .first()
        .evaluate((element, end) => element.scrollTo({ top: end === 'top' ? 0 : element.scrollHeight }), end)
      return (await page.getByText(text, { exact: true }).count()) > 0
    },
    { what: `“${text}” is at the ${end}` },
  )
}
/** Steps that are in the page, in view or near it. */
const drawn = (page: Page): Promise<number> => page.getByRole('list', { name: 'Steps' }).getByRole('listitem').count()

test('the page of a long run has all its steps, draws few of them, goes on live and gets the earlier ones by itself', async () => {
  await inPlace(async (place) => {
    const server = await startConsole(place)
    const { runId, rpc, step } = await longRun(server)
    const notice = (n: number): StepDetail => ({ type: 'notice', level: 'info', text: `notice ${n}` })
    for (let n = 1; n <= STEPS; n++) await step(n, notice(n))

    const { page, complaints } = await visit(browser, server.url)
    await logIn(page, ADMIN.username, ADMIN.password)
    await page.goto(`${server.url}/runs/${runId}`)
    await page.getByRole('list', { name: 'Steps' }).waitFor()
    await scrollTo(page, 'bottom', `notice ${STEPS}`)
    expect(await drawn(page)).toBeLessThan(STEPS / 2)

    const last = STEPS + 1
    await step(last, { type: 'text', offset: 0, text: 'It ' }, RunStepStatus.RUNNING)
    await step(last, { type: 'text', offset: 3, text: 'streams ' }, RunStepStatus.RUNNING)
    await scrollTo(page, 'bottom', 'It streams')
    await step(last, { type: 'text', offset: 11, text: 'to its end.' })
    await page.getByText('It streams to its end.').waitFor()
    const long = { type: 'tool', name: 'Bash', kind: 'execute', title: 'cat log', outcome: 'completed' } as const
    await step(last + 1, { ...long, output: `${'line\n'.repeat(30_000)}the last line` })
    await page.getByRole('button', { name: /cat log/ }).click()
    // Too much for an event: it was fetched.
    await page.getByText('the last line').waitFor()

    await scrollTo(page, 'top', 'notice 1')
    expect(await drawn(page)).toBeLessThan(STEPS / 2)

    await rpc.updateRunStatus({ runId, state: RunState.COMPLETED, leaseId: 'lease', resultMessage: 'Done.' })
    await page
      .getByRole('main')
      .locator('span:visible', { hasText: /^Done$/ })
      .first()
      .waitFor()
    expect(complaints).toEqual([])
  })
}, 120_000)
