import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { StepDetail } from '@shared/contract'
import { RunState, RunStepKind, RunStepStatus } from '@shared/gen/nekode/daemon/v1/runs_pb'
import { type Rpc, refusal, rpcClient } from '../../test/fixtures/rpc'
import { type Caller, type TestServer, startTestServer } from '../testing'

let server: TestServer
let owner: Caller
let box: Caller
let bot: Caller
let rpc: Rpc
let foreign: Rpc

beforeAll(async () => {
  server = await startTestServer()
  owner = await server.as('owner')
  box = await server.computer()
  bot = await server.agent({ computerId: box.id, name: 'bot' })
  rpc = rpcClient(server.url, box.token)
  await rpc.registerComputer({ info: { daemonId: 'box' } })
  const laptop = await server.computer()
  await server.agent({ computerId: laptop.id, name: 'other' })
  foreign = rpcClient(server.url, laptop.token)
})
afterAll(() => server.stop())

/** Asks the agent something. Returns the run and the thread that it is asked in. */
async function ask(content = '@bot hello', threadId?: string): Promise<{ runId: string; threadId: string }> {
  const body = { target: '#general', content, ...(threadId === undefined ? {} : { threadId }) }
  const { deliveries } = await owner.call('POST /api/messages', { body })
  const [delivery] = deliveries
  return { runId: delivery!.runId!, threadId: delivery!.threadId! }
}

const lease = 'lease_test'
const update = (runId: string, state: RunState, more: object = {}) =>
  rpc.updateRunStatus({ runId, state, leaseId: lease, ...more })

async function running(content?: string): Promise<{ runId: string; threadId: string }> {
  const asked = await ask(content)
  expect(await update(asked.runId, RunState.RUNNING)).toMatchObject({ accepted: true })
  return asked
}

const step = (runId: string, id: string, detail: StepDetail | string, status = RunStepStatus.RUNNING, more = {}) =>
  rpc.appendRunStep({
    leaseId: lease,
    step: {
      stepId: id,
      runId,
      sequence: 1,
      status,
      detail: typeof detail === 'string' ? detail : JSON.stringify(detail),
      ...more,
    },
  })

const answers = async (threadId: string) => {
  const { items } = await owner.call('GET /api/messages', { query: { target: '#general', threadId } })
  return items.filter((m) => m.sender.kind === 'agent').map((m) => m.content)
}
const run = async (id: string) => (await owner.call('GET /api/runs/{id}', { params: { id } })).run
const deliveryOf = async (runId: string) => {
  const { items } = await owner.call('GET /api/deliveries', { query: { limit: 200 } })
  return items.find((d) => d.runId === runId)!
}

/** Lets the leases of all runs end. */
const reap = () => server.services.reaper.reap(Date.now() + 400_000)

