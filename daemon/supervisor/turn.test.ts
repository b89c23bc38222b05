import { afterEach, describe, expect, jest, test } from 'bun:test'
import type { StepDetail } from '@shared/contract/runs'
import { RunStepKind, RunStepStatus } from '@shared/gen/nekode/daemon/v1/runs_pb'
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AgentEvent, Decision } from '../runtimes/events'
import type { Ending } from './ending'
import { Redactor } from './redactor'
import type { StepReport } from './steps'
import { type Activity, Turn, type TurnOptions } from './turn'

const workspace = realpathSync(mkdtempSync(join(tmpdir(), 'nekode-turn-')))
afterEach(() => {
  jest.useRealTimers()
})
process.on('exit', () => rmSync(workspace, { recursive: true, force: true }))

const redactor = new Redactor()
redactor.add('hunter22')

function start(options: Partial<TurnOptions> = {}) {
  const reports: StepReport[] = []
  const answers: [string, Decision][] = []
  const endings: Ending[] = []
  const activities: Activity[] = []
  let stops = 0
  let sequence = 0
  let backlog = 0
  const turn = new Turn({
    policy: { default: 'ask', rules: { read: 'allow', delete: 'deny' } },
    workspace,
    hangMs: 1000,
    push: (report) => reports.push(report),
    backlog: () => backlog,
    nextSequence: () => ++sequence,
    clean: (text) => redactor.clean(text),
    held: (text) => redactor.held(text),
    answer: (id, decision) => answers.push([id, decision]),
    onStop: () => stops++,
    onEnd: (ending) => endings.push(ending),
    onActivity: (activity) => activities.push(activity),
    ...options,
  })
  const play = (...events: AgentEvent[]) => events.forEach((event) => turn.on(event))
  return {
    turn,
    play,
    reports,
    answers,
    endings,
    activities,
    stops: () => stops,
    block: (reports: number) => {
      backlog = reports
    },
    details: () => reports.map(({ detail }) => detail),
  }
}

const turnId = 't'
const say = (text: string, messageId = 'm1'): AgentEvent => ({ type: 'message.delta', turnId, messageId, text })
const said = (text: string, messageId = 'm1'): AgentEvent => ({ type: 'message', turnId, messageId, text })
const think = (text: string): AgentEvent => ({ type: 'thought.delta', turnId, text })
const run = (toolId = 'x', title = 'ls'): AgentEvent => ({
  type: 'tool.start',
  turnId,
  toolId,
  name: 'Bash',
  kind: 'execute',
  title,
})
const ran = (toolId = 'x', output = ''): AgentEvent => ({
  type: 'tool.end',
  turnId,
  toolId,
  status: 'completed',
  output,
})
const over = (reason: 'completed' | 'interrupted' = 'completed', text = ''): AgentEvent => ({
  type: 'turn.end',
  turnId,
  reason,
  text,
})
const ask = (requestId: string, kind: 'execute' | 'read' | 'delete' = 'execute', input: unknown = {}): AgentEvent => ({
  type: 'permission',
  turnId,
  requestId,
  name: 'Bash',
  kind,
  title: 'make',
  input,
  canRemember: true,
})

/** What a reader has after all pieces, as the server puts them together. */
function written(reports: StepReport[], type: 'text' | 'thought'): string[] {
  const texts = new Map<string, string>()
  for (const { stepId, detail } of reports)
    if (detail.type === type) {
      const before = texts.get(stepId) ?? ''
      expect(detail.offset).toBeLessThanOrEqual(before.length)
      texts.set(stepId, before.slice(0, detail.offset) + detail.text + before.slice(detail.offset + detail.text.length))
    }
  return [...texts.values()]
}

