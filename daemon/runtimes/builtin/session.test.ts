import { afterAll, beforeEach, describe, expect, test } from 'bun:test'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDriver, type StartOptions } from '..'
import { checkStream, Probe } from '../../../test/agents/contract'
import { startStage } from '../../services/cache/testing'
import type { CachedFetch } from './model'
import {
  type Block,
  type ModelEndpoint,
  type ModelRequest,
  script,
  startModelEndpoint,
  type Usage,
  USAGE,
} from '../../../test/fixtures/model-endpoint'

const root = mkdtempSync(join(tmpdir(), 'nekode-builtin-'))
const endpoints: ModelEndpoint[] = []
afterAll(async () => {
  for (const endpoint of endpoints) await endpoint.stop()
  rmSync(root, { recursive: true, force: true })
})

let number = 0
let home = ''
beforeEach(() => {
  home = join(root, `home${++number}`)
  mkdirSync(join(home, 'work'), { recursive: true })
})

interface Setting {
  decide?: (request: ModelRequest) => Block[]
  usage?: Usage
  env?: Record<string, string>
  options?: Partial<StartOptions>
  maxSteps?: number
  cached?: CachedFetch | undefined
  /** Default: one of its own. */
  endpoint?: ModelEndpoint
}

async function start({ decide, usage, env = {}, options = {}, maxSteps, cached, endpoint: known }: Setting = {}) {
  const endpoint = known ?? startModelEndpoint({ ...(decide ? { decide } : {}), ...(usage ? { usage } : {}) })
  endpoints.push(endpoint)
  const builtin = { retryMs: 5, cached, ...(maxSteps ? { maxSteps } : {}) }
  const probe = new Probe(createDriver('builtin', { builtin }), {
    cwd: join(home, 'work'),
    env: { PATH: '/usr/bin:/bin', NEKODE_MODEL_BASE_URL: `${endpoint.url}/v1`, OLLAMA_HOST: '127.0.0.1:1', ...env },
    prompt: 'THE PROMPT',
    stateDir: join(home, 'state'),
    mcp: [],
    ...options,
  })
  probe.decide = () => ({ allow: true })
  await probe.start()
  return { probe, endpoint }
}

const READ = { tool: 'list_files', input: {} }