describe('a run', () => {
  test('is assigned, permitted, started, prompted, worked on and answered', async () => {
    const { runId, threadId } = await ask('@bot what is 2+2?')
    const { runs } = await rpc.fetchAssignedRuns({ computerId: box.id })
    const assigned = runs.find((r) => r.runId === runId)
    expect(assigned).toMatchObject({
      state: RunState.QUEUED,
      agentId: bot.id,
      computerId: box.id,
      target: `#general:${threadId}`,
      leaseId: '',
      attempt: 1,
      maxAttempts: 3,
      summary: '@bot what is 2+2?',
    })
    expect(Number(assigned!.updatedTimeUnix)).toBe(Math.floor((await run(runId)).updatedAt / 1000))

    const { granted, permitLease } = await rpc.acquireStartPermit({ computerId: box.id, agentId: bot.id })
    expect({ granted, type: permitLease?.resourceType, of: permitLease?.resourceId }).toEqual({
      granted: true,
      type: 'start_permit',
      of: bot.id,
    })
    const leaseId = permitLease!.leaseId
    expect(await run(runId)).toMatchObject({ state: 'starting' })
    expect(await update(runId, RunState.RUNNING, { leaseId })).toMatchObject({
      accepted: true,
      run: { state: RunState.RUNNING, leaseId },
    })
    expect(await rpc.releaseStartPermit({ leaseId })).toMatchObject({ accepted: true })
    const { snapshot } = await rpc.getLaunchPromptSnapshot({ runId })
    expect(snapshot?.sections.find((s) => s.name === 'message_context')?.content).toContain('what is 2+2?')
    expect(snapshot?.sections.find((s) => s.name === 'run_context')?.content).toContain(
      `reply_target_hint=#general:${threadId}`,
    )
    expect(await rpc.renewRunLease({ runId, leaseId })).toMatchObject({
      accepted: true,
      lease: { leaseId, resourceType: 'run', resourceId: runId },
    })
    const done = await update(runId, RunState.COMPLETED, { leaseId, summary: 'counted', resultMessage: '4' })
    expect(done).toMatchObject({ accepted: true, run: { state: RunState.COMPLETED, summary: 'counted' } })
    expect(await answers(threadId)).toEqual(['4'])
    expect(await deliveryOf(runId)).toMatchObject({ state: 'answered' })
    expect((await rpc.fetchAssignedRuns({})).runs.map((r) => r.runId)).not.toContain(runId)
  })

  const overs = [RunState.COMPLETED, RunState.FAILED, RunState.CANCELED]
  for (const over of overs)
    for (const next of [RunState.QUEUED, RunState.RUNNING, RunState.BLOCKED, ...overs])
      test(`that is ${RunState[over]} ${over === next ? 'may be reported so again' : `cannot become ${RunState[next]}`}`, async () => {
        const { runId } = await running()
        await update(runId, over)
        const events = await server.events()
        const second = await update(runId, next, { resultMessage: 'late' })
        expect([second.accepted, second.rejectionReason]).toEqual(over === next ? [true, ''] : [false, 'run_over'])
        expect(second.run?.state).toBe(over)
        expect(await server.events()).toBe(events)
      })

  const early: [state: RunState, reason: string][] = [
    [RunState.COMPLETED, 'lease_lost'],
    [RunState.BLOCKED, 'illegal_transition'],
  ]
  for (const [state, reason] of early)
    test(`that is queued cannot become ${RunState[state]}`, async () => {
      const { runId } = await ask()
      expect(await update(runId, state)).toMatchObject({ accepted: false, rejectionReason: reason })
      expect(await run(runId)).toMatchObject({ state: 'queued' })
      await update(runId, RunState.CANCELED)
    })

  test('without a state in the update is refused', async () => {
    const { runId } = await running()
    expect(await refusal(update(runId, RunState.UNSPECIFIED))).toBe('invalid_argument invalid_request')
    await update(runId, RunState.CANCELED)
  })

  test('that nobody knows is not found', async () => {
    expect(await refusal(update('run_00000000000000000000000000000000', RunState.RUNNING))).toBe(
      'not_found run_unknown',
    )
  })

  test('completed by many at once is answered exactly once', async () => {
    const { runId, threadId } = await running()
    const calls = Array.from({ length: 12 }, (_, i) =>
      update(runId, RunState.COMPLETED, { resultMessage: 'once', idempotencyKey: i % 2 ? 'same' : `key-${i}` }),
    )
    const outcomes = await Promise.all(calls)
    expect(outcomes.map((o) => o.accepted)).toEqual(outcomes.map(() => true))
    expect(await answers(threadId)).toEqual(['once'])
  })

  test('that failed has its reason, and an unknown one counts as a crash', async () => {
    for (const [resultJson, expected] of [
      [
        JSON.stringify({ failure: { reason: 'quota_exhausted', message: 'No tokens left.', resetsAt: 1 } }),
        { reason: 'quota_exhausted', message: 'No tokens left.', resetsAt: 1 },
      ],
      [JSON.stringify({ failure: { reason: 'cosmic_ray', message: 'Hm.' } }), { reason: 'crashed', message: 'Hm.' }],
      ['', { reason: 'crashed', message: 'exit status 1' }],
    ] as const) {
      const { runId, threadId } = await running()
      await update(runId, RunState.FAILED, { resultJson, error: 'exit status 1' })
      expect((await run(runId)).failure).toEqual(expected)
      expect(await deliveryOf(runId)).toMatchObject({ state: 'failed', failure: expected })
      expect(await answers(threadId)).toEqual([])
    }
  })

  test('that was canceled posts what it had', async () => {
    const { runId, threadId } = await running()
    await update(runId, RunState.CANCELED, { resultMessage: 'half of' })
    expect(await answers(threadId)).toEqual(['half of'])
  })

  const results: [what: string, more: object, said: string][] = [
    ['that is no JSON', { resultJson: '{' }, 'invalid_argument invalid_request'],
    ['of another shape', { resultJson: '{"failure":"yes"}' }, 'invalid_argument invalid_request'],
    ['with a digest of something else', { resultJson: '{}', resultDigest: 'ab' }, 'invalid_argument digest_mismatch'],
    [
      'with its digest',
      { resultJson: '{}', resultDigest: '44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a' },
      'ok',
    ],
  ]
  for (const [what, more, said] of results)
    test(`with a result ${what} is ${said === 'ok' ? 'completed' : 'not moved'}`, async () => {
      const { runId } = await running()
      expect(await refusal(update(runId, RunState.COMPLETED, more))).toBe(said)
      expect((await run(runId)).state).toBe(said === 'ok' ? 'completed' : 'running')
      await update(runId, RunState.CANCELED)
    })

  test('keeps an answer well-formed and says where it was cut', async () => {
    const { runId, threadId } = await running()
    const resultMessage = `${'😀'.repeat(49_999)}a😀😀`
    await update(runId, RunState.COMPLETED, { resultMessage })
    const [answer] = await answers(threadId)
    expect(answer!.isWellFormed()).toBe(true)
    expect(answer).toBe(`${'😀'.repeat(49_999)}a\n… (cut)`)
  })
})