describe('steps', () => {
  test('a streamed text is one step in pieces that join up, completed by the whole message', () => {
    const { play, reports } = start()
    play(say('Hel'), say('lo '), say('world'), said('Hello world'), over())
    expect(written(reports, 'text')).toEqual(['Hello world'])
    expect(new Set(reports.map(({ stepId }) => stepId)).size).toBe(1)
    expect(reports.at(-1)).toMatchObject({ status: RunStepStatus.COMPLETED, kind: RunStepKind.PROGRESS })
    expect(reports.filter(({ status }) => status === RunStepStatus.COMPLETED)).toHaveLength(1)
  })

  test('pieces grow while the server does not keep up', async () => {
    const { play, reports, block } = start()
    block(10)
    for (let i = 0; i < 100; i++) play(say('word '))
    await Bun.sleep(100)
    expect(reports).toHaveLength(0)
    block(0)
    await Bun.sleep(100)
    expect(written(reports, 'text')).toEqual(['word '.repeat(100)])
    expect(reports).toHaveLength(1)
  })

  test('an interrupted text keeps what came', () => {
    const { play, reports, endings, turn } = start()
    play(say('Half an ans'))
    turn.stop({ type: 'canceled', answer: '', why: 'A person interrupted it.' })
    play(over('interrupted'))
    expect(written(reports, 'text')).toEqual(['Half an ans'])
    expect(endings).toEqual([{ type: 'canceled', answer: 'Half an ans', why: 'A person interrupted it.' }])
  })

  test('thoughts and texts alternate in the order they came', () => {
    const { play, reports } = start()
    play(think('Hm'), think('m.'), say('A', 'm1'), said('A', 'm1'), think('And?'), said('B', 'm2'), over())
    expect(written(reports, 'thought')).toEqual(['Hmm.', 'And?'])
    expect(written(reports, 'text')).toEqual(['A', 'B'])
    const order = [
      ...new Map(reports.map(({ stepId, sequence, detail }) => [stepId, [sequence, detail.type]])).values(),
    ]
    expect(order).toEqual([
      [1, 'thought'],
      [2, 'text'],
      [3, 'thought'],
      [4, 'text'],
    ])
  })

  test('a tool is reported at its start, when its input is known, and with its output', () => {
    const { play, details, reports } = start()
    play(run(), { type: 'tool.update', turnId, toolId: 'x', input: { command: 'ls' } }, ran('x', 'a\nb'))
    expect(details()).toEqual([
      { type: 'tool', name: 'Bash', kind: 'execute', title: 'ls' },
      { type: 'tool', name: 'Bash', kind: 'execute', title: 'ls', input: { command: 'ls' } },
      {
        type: 'tool',
        name: 'Bash',
        kind: 'execute',
        title: 'ls',
        input: { command: 'ls' },
        output: 'a\nb',
        outcome: 'completed',
      },
    ])
    expect(reports.map(({ kind, sequence }) => [kind, sequence])).toEqual([
      [RunStepKind.COMMAND, 1],
      [RunStepKind.COMMAND, 1],
      [RunStepKind.COMMAND, 1],
    ])
  })

  test("the agent's secrets are in no step, also when they come in pieces", () => {
    const { play, reports, endings } = start()
    play(run('x', 'echo hunter22'), ran('x', 'hunter22\n'), say('It is hun'), say('ter22.'), said('It is hunter22.'))
    play(think('hunter22'), over())
    const shown = [...written(reports, 'text'), ...written(reports, 'thought')]
    expect(shown).toEqual(['It is [redacted].', '[redacted]'])
    expect(JSON.stringify(reports)).not.toMatch(/hun|ter22/)
    expect(endings).toEqual([{ type: 'completed', answer: 'It is [redacted].' }])
  })

  test('the end of a text that might have become a secret is said when nothing more comes', () => {
    const { play, reports, endings } = start()
    play(say('It is hun'), over())
    expect(written(reports, 'text')).toEqual(['It is hun'])
    expect(endings).toEqual([{ type: 'completed', answer: 'It is hun' }])
  })

  test('more text than a run may hold stops the turn', () => {
    const { play, stops, endings } = start()
    for (let i = 0; i < 5; i++) play(say('x'.repeat(1024 * 1024)))
    expect(stops()).toBe(1)
    play(over('interrupted'))
    expect(endings).toMatchObject([{ type: 'failed', failure: { reason: 'output_limit' } }])
  })

  test('a long output is cut, and says so', () => {
    const { play, details } = start()
    play(run(), ran('x', 'y'.repeat(200_000)))
    const detail = details().at(-1) as Extract<StepDetail, { type: 'tool' }>
    expect(detail.output!.length).toBeLessThan(70_000)
    expect(detail.output).toEndWith('more characters)')
  })
})

describe('permissions', () => {
  test('the policy answers what it can: an allowed kind, a denied kind, an allowed kind outside of the workspace', () => {
    const { play, answers, details } = start()
    play(ask('1', 'read', { path: 'a.ts' }), ask('2', 'delete'), ask('3', 'read', { path: '/etc/passwd' }))
    expect(answers).toMatchObject([
      ['1', { allow: true }],
      ['2', { allow: false, message: expect.stringContaining('“delete”') }],
    ])
    expect(details()).toMatchObject([{ type: 'approval', kind: 'read' }])
  })

  test('a person decides the rest, once', () => {
    const { play, turn, answers, details, reports } = start()
    play(ask('7'))
    const { requestId } = details()[0] as Extract<StepDetail, { type: 'approval' }>
    const decision = {
      type: 'answer_permission',
      runId: 'r',
      requestId,
      allow: true,
      remember: true,
      message: '',
    } as const
    turn.decide(decision)
    turn.decide({ ...decision, allow: false })
    turn.decide({ ...decision, requestId: '7' })
    expect(answers).toEqual([['7', { allow: true, remember: true }]])
    expect(reports.map(({ status }) => status)).toEqual([RunStepStatus.RUNNING, RunStepStatus.COMPLETED])
    expect(reports[1]?.detail).not.toHaveProperty('withdrawn')
  })

  test('a request that the runtime takes back, or that the end of the turn overtakes, is withdrawn', () => {
    const { play, details } = start()
    play(ask('1'), { type: 'permission.cancel', requestId: '1' }, ask('2'), over())
    expect(details().map((detail) => detail.type === 'approval' && detail.withdrawn)).toEqual([
      undefined,
      true,
      undefined,
      true,
    ])
  })
})