describe('the built-in agent', () => {
  test('chooses the model that the endpoint has, and sends the launch prompt', async () => {
    const { probe, endpoint } = await start()
    expect(probe.of('ready')[0]).toMatchObject({ model: 'scripted', tools: expect.arrayContaining(['run_command']) })
    await probe.turn('hello')
    const { request } = endpoint.seen.find((seen) => seen.request)!
    expect(request?.system).toContain('THE PROMPT')
    expect(request?.tools.sort()).toEqual([
      'edit_file',
      'list_files',
      'read_file',
      'run_command',
      'search',
      'write_file',
    ])
  })

  test('asks for every tool by its kind, with what an edit would change', async () => {
    const { probe } = await start()
    const blocks: Block[] = [
      READ,
      { tool: 'search', input: { text: 'x' } },
      { tool: 'write_file', input: { path: 'a.txt', content: 'A\n' } },
      { tool: 'edit_file', input: { path: 'a.txt', old_text: 'A', new_text: 'B' } },
      { tool: 'run_command', input: { command: 'cat a.txt' } },
    ]
    await probe.turn(script(blocks, [{ say: 'done' }]))
    expect(probe.of('permission').map(({ kind, title }) => [kind, title])).toEqual([
      ['read', '.'],
      ['search', 'x'],
      ['edit', 'a.txt'],
      ['edit', 'a.txt'],
      ['execute', 'cat a.txt'],
    ])
    expect(probe.of('permission')[2]?.diff?.[0]?.diff).toContain('+A')
    expect(probe.of('tool.end').map(({ status }) => status)).toEqual(Array.from({ length: 5 }, () => 'completed'))
    expect(probe.of('tool.end')[4]?.output).toBe('B\n')
    checkStream(probe.events)
  })

  test('remembers an allow for the session: a file tool as such, a command by its text', async () => {
    const { probe } = await start()
    probe.decide = () => ({ allow: true, remember: true })
    const run = (command: string): Block => ({ tool: 'run_command', input: { command } })
    await probe.turn(script([READ, READ, run('echo 1'), run('echo 1'), run('echo 2')], [{ say: 'done' }]))
    expect(probe.of('permission').map(({ title }) => title)).toEqual(['.', 'echo 1', 'echo 2'])
  })

  test('runs what a person changed the input to', async () => {
    const { probe } = await start()
    probe.decide = () => ({ allow: true, input: { command: 'echo changed' } })
    await probe.turn(script([{ tool: 'run_command', input: { command: 'echo asked' } }], [{ say: 'done' }]))
    expect(probe.of('tool.end')[0]?.output).toBe('changed\n')
  })

  test('tells the model of tools that do not exist, of input that does not fit and of denials', async () => {
    const { probe, endpoint } = await start()
    probe.decide = () => ({ allow: false, message: 'not today' })
    const bad: Block[] = [{ tool: 'no_such_tool', input: {} }, { tool: 'read_file', input: { path: 7 } }, READ]
    const { end } = await probe.turn(script(bad, [{ say: 'understood' }]))
    expect(end).toMatchObject({ reason: 'completed', text: 'understood' })
    const told = endpoint.seen
      .at(-1)
      ?.request?.items.filter(({ role }) => role === 'tool')
      .map(({ text }) => text)
    expect(told?.[0]).toContain('There is no tool "no_such_tool"')
    expect(told?.[1]).toContain('expected string')
    expect(told?.[2]).toBe('Denied: not today')
    expect(probe.of('tool.end').map(({ status }) => status)).toEqual(['failed', 'denied'])
    checkStream(probe.events)
  })

  test('shows thoughts, and fails a turn with an empty answer', async () => {
    const { probe } = await start()
    await probe.turn(script([{ think: 'hmm' }, { say: 'x' }]))
    expect(
      probe
        .of('thought.delta')
        .map(({ text }) => text)
        .join(''),
    ).toBe('hmm')
    expect((await probe.turn(script([{ say: '' }]))).end).toMatchObject({ failure: { reason: 'invalid_output' } })
  })

  test('ends a turn that goes round in circles', async () => {
    const { probe } = await start({ decide: () => [READ], maxSteps: 5 })
    const { end } = await probe.turn('go')
    expect(end).toMatchObject({ reason: 'limit', failure: { reason: 'turn_limit' } })
    expect(probe.of('tool.end').length).toBe(5)
    checkStream(probe.events)
  })
})