describe('of another computer', () => {
  test('nothing can be seen, moved or taken', async () => {
    const { runId } = await running()
    const events = await server.events()
    const calls: [string, Promise<unknown>, string][] = [
      ['update', foreign.updateRunStatus({ runId, state: RunState.COMPLETED, leaseId: lease }), 'foreign_run'],
      ['renew', foreign.renewRunLease({ runId, leaseId: lease }), 'foreign_run'],
      ['step', foreign.appendRunStep({ step: { runId, detail: 'x' }, leaseId: lease }), 'foreign_run'],
      ['permit', foreign.acquireStartPermit({ agentId: bot.id }), 'foreign_agent'],
      ['permit for it', foreign.acquireStartPermit({ computerId: box.id, agentId: bot.id }), 'foreign_computer'],
      ['runs', foreign.fetchAssignedRuns({ computerId: box.id }), 'foreign_computer'],
      ['agent', foreign.updateRunStatus({ runId, agentId: bot.id, state: RunState.FAILED }), 'foreign_agent'],
    ]
    for (const [what, call, code] of calls)
      expect([what, await refusal(call)]).toEqual([what, `permission_denied ${code}`])
    expect(await refusal(foreign.getLaunchPromptSnapshot({ runId }))).toBe('not_found')
    expect(await refusal(foreign.getRun({ runId }))).toBe('not_found')
    expect((await foreign.fetchAssignedRuns({})).runs).toEqual([])
    expect((await foreign.listRuns({})).runs).toEqual([])
    expect(await server.events()).toBe(events)
    await update(runId, RunState.CANCELED)
  })

  test('a start permit stays where it is', async () => {
    const { permitLease } = await rpc.acquireStartPermit({ agentId: bot.id })
    const leaseId = permitLease!.leaseId
    await foreign.releaseStartPermit({ leaseId })
    const left = await server.core.db.q.select().from(server.core.db.t.permits)
    expect(left.map((permit) => permit.id)).toContain(leaseId)
    await rpc.releaseStartPermit({ leaseId })
  })
})