describe('endings', () => {
  const crashed = { reason: 'crashed', message: 'it exited with 3' } as const
  test.each<[string, AgentEvent, Ending]>([
    ['completed', over('completed', 'Done.'), { type: 'completed', answer: 'Done.' }],
    [
      'failed',
      {
        type: 'turn.end',
        turnId,
        reason: 'failed',
        text: '',
        failure: { reason: 'quota_exhausted', message: 'hunter22 is out', resetsAt: 5 },
      },
      { type: 'failed', failure: { reason: 'quota_exhausted', message: '[redacted] is out', resetsAt: 5 } },
    ],
    [
      'refused',
      { type: 'turn.end', turnId, reason: 'refused', text: '', failure: { reason: 'model_refused', message: 'No.' } },
      { type: 'failed', failure: { reason: 'model_refused', message: 'No.' } },
    ],
    [
      'a lost process',
      { type: 'turn.end', turnId, reason: 'failed', text: '', failure: crashed },
      { type: 'given_back', failure: crashed },
    ],
  ])('%s', (_, event, ending) => {
    const { play, endings } = start()
    play(event, over('completed', 'too late'))
    expect(endings).toEqual([ending])
  })

  test('what was finished before the stop took hold is finished; a run of someone else is not reported', () => {
    const first = start()
    first.turn.stop({ type: 'canceled', answer: '', why: '' })
    first.play(said('Done.'), over())
    expect(first.endings).toEqual([{ type: 'completed', answer: 'Done.' }])
    const second = start()
    second.turn.stop({ type: 'lost' })
    second.play(said('Done.'), over())
    expect(second.endings).toEqual([{ type: 'lost' }])
  })
})

describe('limits', () => {
  test('silence stops the turn, but not while a tool runs or a person decides', () => {
    jest.useFakeTimers()
    const { turn, play, stops, details, endings } = start()
    turn.started()
    jest.advanceTimersByTime(900)
    play(run())
    jest.advanceTimersByTime(100_000)
    play(ran(), ask('1'))
    jest.advanceTimersByTime(100_000)
    const { requestId } = details().at(-1) as Extract<StepDetail, { type: 'approval' }>
    turn.decide({ type: 'answer_permission', runId: '', requestId, allow: false, remember: false, message: 'no' })
    jest.advanceTimersByTime(900)
    expect(stops()).toBe(0)
    jest.advanceTimersByTime(200)
    expect(stops()).toBe(1)
    play(over('interrupted'))
    expect(endings).toEqual([
      { type: 'failed', failure: { reason: 'timeout', message: 'The runtime gave no sign of life for 1s.' } },
    ])
  })

  test('a limit on the whole turn holds also while it is busy', () => {
    jest.useFakeTimers()
    const { turn, play, stops } = start({ maxMs: 5000 })
    turn.started()
    play(run())
    jest.advanceTimersByTime(5001)
    expect(stops()).toBe(1)
  })
})

test('an answer from the cache is a step of its own, and what the program counts for it once more is left out', () => {
  const { turn, play, details } = start()
  const usage = { input: 100, cacheRead: 0, cacheWrite: 0, output: 20, reasoning: 0 }
  turn.saved({ model: 'm', usage, costUsd: 0.02 })
  const more = { ...usage, input: 150, output: 25 }
  play(say('hi'), said('hi'), { type: 'usage', turnId, usage: more, context: { used: 175, size: 1000 } })
  turn.saved({ model: 'm', usage })
  play(over())
  turn.saved({ model: 'late', usage })
  const [first, last] = details().filter(({ type }) => type === 'cache')
  expect(first).toEqual({ type: 'cache', model: 'm', usage, costUsd: 0.02 })
  expect(last).toEqual({ type: 'cache', model: 'm', usage })
  expect(details().find(({ type }) => type === 'usage')).toEqual({
    type: 'usage',
    usage: { ...usage, input: 50, output: 5 },
    context: { used: 175, size: 1000 },
  })
  expect(details().some((detail) => detail.type === 'cache' && detail.model === 'late')).toBe(false)
})
