import { afterAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDriver, type Decision, type StartOptions } from '..'
import { checkStream, Probe } from '../../../test/agents/contract'

const home = mkdtempSync(join(tmpdir(), 'nekode-claude-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))

/** A program that answers the handshake, and plays these lines (of Claude Code 2.1.329, shortened) for the first message. */
const PLAYER = `
  const lines = JSON.parse(process.env.LINES)
  const say = (value) => process.stdout.write((typeof value === 'string' ? value : JSON.stringify(value)) + '\\n')
  for await (const line of console) {
    const message = JSON.parse(line)
    if (message.type === 'control_request')
      say({ type: 'control_response', response: { subtype: 'success', request_id: message.request_id, response: { claude_code_version: '2.1.329' } } })
    if (message.type === 'user') for (const one of lines) say(one)
    if (message.type === 'control_response') say({ type: 'result', subtype: 'success', is_error: false, result: line, terminal_reason: 'completed' })
  }`

async function play(lines: unknown[], options: Partial<StartOptions> = {}): Promise<Probe> {
  const probe = new Probe(createDriver('claude', { command: [process.execPath, '-e', PLAYER, '--'] }), {
    cwd: home,
    env: { PATH: '/usr/bin:/bin', LINES: JSON.stringify(lines) },
    prompt: 'PROMPT',
    stateDir: join(home, 'state'),
    mcp: [{ name: 'nekode', url: 'http://127.0.0.1:1/mcp', token: 'tok' }],
    ...options,
  })
  await probe.start()
  return probe
}

const result = (extra: object = {}) => ({
  type: 'result',
  subtype: 'success',
  is_error: false,
  result: 'ok',
  terminal_reason: 'completed',
  ...extra,
})
const failed = (message: string, extra: object = {}) =>
  result({ is_error: true, result: message, terminal_reason: 'api_error', ...extra })
const assistant = (content: object[], extra: object = {}) => ({
  type: 'assistant',
  message: { id: 'm1', content },
  parent_tool_use_id: null,
  ...extra,
})
const use = (id: string, name: string, input: object) => assistant([{ type: 'tool_use', id, name, input }])
const toolResult = (id: string, tool_use_result: unknown, extra: object = {}) => ({
  type: 'user',
  message: { role: 'user', content: [{ tool_use_id: id, type: 'tool_result', content: 'done', ...extra }] },
  tool_use_result,
})

describe('Claude Code', () => {
  test('is given its prompt and its tokens in files that only this user may read', async () => {
    const probe = await play([result()])
    for (const name of ['prompt.md', 'mcp.json']) expect(statSync(join(home, 'state', name)).mode & 0o777).toBe(0o600)
    expect(readFileSync(join(home, 'state/prompt.md'), 'utf8')).toBe('PROMPT')
    expect(readFileSync(join(home, 'state/mcp.json'), 'utf8')).toContain('Bearer tok')
    await probe.driver.stop()
  })

  const ends: [string, object[], object][] = [
    [
      'not logged in',
      [failed('Not logged in · Please run /login', { api_error_status: null })],
      { reason: 'failed', failure: { reason: 'runtime_login_required' } },
    ],
    [
      'a bad request',
      [failed('API Error: 400 nope', { api_error_status: 400 })],
      { reason: 'failed', failure: { reason: 'internal' } },
    ],
    [
      'overloaded',
      [failed('API Error: Overloaded', { api_error_status: 529 })],
      { reason: 'failed', failure: { reason: 'model_unavailable' } },
    ],
    [
      'a full context',
      [failed('Prompt is too long', { api_error_status: 400 })],
      { reason: 'failed', failure: { reason: 'context_overflow' } },
    ],
    [
      'a subscription that is used up',
      [
        { type: 'rate_limit_event', rate_limit_info: { status: 'rejected', resetsAt: 1_764_230_400 } },
        assistant([{ type: 'text', text: 'You have hit your limit' }], {
          error: 'rate_limit',
          is_api_error_message: true,
        }),
        failed('You have hit your limit'),
      ],
      { reason: 'failed', text: '', failure: { reason: 'quota_exhausted', resetsAt: 1_764_230_400_000 } },
    ],
    ['a refusal', [result({ stop_reason: 'refusal' })], { reason: 'refused', failure: { reason: 'model_refused' } }],
    [
      'too many turns',
      [result({ subtype: 'error_max_turns', is_error: true })],
      { reason: 'limit', failure: { reason: 'turn_limit' } },
    ],
    [
      'an interruption',
      [result({ subtype: 'error_during_execution', is_error: true, terminal_reason: 'aborted_tools' })],
      { reason: 'interrupted' },
    ],
  ]
  for (const [what, lines, end] of ends)
    test(`ends a turn with ${what} as ${JSON.stringify(end)}`, async () => {
      const probe = await play(lines)
      expect((await probe.turn('go')).end).toMatchObject(end)
      await probe.driver.stop()
      checkStream(probe.events)
    })

  test('tells its plan from its task tools, and its changes from their results', async () => {
    const patch = {
      filePath: '/w/a.txt',
      structuredPatch: [{ oldStart: 1, oldLines: 1, newStart: 1, newLines: 1, lines: ['-a', '+b'] }],
    }
    const probe = await play([
      use('t1', 'TaskCreate', { subject: 'step one' }),
      toolResult('t1', { task: { id: '1', subject: 'step one' } }),
      use('t2', 'TaskUpdate', { taskId: '1', status: 'in_progress' }),
      toolResult('t2', {}),
      use('t3', 'TodoWrite', { todos: [{ content: 'other', status: 'completed' }] }),
      toolResult('t3', {}),
      use('t4', 'Edit', { file_path: '/w/a.txt', old_string: 'a', new_string: 'b' }),
      toolResult('t4', patch),
      result(),
    ])
    await probe.turn('go')
    expect(probe.of('plan').map(({ entries }) => entries)).toEqual([
      [{ text: 'step one', status: 'pending' }],
      [{ text: 'step one', status: 'in_progress' }],
      [{ text: 'other', status: 'completed' }],
    ])
    expect(probe.of('tool.end').at(-1)?.diff).toEqual([
      { path: '/w/a.txt', diff: '--- /w/a.txt\n+++ /w/a.txt\n@@ -1,1 +1,1 @@\n-a\n+b\n' },
    ])
    await probe.driver.stop()
  })

  test('says how a tool ended: denied, interrupted, failed', async () => {
    const meta = (id: string, extra: object) => ({ tool_result_meta: [{ id, ...extra }] })
    const probe = await play([
      use('t1', 'Bash', { command: 'a' }),
      { ...toolResult('t1', '', { is_error: true }), ...meta('t1', { permission_decision: { decision: 'reject' } }) },
      use('t2', 'Bash', { command: 'b' }),
      { ...toolResult('t2', '', { is_error: true }), ...meta('t2', { non_execution_kind: 'user-rejected' }) },
      use('t3', 'Bash', { command: 'c' }),
      toolResult('t3', '', { is_error: true }),
      use('t4', 'Bash', { command: 'd' }),
      result(),
    ])
    await probe.turn('go')
    expect(probe.of('tool.end').map(({ status }) => status)).toEqual(['denied', 'interrupted', 'failed', 'interrupted'])
    await probe.driver.stop()
    checkStream(probe.events)
  })

  test('reports what it does not understand, leaves out a subagent’s text, and starts turns by itself', async () => {
    const probe = await play([
      'Warning: something',
      '{"half": ',
      { type: 'assistant', message: 'odd' },
      { type: 'a_new_type', x: 1 },
      assistant([{ type: 'text', text: 'of the subagent' }], { parent_tool_use_id: 't0' }),
      assistant([{ type: 'text', text: 'mine' }]),
      result(),
      { type: 'system', subtype: 'init', session_id: 'another' },
      assistant([{ type: 'text', text: 'by myself' }]),
      result(),
    ])
    await probe.turn('go')
    await probe.until('turn.end', 0, ({ text }) => text === 'by myself')
    expect(probe.of('garbage').map(({ line }) => line.slice(0, 9))).toEqual(['Warning: ', '{"half": ', '{"type":"'])
    expect(probe.of('message').map(({ text }) => text)).toEqual(['mine', 'by myself'])
    expect(probe.of('turn.start').length).toBe(2)
    expect(probe.driver.sessionId).toBe('another')
    await probe.driver.stop()
    checkStream(probe.events)
  })

  describe('asking for permission', () => {
    const ask = (suggestions: object[] | undefined) => ({
      type: 'control_request',
      request_id: 'r1',
      request: {
        subtype: 'can_use_tool',
        tool_name: 'Bash',
        input: { command: 'touch x' },
        tool_use_id: 't1',
        ...(suggestions ? { permission_suggestions: suggestions } : {}),
      },
    })
    const RULE = { type: 'addRules', rules: [{ toolName: 'Bash' }], behavior: 'allow', destination: 'localSettings' }
    const MODE = { type: 'setMode', mode: 'acceptEdits', destination: 'session' }
    const answers: [string, object[] | undefined, Decision, object][] = [
      ['an allow', [RULE], { allow: true }, { behavior: 'allow', updatedInput: { command: 'touch x' } }],
      [
        'a changed input',
        undefined,
        { allow: true, input: { command: 'ls' } },
        { behavior: 'allow', updatedInput: { command: 'ls' } },
      ],
      [
        'a remembered allow, for this tool and session and nothing wider',
        [RULE, MODE],
        { allow: true, remember: true },
        {
          behavior: 'allow',
          updatedInput: { command: 'touch x' },
          updatedPermissions: [{ ...RULE, destination: 'session' }],
        },
      ],
      ['a denial', [RULE], { allow: false, message: 'no' }, { behavior: 'deny', message: 'no' }],
    ]
    for (const [what, suggestions, decision, response] of answers)
      test(`passes on ${what}`, async () => {
        const sent: unknown[] = []
        const onRaw = (direction: string, line: string) => {
          if (direction === 'out') sent.push(JSON.parse(line))
        }
        const probe = await play([ask(suggestions)], { onRaw })
        probe.decide = () => decision
        await probe.turn('go')
        expect(probe.of('permission')).toMatchObject([
          { kind: 'execute', title: 'touch x', canRemember: suggestions !== undefined },
        ])
        await probe.driver.stop()
        expect(sent.at(-1)).toEqual({
          type: 'control_response',
          response: { request_id: 'r1', subtype: 'success', response },
        })
      })
    test('withdraws what is asked no more, and refuses what it does not know', async () => {
      const probe = await play([
        ask(undefined),
        { type: 'control_cancel_request', request_id: 'r1' },
        { type: 'control_request', request_id: 'r2', request: { subtype: 'hook_callback' } },
      ])
      await probe.turn('go')
      expect(probe.of('permission.cancel')).toEqual([{ type: 'permission.cancel', requestId: 'r1' }])
      probe.driver.answer('r1', { allow: true })
      await probe.driver.stop()
    })
  })
})