describe('a lease', () => {
  test('is lost when the run was given out again, and late reports change nothing', async () => {
    const { runId, threadId } = await running()
    await reap()
    expect(await run(runId)).toMatchObject({ state: 'queued', attempt: 2 })
    const events = await server.events()
    const late = { accepted: false, rejectionReason: 'lease_lost' }
    expect(await update(runId, RunState.COMPLETED, { resultMessage: 'late' })).toMatchObject(late)
    expect(await rpc.renewRunLease({ runId, leaseId: lease })).toMatchObject(late)
    expect(await step(runId, 'step_late', { type: 'notice', level: 'info', text: 'late' })).toMatchObject(late)
    expect(await update(runId, RunState.FAILED, { error: 'late' })).toMatchObject(late)
    expect(await update(runId, RunState.CANCELED)).toMatchObject(late)
    expect(await server.events()).toBe(events)
    expect(await answers(threadId)).toEqual([])
    expect(await update(runId, RunState.CANCELED, { leaseId: '' })).toMatchObject({ accepted: true })
  })

  test('of another run is refused', async () => {
    const { runId } = await running()
    expect(await update(runId, RunState.COMPLETED, { leaseId: 'lease_other' })).toMatchObject({
      accepted: false,
      rejectionReason: 'lease_lost',
    })
    await update(runId, RunState.CANCELED)
  })

  test('a run is given back twice, and the third attempt is the last', async () => {
    const { runId } = await ask()
    for (const attempt of [1, 2, 3]) {
      const { permitLease } = await rpc.acquireStartPermit({ agentId: bot.id })
      const leaseId = permitLease!.leaseId
      expect(await update(runId, RunState.RUNNING, { leaseId })).toMatchObject({ accepted: true, run: { attempt } })
      await rpc.releaseStartPermit({ leaseId })
      expect(await update(runId, RunState.QUEUED, { leaseId, error: 'The process died.' })).toMatchObject({
        accepted: true,
      })
    }
    expect(await run(runId)).toMatchObject({
      state: 'failed',
      attempt: 3,
      failure: { reason: 'crashed', message: 'The process died. It was tried 3 times.' },
    })
  })

  test('of a start permit starts either of two runs of the same agent', async () => {
    const first = await ask()
    const second = await ask()
    const permits = await Promise.all([1, 2].map(() => rpc.acquireStartPermit({ agentId: bot.id })))
    const [one, two] = permits.map((permit) => permit.permitLease!.leaseId)
    expect(await update(second.runId, RunState.RUNNING, { leaseId: one! })).toMatchObject({ accepted: true })
    expect(await update(first.runId, RunState.RUNNING, { leaseId: two! })).toMatchObject({ accepted: true })
    await update(second.runId, RunState.CANCELED, { leaseId: one! })
    await update(first.runId, RunState.CANCELED, { leaseId: two! })
    for (const leaseId of [one!, two!]) await rpc.releaseStartPermit({ leaseId })
  })
})

describe('an idempotency key', () => {
  test('repeated gets the first answer', async () => {
    const { runId } = await ask()
    const request = { agentId: bot.id, idempotencyKey: 'permit-1' }
    const [first, second] = await Promise.all([1, 2].map(() => rpc.acquireStartPermit(request)))
    expect(second).toEqual(first!)
    const leaseId = first!.permitLease!.leaseId
    const started = await update(runId, RunState.RUNNING, { leaseId, idempotencyKey: 'start-1' })
    const events = await server.events()
    expect(await update(runId, RunState.RUNNING, { leaseId, idempotencyKey: 'start-1' })).toEqual(started)
    expect(await server.events()).toBe(events)
    await update(runId, RunState.CANCELED, { leaseId })
    await rpc.releaseStartPermit({ leaseId })
  })

  test('with another body is refused', async () => {
    const { runId } = await running()
    await update(runId, RunState.COMPLETED, { idempotencyKey: 'end-1', resultMessage: 'a' })
    expect(await refusal(update(runId, RunState.COMPLETED, { idempotencyKey: 'end-1', resultMessage: 'b' }))).toBe(
      'already_exists idempotency_conflict',
    )
  })

  test('of a refusal is free again', async () => {
    const held = await Promise.all([1, 2, 3, 4].map(() => rpc.acquireStartPermit({ agentId: bot.id })))
    const request = { agentId: bot.id, idempotencyKey: 'permit-2' }
    expect(await rpc.acquireStartPermit(request)).toMatchObject({ granted: false, retryAfterSeconds: 1 })
    for (const { permitLease } of held) await rpc.releaseStartPermit({ leaseId: permitLease!.leaseId })
    const { granted, permitLease } = await rpc.acquireStartPermit(request)
    expect(granted).toBe(true)
    await rpc.releaseStartPermit({ leaseId: permitLease!.leaseId })
  })

  test('that is too long is refused', async () => {
    expect(await refusal(rpc.acquireStartPermit({ agentId: bot.id, idempotencyKey: 'k'.repeat(129) }))).toBe(
      'invalid_argument invalid_request',
    )
  })
})

