import { afterAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDriver, type Decision, type StartOptions } from '..'
import { checkStream, Probe } from '../../../test/agents/contract'
import { plainCommand } from './items'
import { usageSince } from './outcome'

const home = mkdtempSync(join(tmpdir(), 'nekode-codex-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))

/** A program that opens threads and turns as the app-server does, and plays these lines for the first turn. */
const PLAYER = `
  const lines = JSON.parse(process.env.LINES)
  const say = (value) => process.stdout.write((typeof value === 'string' ? value : JSON.stringify(value)) + '\\n')
  const results = {
    initialize: { userAgent: 'nekode/0.169.0 (x)' },
    'thread/start': { thread: { id: 'thread-1' }, model: 'm' },
    'thread/resume': { thread: { id: 'thread-1' }, model: 'm' },
    'turn/start': { turn: { id: 'turn-1' } },
  }
  for await (const line of console) {
    const { id, method } = JSON.parse(line)
    if (method === 'turn/start') say({ method: 'turn/started', params: { turn: { id: 'turn-1' } } })
    if (method) { if (id !== undefined) say({ id, result: results[method] ?? {} }) }
    else say({ method: 'turn/completed', params: { turn: { id: 'turn-1', status: 'completed', error: null } } })
    if (method === 'turn/start') for (const one of lines) say(one)
  }`

async function play(lines: unknown[], options: Partial<StartOptions> = {}) {
  const sent: { method?: string; params?: Record<string, unknown>; result?: unknown }[] = []
  const probe = new Probe(createDriver('codex', { command: [process.execPath, '-e', PLAYER, '--'] }), {
    cwd: home,
    env: { PATH: '/usr/bin:/bin', LINES: JSON.stringify(lines) },
    prompt: 'PROMPT',
    stateDir: mkdtempSync(join(home, 'state')),
    mcp: [],
    onRaw: (direction, line) => {
      if (direction === 'out') sent.push(JSON.parse(line))
    },
    ...options,
  })
  await probe.start()
  return { probe, sent }
}

const completed = (status: string, error: unknown = null) => ({
  method: 'turn/completed',
  params: { turn: { id: 'turn-1', status, error } },
})
const failure = (message: string, codexErrorInfo: unknown) => completed('failed', { message, codexErrorInfo })
const DONE = completed('completed')

describe('Codex', () => {
  const ends: [string, unknown[], object][] = [
    ['an interruption', [completed('interrupted')], { reason: 'interrupted' }],
    [
      'a full context',
      [failure('too long', 'contextWindowExceeded')],
      { reason: 'failed', failure: { reason: 'context_overflow' } },
    ],
    [
      'a login that is missing',
      [failure('x', 'unauthorized')],
      { reason: 'failed', failure: { reason: 'runtime_login_required' } },
    ],
    [
      'a status',
      [failure('x', { responseTooManyFailedAttempts: { httpStatusCode: 429 } })],
      { reason: 'failed', failure: { reason: 'rate_limited' } },
    ],
    [
      'nobody at the endpoint',
      [failure('error sending request', { httpConnectionFailed: { httpStatusCode: null } })],
      { reason: 'failed', failure: { reason: 'model_unavailable' } },
    ],
    ['a policy', [failure('no', 'cyberPolicy')], { reason: 'refused', failure: { reason: 'model_refused' } }],
    [
      'something new',
      [failure('strange', 'someNewError')],
      { reason: 'failed', failure: { reason: 'internal', message: 'strange' } },
    ],
    [
      'a quota, with the time of its reset',
      [
        {
          method: 'account/rateLimits/updated',
          params: { rateLimits: { primary: { usedPercent: 100, resetsAt: 1_764_230_400 }, secondary: null } },
        },
        failure('You have hit your usage limit', 'usageLimitExceeded'),
      ],
      { reason: 'failed', failure: { reason: 'quota_exhausted', resetsAt: 1_764_230_400_000 } },
    ],
  ]
  for (const [what, lines, end] of ends)
    test(`ends a turn with ${what} as ${JSON.stringify(end)}`, async () => {
      const { probe } = await play(lines)
      expect((await probe.turn('go')).end).toMatchObject(end)
      await probe.driver.stop()
      checkStream(probe.events)
    })

  test('always asks, and never lets another model answer in the owner’s place', async () => {
    const { probe, sent } = await play([DONE])
    const start = sent.find(({ method }) => method === 'thread/start')
    expect(start?.params).toMatchObject({
      approvalPolicy: 'untrusted',
      approvalsReviewer: 'user',
      developerInstructions: 'PROMPT',
    })
    await probe.driver.stop()
  })

  test('is told a launch prompt that has changed since, in a turn, once', async () => {
    const stateDir = mkdtempSync(join(home, 'state'))
    const said = async (prompt: string, resume?: string) => {
      const { probe, sent } = await play([DONE], { stateDir, prompt, ...(resume ? { resume } : {}) })
      await probe.turn('first')
      await probe.driver.stop()
      return JSON.stringify(sent.filter(({ method }) => method === 'turn/start').map(({ params }) => params?.input))
    }
    expect(await said('ONE')).not.toContain('ONE')
    expect(await said('ONE', 'thread-1')).not.toContain('ONE')
    expect(await said('TWO', 'thread-1')).toContain('TWO\\n\\n---\\n\\nfirst')
    expect(await said('TWO', 'thread-1')).not.toContain('TWO')
  })

  test('tells its plan and its thoughts, and reports what it does not understand', async () => {
    const { probe } = await play([
      'not json',
      {
        method: 'turn/plan/updated',
        params: {
          plan: [
            { step: 'one', status: 'inProgress' },
            { step: 'two', status: 'pending' },
          ],
        },
      },
      { method: 'item/reasoning/textDelta', params: { itemId: 'r', delta: 'hmm' } },
      { method: 'item/agentMessage/delta', params: { odd: true } },
      { method: 'item/started', params: { turnId: 'turn-1', item: { type: 'a_new_item', id: 'x' } } },
      { method: 'a/new/notification', params: {} },
      DONE,
    ])
    await probe.turn('go')
    expect(probe.of('plan')[0]?.entries).toEqual([
      { text: 'one', status: 'in_progress' },
      { text: 'two', status: 'pending' },
    ])
    expect(probe.of('thought.delta').map(({ text }) => text)).toEqual(['hmm'])
    expect(probe.of('garbage').length).toBe(2)
    await probe.driver.stop()
    checkStream(probe.events)
  })

  describe('asking for permission', () => {
    const command = {
      id: 7,
      method: 'item/commandExecution/requestApproval',
      params: {
        itemId: 'c',
        command: "/bin/bash -lc 'cat a && rm b'",
        cwd: '/w',
        reason: null,
        commandActions: [{ command: 'cat a' }],
      },
    }
    const patch = [
      {
        method: 'item/started',
        params: {
          turnId: 'turn-1',
          item: {
            type: 'fileChange',
            id: 'f',
            status: 'inProgress',
            changes: [{ path: '/w/a', kind: { type: 'add' }, diff: 'hi\n' }],
          },
        },
      },
      { id: 7, method: 'item/fileChange/requestApproval', params: { itemId: 'f', reason: null } },
    ]
    const mcp = {
      id: 7,
      method: 'mcpServer/elicitation/request',
      params: {
        serverName: 'other',
        message: 'Allow?',
        _meta: { codex_approval_kind: 'mcp_tool_call', tool_name: 'drop', tool_params: { x: 1 } },
      },
    }
    const answers: [string, unknown[], Decision, object, unknown][] = [
      [
        'all of a command',
        [command],
        { allow: true },
        { kind: 'execute', title: 'cat a && rm b' },
        { decision: 'accept' },
      ],
      [
        'a command for the session',
        [command],
        { allow: true, remember: true },
        { canRemember: true },
        { decision: 'acceptForSession' },
      ],
      ['a denied command', [command], { allow: false }, {}, { decision: 'decline' }],
      [
        'a change of files with its diff',
        patch,
        { allow: true },
        { kind: 'edit', title: '/w/a', diff: [{ path: '/w/a', diff: expect.stringContaining('+hi') }] },
        { decision: 'accept' },
      ],
      [
        'a tool of another MCP server',
        [mcp],
        { allow: true },
        { kind: 'mcp', name: 'mcp__other__drop', input: { x: 1 } },
        { action: 'accept', content: {}, _meta: null },
      ],
      ['a denied tool', [mcp], { allow: false }, {}, { action: 'decline', content: null, _meta: null }],
    ]
    for (const [what, lines, decision, asked, result] of answers)
      test(`passes on ${what}`, async () => {
        const { probe, sent } = await play(lines)
        probe.decide = () => decision
        await probe.turn('go')
        expect(probe.of('permission')).toMatchObject([asked])
        expect(sent.at(-1)).toEqual({ id: 7, result } as object)
        await probe.driver.stop()
      })

    test('withdraws what was decided elsewhere, and refuses forms that nobody would fill in', async () => {
      const form = {
        id: 8,
        method: 'mcpServer/elicitation/request',
        params: { serverName: 's', mode: 'form', message: 'Name?' },
      }
      const { probe, sent } = await play([
        command,
        { method: 'serverRequest/resolved', params: { requestId: 7 } },
        form,
      ])
      await probe.turn('go')
      expect(probe.of('permission.cancel')).toEqual([{ type: 'permission.cancel', requestId: '7' }])
      expect(sent.at(-1)).toMatchObject({ id: 8, error: { code: -32601 } })
      await probe.driver.stop()
    })
  })
})

test('a command is shown whole, without the shell that Codex wraps it in', () => {
  expect(plainCommand("/bin/bash -lc 'echo hi'")).toBe('echo hi')
  expect(plainCommand(`/bin/zsh -lc "echo \\"it's\\" \\$HOME"`)).toBe(`echo "it's" $HOME`)
  expect(plainCommand(`/bin/bash -lc 'a'"'"'b'`)).toBe(`/bin/bash -lc 'a'"'"'b'`)
  expect(plainCommand('ls -l')).toBe('ls -l')
})

test('usage is what was added to the thread’s total', () => {
  const tokens = (input: number, cached: number, output: number) => ({
    totalTokens: input + output,
    inputTokens: input,
    cachedInputTokens: cached,
    cacheWriteInputTokens: 0,
    outputTokens: output,
    reasoningOutputTokens: 1,
  })
  const total = tokens(300, 120, 60)
  const last = tokens(100, 40, 20)
  expect(usageSince(undefined, { total, last })).toEqual({
    input: 60,
    cacheRead: 40,
    cacheWrite: 0,
    output: 20,
    reasoning: 1,
  })
  expect(usageSince(tokens(100, 40, 10), { total, last })).toEqual({
    input: 120,
    cacheRead: 80,
    cacheWrite: 0,
    output: 50,
    reasoning: 0,
  })
})
