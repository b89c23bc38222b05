import { afterAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDriver, type DriverConfig, type StartOptions } from '..'
import { checkStream, Probe } from '../../../test/agents/contract'

const home = mkdtempSync(join(tmpdir(), 'nekode-acp-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))

/** An agent that answers each method with what it is told to, and plays `updates` before it answers a prompt. */
const PLAYER = `
  const { results = {}, errors = {}, updates = [] } = JSON.parse(process.env.PLAY)
  const say = (value) => process.stdout.write((typeof value === 'string' ? value : JSON.stringify({ jsonrpc: '2.0', ...value })) + '\\n')
  const defaults = {
    initialize: { protocolVersion: 1, agentInfo: { name: 'p', version: '1.2.3' }, agentCapabilities: { loadSession: true }, authMethods: [] },
    'session/new': { sessionId: 's1' },
    'session/prompt': { stopReason: 'end_turn' },
  }
  for await (const line of console) {
    const { id, method, params } = JSON.parse(line)
    if (id === undefined || !method) continue
    if (method === 'session/prompt' || method === 'session/load')
      for (const update of updates)
        say(typeof update === 'string' ? update : { method: 'session/update', params: { sessionId: params.sessionId, update } })
    const error = errors[method]
    if (error?.once) delete errors[method]
    say(error ? { id, error } : { id, result: results[method] ?? defaults[method] ?? {} })
  }`

interface Play {
  results?: Record<string, unknown>
  errors?: Record<string, unknown>
  updates?: unknown[]
}

async function play(what: Play, options: Partial<StartOptions> = {}, config: DriverConfig = {}, kind = 'acp') {
  const sent: { method?: string; params: Record<string, unknown> }[] = []
  const probe = new Probe(createDriver(kind, { command: [process.execPath, '-e', PLAYER, '--'], ...config }), {
    cwd: home,
    env: { PATH: '/usr/bin:/bin', PLAY: JSON.stringify(what) },
    prompt: 'PROMPT',
    stateDir: mkdtempSync(join(home, 'state')),
    mcp: [],
    onRaw: (direction, line) => {
      if (direction === 'out') sent.push(JSON.parse(line))
    },
    ...options,
  })
  await probe.start()
  return { probe, sent, calls: (method: string) => sent.filter((call) => call.method === method) }
}

const text = (value: string) => [{ type: 'content', content: { type: 'text', text: value } }]
const MCP = [{ name: 'nekode', url: 'http://127.0.0.1:1/mcp', token: 'tok' }]

describe('an ACP agent', () => {
  test('is told the launch prompt in its first turn only, and again when it changed', async () => {
    const stateDir = mkdtempSync(join(home, 'state'))
    const first = await play({}, { stateDir })
    await first.probe.turn('one')
    await first.probe.turn('two')
    const said = (calls: { params: Record<string, unknown> }[]) =>
      calls.map(({ params }) => JSON.stringify(params.prompt))
    expect(said(first.calls('session/prompt'))).toEqual([
      JSON.stringify([{ type: 'text', text: 'PROMPT\n\n---\n\none' }]),
      JSON.stringify([{ type: 'text', text: 'two' }]),
    ])
    await first.probe.driver.stop()
    const same = await play({}, { stateDir, resume: 's1' })
    await same.probe.turn('three')
    expect(said(same.calls('session/prompt'))[0]).not.toContain('PROMPT')
    await same.probe.driver.stop()
    const changed = await play({}, { stateDir, resume: 's1', prompt: 'NEW' })
    await changed.probe.turn('four')
    expect(said(changed.calls('session/prompt'))[0]).toContain('NEW')
    await changed.probe.driver.stop()
  })

  test('that needs a login says so with its ways to log in, or is logged in by the method of the catalog', async () => {
    const errors = { 'session/new': { code: -32000, message: 'Authentication required' } }
    const authMethods = [{ id: 'oauth', name: 'Log in with a browser' }]
    const results = { initialize: { protocolVersion: 1, agentCapabilities: {}, authMethods } }
    await expect(play({ errors, results })).rejects.toMatchObject({
      failure: { reason: 'runtime_login_required', message: expect.stringContaining('Log in with a browser') },
    })
    const once = { 'session/new': { code: -32000, message: 'Authentication required', once: true } }
    const { probe, calls } = await play({ errors: once }, {}, {}, 'gemini')
    expect(calls('authenticate')[0]?.params).toEqual({ methodId: 'gemini-api-key' })
    await probe.driver.stop()
  })

  test('that does not know the first request of the protocol does not speak it, whatever else it says', async () => {
    const unknown = { errors: { initialize: { code: -32601, message: 'Method not found' } } }
    await expect(play(unknown)).rejects.toMatchObject({ failure: { reason: 'invalid_output' } })
    const options = { cwd: home, env: { PATH: '/usr/bin:/bin' }, prompt: '', stateDir: join(home, 'cat'), mcp: [] }
    const cat = new Probe(createDriver('acp', { command: ['cat'] }), options)
    await expect(cat.start()).rejects.toMatchObject({ failure: { reason: 'invalid_output' } })
  })

  test('whose session cannot be resumed loses it by name', async () => {
    const errors = { 'session/load': { code: -32002, message: 'No previous sessions found' } }
    await expect(play({ errors }, { resume: 's9' })).rejects.toMatchObject({ failure: { reason: 'session_lost' } })
    const results = { initialize: { protocolVersion: 1, agentCapabilities: {}, authMethods: [] } }
    await expect(play({ results }, { resume: 's9' })).rejects.toMatchObject({ failure: { reason: 'session_lost' } })
  })

  test('whose history is replayed on resume does not say it again', async () => {
    const updates = [{ sessionUpdate: 'agent_message_chunk', content: { type: 'text', text: 'old' } }]
    const { probe } = await play({ updates }, { resume: 's1' })
    expect(probe.of('message.delta')).toEqual([])
    expect((await probe.turn('go')).end.text).toBe('old')
    await probe.driver.stop()
  })

  test('without MCP over HTTP gets the bridge, or a warning when there is none', async () => {
    const bridged = await play({}, { mcp: MCP }, { mcpBridge: ['/bin/daemon', 'mcp-bridge'] })
    expect(bridged.calls('session/new')[0]?.params.mcpServers).toEqual([
      {
        name: 'nekode',
        command: '/bin/daemon',
        args: ['mcp-bridge'],
        env: [
          { name: 'NEKODE_MCP_URL', value: MCP[0]!.url },
          { name: 'NEKODE_MCP_TOKEN', value: 'tok' },
        ],
      },
    ])
    await bridged.probe.driver.stop()
    const without = await play({}, { mcp: MCP })
    expect(without.calls('session/new')[0]?.params.mcpServers).toEqual([])
    expect(without.probe.of('error')).toMatchObject([
      { fatal: false, message: expect.stringContaining('without the tools') },
    ])
    await without.probe.driver.stop()
  })

  test('is given the model as a session option where it has one', async () => {
    const option = { type: 'select', id: 'model', name: 'Model', category: 'model', currentValue: 'a', options: [] }
    const results = {
      'session/new': { sessionId: 's1', configOptions: [option] },
      'session/set_config_option': { configOptions: [option] },
    }
    const { probe, calls } = await play({ results }, { model: 'b' })
    expect(calls('session/set_config_option')[0]?.params).toEqual({ sessionId: 's1', configId: 'model', value: 'b' })
    await probe.driver.stop()
  })

  test('shows tools, output, changes, plan, cost and stray lines in the common form', async () => {
    const updates = [
      'a log line',
      '{"jsonrpc": "2.0", broken',
      { sessionUpdate: 'agent_thought_chunk', content: { type: 'text', text: 'hmm' } },
      { sessionUpdate: 'agent_message_chunk', content: { type: 'text', text: 'I edit.' } },
      {
        sessionUpdate: 'tool_call',
        toolCallId: 't',
        title: 'edit a',
        kind: 'edit',
        status: 'pending',
        rawInput: { path: 'a' },
      },
      { sessionUpdate: 'tool_call_update', toolCallId: 't', status: 'in_progress', content: text('half') },
      { sessionUpdate: 'tool_call_update', toolCallId: 't', status: 'in_progress', content: text('half and more') },
      {
        sessionUpdate: 'tool_call_update',
        toolCallId: 't',
        status: 'completed',
        content: [{ type: 'diff', path: 'a', oldText: 'x\n', newText: 'y\n' }],
      },
      { sessionUpdate: 'tool_call', toolCallId: 'u', title: 'never ends', status: 'pending' },
      { sessionUpdate: 'plan', entries: [{ content: 'one', status: 'in_progress', priority: 'high' }] },
      { sessionUpdate: 'usage_update', used: 10, size: 100, cost: { amount: 0.5, currency: 'USD' } },
      { sessionUpdate: 'agent_message_chunk', content: { type: 'text', text: 'Done.' } },
    ]
    const { probe } = await play({ updates })
    const { end } = await probe.turn('go')
    expect(end.text).toBe('Done.')
    expect(probe.of('message').map(({ text }) => text)).toEqual(['I edit.', 'Done.'])
    expect(probe.of('tool.start')).toMatchObject([
      { kind: 'edit', title: 'edit a', input: { path: 'a' } },
      { kind: 'other' },
    ])
    expect(probe.of('tool.update').map(({ output }) => output)).toEqual(['half', ' and more'])
    expect(probe.of('tool.end')).toMatchObject([
      { status: 'completed', output: 'half and more', diff: [{ path: 'a', diff: expect.stringContaining('-x\n+y') }] },
      { status: 'interrupted' },
    ])
    expect(probe.of('plan')[0]?.entries).toEqual([{ text: 'one', status: 'in_progress' }])
    expect(probe.of('usage')).toMatchObject([{ costUsd: 0.5, context: { used: 10, size: 100 } }])
    await probe.turn('again')
    expect(probe.of('usage')[1]).toMatchObject({ costUsd: 0 })
    expect(probe.of('garbage').length).toBe(4)
    await probe.driver.stop()
    checkStream(probe.events)
  })

  const ends: [string, object][] = [
    ['end_turn', { reason: 'completed' }],
    ['cancelled', { reason: 'interrupted' }],
    ['refusal', { reason: 'refused', failure: { reason: 'model_refused' } }],
    ['max_tokens', { reason: 'limit', failure: { reason: 'turn_limit' } }],
    ['max_turn_requests', { reason: 'limit', failure: { reason: 'turn_limit' } }],
  ]
  for (const [stopReason, end] of ends)
    test(`ends a turn with ${stopReason} as ${JSON.stringify(end)}`, async () => {
      const { probe } = await play({ results: { 'session/prompt': { stopReason } } })
      expect((await probe.turn('go')).end).toMatchObject(end)
      await probe.driver.stop()
    })

  test('counts usage that is a running total of the process as what was added', async () => {
    const usage = { inputTokens: 100, outputTokens: 20, totalTokens: 120 }
    const { probe } = await play(
      { results: { 'session/prompt': { stopReason: 'end_turn', usage } } },
      {},
      {},
      'copilot',
    )
    await probe.turn('one')
    await probe.turn('two')
    expect(probe.of('usage').map(({ usage: used }) => used.input)).toEqual([100, 0])
    await probe.driver.stop()
  })
})