describe('steps', () => {
  const textOf = async (runId: string, id: string) => {
    const { steps } = await rpc.getRun({ runId })
    return steps.find((s) => s.stepId === id)
  }

  test('of text come in pieces, and those that are repeated or overlap change nothing', async () => {
    const { runId } = await running()
    const piece = (offset: number, text: string, status = RunStepStatus.RUNNING) =>
      step(runId, 'step_pieces', { type: 'text', offset, text }, status)
    expect(await piece(0, 'hello')).toMatchObject({ accepted: true, step: { kind: RunStepKind.PROGRESS, detail: '' } })
    await piece(0, 'hello')
    expect(await piece(7, 'world')).toMatchObject({ accepted: false, rejectionReason: 'step_gap' })
    await piece(3, 'lo wo')
    await piece(8, 'rld', RunStepStatus.COMPLETED)
    await piece(0, 'hel')
    expect(await textOf(runId, 'step_pieces')).toMatchObject({
      detail: JSON.stringify({ type: 'text', offset: 0, text: 'hello world' }),
      status: RunStepStatus.COMPLETED,
    })
    await update(runId, RunState.CANCELED)
  })

  test('of a long run are told to daemons as far as one message takes them: the newest', async () => {
    const { runId } = await running()
    const notice = (text: string): StepDetail => ({ type: 'notice', level: 'info', text })
    for (let sequence = 1; sequence <= 510; sequence++)
      await step(runId, `step_many_${sequence}`, notice(`${sequence}`), RunStepStatus.COMPLETED, { sequence })
    const many = (await rpc.getRun({ runId })).steps
    expect([many.length, many[0]?.sequence, many.at(-1)?.sequence]).toEqual([500, 11, 510])
    for (let sequence = 511; sequence <= 570; sequence++)
      await step(runId, `step_long_${sequence}`, notice('x'.repeat(65_000)), RunStepStatus.COMPLETED, { sequence })
    const { steps } = await rpc.getRun({ runId })
    expect([steps[0]!.sequence > 511, steps.at(-1)?.sequence]).toEqual([true, 570])
    expect(steps.reduce((sum, { detail }) => sum + detail.length, 0)).toBeLessThan(3 << 20)
    await update(runId, RunState.CANCELED)
  })

  test('count tokens once, however often they are sent', async () => {
    const { runId } = await running()
    const usage = { input: 10, cacheRead: 0, cacheWrite: 0, output: 5, reasoning: 0 }
    for (const id of ['step_u1', 'step_u1', 'step_u2'])
      await step(runId, id, { type: 'usage', usage, costUsd: 0.5 }, RunStepStatus.COMPLETED)
    expect(await run(runId)).toMatchObject({ usage: { input: 20, output: 10 }, costUsd: 1 })
    await update(runId, RunState.CANCELED)
  })

  test('of a tool whose input nests as deep as can be are kept with what can be shown of it', async () => {
    const { runId } = await running()
    const nested = `${'['.repeat(50_000)}${']'.repeat(50_000)}`
    const detail = `{"type":"tool","name":"deep","kind":"other","title":"t","input":{"near":1,"far":${nested}}}`
    expect(await step(runId, 'step_deep', detail)).toMatchObject({ accepted: true })
    const { items } = await owner.call('GET /api/runs/{id}/steps', { params: { id: runId }, query: {} })
    expect(items).toMatchObject([{ detail: { name: 'deep', input: { near: 1 } } }])
    await update(runId, RunState.COMPLETED, { resultMessage: 'done' })
  })

  test('of a command keep their output and say what kind they are', async () => {
    const { runId } = await running()
    const tool = { type: 'tool' as const, name: 'bash', kind: 'execute' as const, title: 'ls' }
    await step(runId, 'step_tool', tool)
    const done = await step(
      runId,
      'step_tool',
      { ...tool, output: 'a\nb', outcome: 'completed' },
      RunStepStatus.COMPLETED,
    )
    expect(done.step).toMatchObject({ kind: RunStepKind.COMMAND, status: RunStepStatus.COMPLETED, summary: 'ls' })
    expect(JSON.parse(done.step!.detail)).toMatchObject({ output: 'a\nb', outcome: 'completed' })
    await update(runId, RunState.CANCELED)
  })

  const legacy: [kind: RunStepKind, status: RunStepStatus, summary: string, detail: string, becomes: object][] = [
    [RunStepKind.START, RunStepStatus.COMPLETED, 'run started', '', { type: 'notice', level: 'info' }],
    [
      RunStepKind.COMMAND,
      RunStepStatus.RUNNING,
      'codex exec',
      '',
      { type: 'tool', kind: 'execute', title: 'codex exec' },
    ],
    [
      RunStepKind.COMMAND,
      RunStepStatus.COMPLETED,
      'codex exec',
      '{"json": "of the command"}',
      { type: 'tool', output: '{"json": "of the command"}', outcome: 'completed' },
    ],
    [RunStepKind.TOOL, RunStepStatus.FAILED, '', 'boom', { type: 'tool', output: 'boom', outcome: 'failed' }],
    [
      RunStepKind.RESULT,
      RunStepStatus.FAILED,
      'failed',
      'exit 1',
      { type: 'notice', level: 'error', text: 'failed\nexit 1' },
    ],
    [RunStepKind.PROGRESS, RunStepStatus.UNSPECIFIED, '', '', { type: 'notice', text: 'progress' }],
    [RunStepKind.PROGRESS, RunStepStatus.COMPLETED, '', '{ not json', { type: 'notice', text: '{ not json' }],
    [
      RunStepKind.PROGRESS,
      RunStepStatus.COMPLETED,
      'x',
      '{"type":"text"}',
      { type: 'notice', text: 'x\n{"type":"text"}' },
    ],
  ]
  for (const [kind, status, summary, detail, becomes] of legacy)
    test(`of an older daemon (${RunStepKind[kind]}, “${summary}”, “${detail}”) become a ${JSON.stringify(becomes)}`, async () => {
      const { runId } = await running()
      const sent = await rpc.appendRunStep({ step: { runId, kind, status, summary, detail } })
      expect(sent).toMatchObject({ accepted: true, step: { stepId: expect.stringMatching(/^step_/) } })
      expect(JSON.parse(sent.step!.detail)).toMatchObject(becomes)
      await update(runId, RunState.CANCELED)
    })

  const broken: [what: string, sent: object, said: string][] = [
    ['without a run', { stepId: 'step_1' }, 'invalid_argument invalid_request'],
    ['with an id that is no id', { runId: 'run_1', stepId: 'a b' }, 'invalid_argument invalid_request'],
    ['of no run', { runId: 'run_1', stepId: 'step_1' }, 'not_found run_unknown'],
  ]
  for (const [what, sent, said] of broken)
    test(`${what} are refused`, async () => {
      expect(await refusal(rpc.appendRunStep({ step: sent, leaseId: lease }))).toBe(said)
    })

  test('with the id of another run’s step are refused', async () => {
    const one = await running()
    const two = await running()
    const detail = { type: 'notice', level: 'info', text: 'x' } as const
    await step(one.runId, 'step_one', detail)
    expect(await refusal(step(two.runId, 'step_one', detail))).toBe('already_exists foreign_step')
    await update(one.runId, RunState.CANCELED)
    await update(two.runId, RunState.CANCELED)
  })
})