describe('failed model calls', () => {
  test('are repeated where that can help, and reported', async () => {
    let calls = 0
    const { probe } = await start({
      decide: () => (++calls < 3 ? [{ fail: 503, message: 'busy' }] : [{ say: 'at last' }]),
    })
    const { end } = await probe.turn('go')
    expect(end).toMatchObject({ reason: 'completed', text: 'at last' })
    expect(probe.of('retry').map(({ attempt, status }) => [attempt, status])).toEqual([
      [1, 503],
      [2, 503],
    ])
  })

  const failures: [string, Block, object, number][] = [
    ['a bad key', { fail: 401, message: 'bad key' }, { reason: 'runtime_login_required' }, 1],
    ['an unknown model', { fail: 404, message: 'no such model' }, { reason: 'model_unavailable' }, 1],
    [
      'an exhausted quota',
      { fail: 429, type: 'insufficient_quota', message: 'You exceeded your current quota' },
      { reason: 'quota_exhausted' },
      1,
    ],
    [
      'a long pause',
      { fail: 429, headers: { 'retry-after': '3600' } },
      { reason: 'rate_limited', resetsAt: expect.any(Number) },
      1,
    ],
    ['a broken endpoint', { fail: 500, message: 'oops' }, { reason: 'model_unavailable' }, 3],
  ]
  for (const [what, block, failure, calls] of failures)
    test(`end the turn with a reason: ${what}`, async () => {
      const { probe, endpoint } = await start({ decide: () => [block] })
      expect((await probe.turn('go')).end).toMatchObject({ reason: 'failed', failure })
      expect(endpoint.seen.filter(({ request }) => request).length).toBe(calls)
    })

  test('an endpoint that is gone is named', async () => {
    const { probe, endpoint } = await start()
    await endpoint.stop()
    const { end } = await probe.turn('go')
    expect(end).toMatchObject({
      failure: { reason: 'model_unavailable', message: expect.stringContaining('scripted at 127.0.0.1') },
    })
  })

  test('nothing to talk to fails the start with what to do', async () => {
    const env = { NEKODE_MODEL_BASE_URL: '' }
    await expect(start({ env })).rejects.toMatchObject({
      failure: { reason: 'runtime_login_required', message: expect.stringContaining('OPENAI_API_KEY') },
    })
  })
})

describe('a full context', () => {
  const SUMMARY = 'They want a rocket; a.txt is written.'
  const isSummary = (request: ModelRequest) => request.tools.length === 0

  test('is summarised before the next call, and the newest request stays word for word', async () => {
    const { probe, endpoint } = await start({
      decide: (request) => [{ say: isSummary(request) ? SUMMARY : 'answer' }],
      usage: { ...USAGE, input: 900, cacheRead: 0 },
      env: { NEKODE_MODEL_CONTEXT: '1000' },
    })
    await probe.turn('build a rocket')
    await probe.turn('and paint it')
    const requests = endpoint.seen.flatMap(({ request }) => request ?? [])
    expect(requests.length).toBe(3)
    expect(requests[1]?.items[1]?.text).toContain('User: build a rocket')
    const items = requests[2]!.items.filter(({ role }) => role !== 'system').map(({ text }) => text)
    expect(items).toEqual([`Summary of the conversation so far:\n\n${SUMMARY}`, 'and paint it'])
    // What was summarised stays so after a resume.
    await probe.driver.stop()
    const again = await start({ options: { resume: probe.driver.sessionId! } })
    await again.probe.turn('third')
    const resumed = again.endpoint.seen
      .at(-1)!
      .request!.items.map(({ text }) => text)
      .join('\n')
    expect(resumed).toContain(SUMMARY)
    expect(resumed).not.toContain('build a rocket')
  })

  test('that the endpoint complains of is summarised, and the call repeated', async () => {
    const { probe } = await start({
      decide: (request) => {
        if (isSummary(request)) return [{ say: SUMMARY }]
        const summarised = request.items.some(({ text }) => text.includes(SUMMARY))
        return summarised ? [{ say: 'fits' }] : [{ fail: 400, message: 'maximum context length is 8192 tokens' }]
      },
    })
    expect((await probe.turn('go')).end).toMatchObject({ reason: 'completed', text: 'fits' })
  })

  test('that stays too full fails the turn with that reason', async () => {
    const { probe } = await start({
      decide: (request) => (isSummary(request) ? [{ say: SUMMARY }] : [{ fail: 400, message: 'prompt is too long' }]),
    })
    expect((await probe.turn('go')).end).toMatchObject({ reason: 'failed', failure: { reason: 'context_overflow' } })
  })
})