describe('a permission request', () => {
  test('blocks the run until the daemon has passed on what a person decided', async () => {
    const { runId } = await running()
    const approval = {
      type: 'approval',
      requestId: 'req-1',
      name: 'bash',
      kind: 'execute',
      title: 'rm -rf build',
      canRemember: true,
    } as const
    expect(await step(runId, 'step_approval', approval)).toMatchObject({
      accepted: true,
      step: { kind: RunStepKind.CUSTOM },
    })
    expect((await rpc.getRun({ runId })).run?.state).toBe(RunState.BLOCKED)
    const { items } = await owner.call('GET /api/approvals', { query: { state: 'pending', runId } })
    const body = { allow: true, remember: true }
    await owner.call('POST /api/approvals/{id}/decision', { params: { id: items[0]!.id }, body })
    const order = await lastOrder()
    expect(order).toMatchObject({
      type: 'answer_permission',
      runId,
      requestId: 'req-1',
      allow: true,
      remember: true,
    })
    await step(runId, 'step_approval', approval, RunStepStatus.COMPLETED)
    expect((await rpc.getRun({ runId })).run?.state).toBe(RunState.RUNNING)
    await update(runId, RunState.COMPLETED, { resultMessage: 'removed' })
  })

  test('is withdrawn with its run', async () => {
    const { runId } = await running()
    const approval = {
      type: 'approval',
      requestId: 'r',
      name: 'x',
      kind: 'other',
      title: 'x',
      canRemember: false,
    } as const
    await step(runId, 'step_withdrawn', approval)
    await update(runId, RunState.CANCELED)
    const { items } = await owner.call('GET /api/approvals', { query: { runId } })
    expect(items).toMatchObject([{ state: 'withdrawn' }])
  })

  /** The last command that the computer was given. */
  async function lastOrder(): Promise<unknown> {
    const { q, t } = server.core.db
    const rows = await q.select().from(t.operations)
    return JSON.parse(rows.at(-1)!.reason)
  }
})