describe('the session on disk', () => {
  test('is private, and goes on after a kill in the middle of a tool call and of a line', async () => {
    const { probe } = await start()
    await probe.turn(`remember pineapple ${script([READ], [{ say: 'noted' }])}`)
    await probe.driver.stop()
    const file = join(home, 'state/sessions', `${probe.driver.sessionId}.jsonl`)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(statSync(join(home, 'state')).mode & 0o777).toBe(0o700)
    const call = { role: 'assistant', text: '', calls: [{ id: 'c1', name: 'run_command', input: { command: 'x' } }] }
    appendFileSync(file, `${JSON.stringify(call)}\n{"role":"user","te`)
    const again = await start({ options: { resume: probe.driver.sessionId! } })
    expect((await again.probe.turn('go on')).end.reason).toBe('completed')
    const items = again.endpoint.seen.at(-1)!.request!.items
    expect(items.some(({ text }) => text.includes('remember pineapple'))).toBe(true)
    expect(items.some(({ role, text }) => role === 'tool' && text.includes('Interrupted'))).toBe(true)
  })

  test('of another name, or with a path for a name, is lost', async () => {
    for (const resume of ['nothing-here', '../../../etc/passwd']) {
      const options = { resume }
      await expect(start({ options })).rejects.toMatchObject({ failure: { reason: 'session_lost' } })
    }
    expect(existsSync(join(home, 'state/sessions'))).toBe(true)
    expect(readdirSync(join(home, 'state/sessions'))).toEqual([])
  })

  test('keeps what was said before an interruption', async () => {
    const { probe } = await start()
    await probe.driver.send(script([{ say: 'abcdefgh', chunks: 8, delayMs: 100 }]))
    await probe.until('message.delta')
    await probe.driver.interrupt()
    const file = join(home, 'state/sessions', `${probe.driver.sessionId}.jsonl`)
    expect(readFileSync(file, 'utf8')).toContain('(interrupted)')
    checkStream(probe.events)
  })
})

describe('with a cache', () => {
  test('a turn that was asked before is answered as before, shows what that saved, and counts nothing', async () => {
    const stage = await startStage({ mode: 'tools', prices: ['scripted=10/100'] })
    const cached = stage.service.fetchFor('agent_1', {})
    const blocks = (request: ModelRequest): Block[] =>
      request.items.some(({ role }) => role === 'tool')
        ? [{ say: 'two files', chunks: 3 }]
        : [{ ...READ, id: 'call_1' }]
    const first = await start({ decide: blocks, cached })
    await first.probe.turn('how many files?')
    const again = await start({ decide: blocks, cached, endpoint: first.endpoint })
    const { end } = await again.probe.turn('how many files?')
    expect(end.text).toBe('two files')
    expect(first.probe.of('cache')).toEqual([])
    expect(first.endpoint.seen.filter(({ request }) => request).length).toBe(2)
    const usage = { input: 60, cacheRead: 40, cacheWrite: 0, output: 20, reasoning: 5 }
    expect(again.probe.of('cache').map(({ model, usage, costUsd }) => ({ model, usage, costUsd }))).toEqual([
      { model: 'scripted', usage, costUsd: 0.003 },
      { model: 'scripted', usage, costUsd: 0.003 },
    ])
    const counted = again.probe.of('usage')
    expect(counted.map((event) => event.usage.input + event.usage.cacheRead + event.usage.output)).toEqual([0, 0])
    expect(counted.at(-1)?.context?.used).toBe(120)
    expect(again.probe.of('message.delta').map(({ text }) => text)).toEqual(
      first.probe.of('message.delta').map(({ text }) => text),
    )
    checkStream(again.probe.events)
    await stage.stop()
  })

  test('it is the model that is asked while the agent’s turns have tools and that is not turned on', async () => {
    const stage = await startStage({ mode: 'on' })
    const { probe, endpoint } = await start({ decide: () => [{ say: 'hi' }], cached: stage.service.fetchFor('a', {}) })
    await probe.turn('hello')
    const again = await start({ decide: () => [], cached: stage.service.fetchFor('a', {}), endpoint })
    await again.probe.turn('hello')
    expect(endpoint.seen.filter(({ request }) => request).length).toBe(2)
    expect(again.probe.of('usage')[0]?.usage.output).toBe(20)
    await stage.stop()
  })
})