test('a message in the middle of a turn is answered by that turn', async () => {
  const first = await running('@bot start')
  const second = await ask('@bot and this too', first.threadId)
  expect(await update(second.runId, RunState.RUNNING, { leaseId: 'lease_two' })).toMatchObject({ accepted: true })
  await update(first.runId, RunState.COMPLETED, { resultMessage: 'both done' })
  const joined = { leaseId: 'lease_two', resultJson: JSON.stringify({ joinedRunId: first.runId }) }
  expect(await update(second.runId, RunState.COMPLETED, joined)).toMatchObject({ accepted: true })
  expect(await answers(first.threadId)).toEqual(['both done'])
  expect(await run(second.runId)).toMatchObject({ state: 'completed', joinedRunId: first.runId })
  const [one, two] = [await deliveryOf(first.runId), await deliveryOf(second.runId)]
  expect([one.state, two.state]).toEqual(['answered', 'answered'])
  expect(two.answerMessageId).toBe(one.answerMessageId)
})

test('lists of runs page by their cursor, by an older client’s count, and start over with a foreign one', async () => {
  const asked: string[] = []
  for (let i = 0; i < 5; i++) asked.unshift((await ask()).runId)
  const page = (cursor?: object) => rpc.listRuns({ agentId: bot.id, limit: 2, ...(cursor ? { cursor } : {}) })
  const first = await page()
  const second = await page(first.nextCursor)
  const ids = (runs: { runId: string }[]) => runs.map((r) => r.runId)
  expect([...ids(first.runs), ...ids(second.runs)]).toEqual(asked.slice(0, 4))
  expect(ids((await page({ cursor: '#general:3' })).runs)).toEqual(asked.slice(3, 5))
  expect(ids((await page({ ...first.nextCursor!, serverId: 'srv_0' })).runs)).toEqual(asked.slice(0, 2))
  expect(await refusal(page({ cursor: 'nonsense' }))).toBe('invalid_argument invalid_request')
  const oldest = await rpc.fetchAssignedRuns({ limit: 2 })
  expect(ids(oldest.runs)).toEqual(asked.toReversed().slice(0, 2))
  const next = await rpc.fetchAssignedRuns({ limit: 200, cursor: oldest.nextCursor! })
  expect(ids(next.runs)).toEqual(asked.toReversed().slice(2))
  expect(next.nextCursor).toBeUndefined()
  for (const runId of asked) await update(runId, RunState.CANCELED)
})

test('nobody but its computer learns a run’s lease', async () => {
  const { runId } = await running()
  const people = rpcClient(server.url, owner.token)
  expect((await people.getRun({ runId })).run?.leaseId).toBe('')
  expect((await rpc.getRun({ runId })).run?.leaseId).toBe(lease)
  expect((await rpcClient(server.url, bot.token).listRuns({})).runs.every((r) => r.leaseId === '')).toBe(true)
  await update(runId, RunState.CANCELED)
})

test('what is longer than the columns of every database is cut or refused, and not a failure of the server', async () => {
  const { runId } = await running()
  const detail = {
    type: 'approval',
    requestId: 'r',
    name: 'n'.repeat(300),
    kind: 'other',
    title: 't',
    canRemember: false,
  }
  const step = { stepId: 'step_long', runId, status: RunStepStatus.RUNNING, detail: JSON.stringify(detail) }
  expect(await rpc.appendRunStep({ leaseId: lease, step })).toMatchObject({ accepted: true })
  const { items } = await owner.call('GET /api/approvals', { query: { runId } })
  expect(items.map((a) => a.name.length)).toEqual([255])
  expect(await refusal(update(runId, RunState.RUNNING, { leaseId: 'l'.repeat(65) }))).toBe(
    'invalid_argument invalid_request',
  )
})
