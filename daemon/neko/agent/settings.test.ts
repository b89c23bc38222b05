import { describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NekodeError } from '@shared/errors'
import { agentSettings } from './settings'
import { AGENT_TYPES, SOURCES, WITHOUT_EFFECT } from './table'

const LOGIN = { NEKO_URL: 'https://neko.example.com/room', NEKO_USER: 'user', NEKO_PASS: 'secret-word' }
const wrong = (env: Record<string, string>, flags = {}): NekodeError => {
  try {
    agentSettings(env, flags)
  } catch (error) {
    if (error instanceof NekodeError) return error
    throw error
  }
  throw new Error('nothing was wrong')
}

describe('settings', () => {
  test('have the documented defaults', () => {
    expect(agentSettings(LOGIN)).toEqual({
      connection: { url: LOGIN.NEKO_URL, username: 'user', password: 'secret-word' },
      task: 'Search the weather',
      mode: 'web',
      online: false,
      healthcheck: false,
      maxSteps: 8,
      timeLimitSeconds: 1800,
      refinementSteps: 5,
      audio: true,
      frames: 'auto',
      ice: { policy: 'strict', stun: 'stun:stun.l.google.com:19302' },
      rtcpKeepalive: false,
      skipInitialFrames: 5,
      forceExitGuardMs: 0,
      log: { level: 'info', format: 'text' },
      metricsPort: 9000,
      picture: { shortestEdge: 224, longestEdge: 1344 },
      model: {
        type: 'auto',
        timeoutMs: 120_000,
        callTimeoutMs: 120_000,
        maxTokens: 2048,
        temperature: 0,
        topP: 1,
        maxRetries: 3,
        historySteps: 10,
        historyPictures: 2,
      },
      warnings: [],
    })
  })

  test('come from the environment', () => {
    const settings = agentSettings({
      NEKO_WS: 'wss://neko.test/api/ws?token=abc',
      NEKO_TASK: 'Book a table',
      NEKO_MODE: 'phone',
      NEKO_MAX_STEPS: '15',
      NEKO_TIME_LIMIT: '10m',
      NEKO_AUDIO: '0',
      REFINEMENT_STEPS: '3',
      SIZE_SHORTEST_EDGE: '300',
      SIZE_LONGEST_EDGE: '1000',
      NEKO_ICE_POLICY: 'all',
      NEKO_STUN_URL: 'stun:stun.test:3478',
      NEKO_TURN_URL: 'turn:turn.test:3478?transport=tcp',
      NEKO_TURN_USER: 'me',
      NEKO_TURN_PASS: 'pass',
      NEKO_RTCP_KEEPALIVE: '1',
      NEKO_SKIP_INITIAL_FRAMES: '0',
      NEKO_FORCE_EXIT_GUARD_MS: '500',
      NEKO_LOGLEVEL: 'WARNING',
      NEKO_LOG_FORMAT: 'JSON',
      NEKO_LOGFILE: '/tmp/x.log',
      NEKO_METRICS_PORT: '9100',
      NEKO_RUN_ID: 'run-7',
      NEKO_FRAMES: 'screenshot',
      FRAME_SAVE_PATH: './tmp/frame.png',
      CLICK_SAVE_PATH: './tmp/actions/',
      NEKO_AGENT_TYPE: 'qwen3vl',
      NEKO_INFERENCE_TIMEOUT: '90s',
      NEKO_MODEL_TIMEOUT: '20',
      NEKO_HISTORY_STEPS: '4',
      NEKO_HISTORY_PICTURES: '0',
    })
    const base = join(tmpdir(), 'neko-agent')
    expect(settings).toMatchObject({
      connection: { ws: 'wss://neko.test/api/ws?token=abc' },
      task: 'Book a table',
      mode: 'phone',
      maxSteps: 15,
      timeLimitSeconds: 600,
      audio: false,
      refinementSteps: 3,
      picture: { shortestEdge: 300, longestEdge: 1000 },
      ice: {
        policy: 'all',
        stun: 'stun:stun.test:3478',
        turn: { url: 'turn:turn.test:3478?transport=tcp', user: 'me', pass: 'pass' },
      },
      rtcpKeepalive: true,
      skipInitialFrames: 0,
      forceExitGuardMs: 500,
      log: { level: 'warn', format: 'json', file: '/tmp/x.log' },
      metricsPort: 9100,
      runId: 'run-7',
      frames: 'screenshot',
      saveFrame: join(base, 'tmp/frame.png'),
      saveActions: `${join(base, 'tmp/actions')}/`,
      model: { type: 'qwen3vl', timeoutMs: 90_000, callTimeoutMs: 20_000, historySteps: 4, historyPictures: 0 },
    })
  })

  test('given as flags go before the environment', () => {
    const settings = agentSettings(
      { ...LOGIN, NEKO_TASK: 'a', NEKO_MAX_STEPS: '3', NEKO_METRICS_PORT: '9100', NEKODE_MODEL: 'one' },
      {
        task: 'b',
        'max-steps': '4',
        'metrics-port': 9200,
        loglevel: 'debug',
        model: 'two',
        mode: 'phone',
        'time-limit': '90s',
      },
    )
    expect(settings).toMatchObject({
      task: 'b',
      maxSteps: 4,
      metricsPort: 9200,
      log: { level: 'debug' },
      mode: 'phone',
      timeLimitSeconds: 90,
    })
    expect(settings.model.name).toBe('two')
  })

  test('flags that were not given say nothing', () => {
    const { online, healthcheck, audio } = agentSettings(
      { ...LOGIN, NEKO_AUDIO: '0' },
      { online: false, healthcheck: false, audio: true, task: undefined },
    )
    expect([online, healthcheck, audio]).toEqual([false, false, false])
    for (const flags of [{ audio: false }, { 'no-audio': true }]) expect(agentSettings(LOGIN, flags).audio).toBe(false)
    expect(agentSettings(LOGIN, { online: true }).online).toBe(true)
  })

  test('everything that is wrong is listed at once, without what is secret', () => {
    const error = wrong(
      {
        NEKO_WS: 'http://neko.test/?token=very-secret',
        NEKO_MAX_STEPS: '0',
        REFINEMENT_STEPS: 'many',
        NEKO_ICE_POLICY: 'loose',
        NEKO_LOG_FORMAT: 'xml',
        NEKO_LOGLEVEL: 'LOUD',
        SIZE_LONGEST_EDGE: '-1',
        NEKO_SKIP_INITIAL_FRAMES: '-2',
        NEKO_METRICS_PORT: '70000',
        NEKO_AGENT_TYPE: 'gemini',
        NEKO_INFERENCE_TIMEOUT: '0',
        NEKO_TURN_URL: 'turn:x:1',
        FRAME_SAVE_PATH: '../../etc/frame.png',
        OPENROUTER_TEMPERATURE: '3',
        OPENROUTER_API_KEY: 'also-secret',
        OPENROUTER_MODEL: 'no-maker',
      },
      { mode: 'tv' },
    )
    const paths = error.details?.map(({ path }) => path) ?? []
    expect(paths.toSorted()).toEqual(
      [
        '--mode',
        'FRAME_SAVE_PATH',
        'NEKO_AGENT_TYPE',
        'NEKO_ICE_POLICY',
        'NEKO_INFERENCE_TIMEOUT',
        'NEKO_LOGLEVEL',
        'NEKO_LOG_FORMAT',
        'NEKO_MAX_STEPS',
        'NEKO_METRICS_PORT',
        'NEKO_SKIP_INITIAL_FRAMES',
        'NEKO_TURN_URL',
        'NEKO_WS',
        'OPENROUTER_MODEL',
        'OPENROUTER_TEMPERATURE',
        'REFINEMENT_STEPS',
        'SIZE_LONGEST_EDGE',
      ].toSorted(),
    )
    expect(error.kind).toBe('invalid')
    expect(error.message).toContain('  - NEKO_MAX_STEPS is a whole number from 1 to 10000, not “0”')
    expect(JSON.stringify([error.message, error.details])).not.toMatch(/very-secret|also-secret/)
  })

  test('an address or all of a login is needed', () => {
    expect(wrong({}).details?.map(({ path }) => path)).toEqual(['NEKO_URL', 'NEKO_USER', 'NEKO_PASS'])
    expect(wrong({ NEKO_URL: 'http://x', NEKO_USER: 'u' }).details?.map(({ path }) => path)).toEqual(['NEKO_PASS'])
    expect(wrong({ ...LOGIN, NEKO_URL: 'ftp://x' }).details?.map(({ path }) => path)).toEqual(['NEKO_URL'])
    // The placeholder of the documents is none.
    expect(wrong({ NEKO_WS: 'wss://neko.example.com/api/ws' }).details).toHaveLength(3)
    expect(agentSettings({}, {}, { connects: false }).connection).toEqual({})
  })

  test('what has no effect, and what is unwise, is told', () => {
    const { warnings, connection } = agentSettings(
      { ...LOGIN, NEKO_WS: 'ws://h/api/ws?token=t', OFFLOAD_FOLDER: './offload', PORT: 'http' },
      { password: 'x', online: true, task: 'y' },
    )
    expect(connection).toEqual({ ws: 'ws://h/api/ws?token=t' })
    expect(warnings.join('\n')).toMatch(
      /OFFLOAD_FOLDER[^]*PORT[^]*NEKO_URL, NEKO_USER, NEKO_PASS have no effect[^]*--password is on the command line[^]*--task has no effect/,
    )
    expect(agentSettings(LOGIN, { ws: 'ws://h/api/ws?token=t' }).warnings.join()).toContain(
      '--ws is on the command line',
    )
  })

  test('PORT goes before NEKO_METRICS_PORT, unless it is no port', () => {
    expect(agentSettings({ ...LOGIN, PORT: '8080', NEKO_METRICS_PORT: '9100' }).metricsPort).toBe(8080)
    expect(agentSettings({ ...LOGIN, PORT: '99999', NEKO_METRICS_PORT: '9100' }).metricsPort).toBe(9100)
  })

  test('TURN goes with a user and a password', () => {
    expect(wrong({ ...LOGIN, NEKO_TURN_URL: 'turn:x:1', NEKO_TURN_USER: 'u' }).details?.[0]?.path).toBe('NEKO_TURN_URL')
  })

  test('a path below the folder for temporary files stays there, an absolute one is taken as it is', () => {
    expect(agentSettings({ ...LOGIN, FRAME_SAVE_PATH: '/data/frame.png' }).saveFrame).toBe('/data/frame.png')
    expect(agentSettings({ ...LOGIN, CLICK_SAVE_PATH: 'a/../b' }).saveActions).toBe(join(tmpdir(), 'neko-agent', 'b'))
    expect(wrong({ ...LOGIN, CLICK_SAVE_PATH: 'a/../../b' }).details?.[0]?.path).toBe('CLICK_SAVE_PATH')
  })
})

describe('the model that is named', () => {
  const model = (env: Record<string, string>) => agentSettings({ ...LOGIN, ...env }).model
  test.each([
    [{ NEKO_AGENT_TYPE: 'showui' }, 'showlab/ShowUI-2B'],
    [{ NEKO_AGENT_TYPE: 'showui', REPO_ID: './checkpoint' }, './checkpoint'],
    // A server of one's own lists what it has.
    [{ NEKO_AGENT_TYPE: 'showui', NEKODE_MODEL_BASE_URL: 'http://127.0.0.1:8000/v1' }, undefined],
    [{ REPO_ID: 'Qwen/Qwen3-VL-8B' }, 'Qwen/Qwen3-VL-8B'],
    [{ NEKO_AGENT_TYPE: 'qwen', QWEN_VL_MODEL: 'qwen/qwen3-vl' }, 'qwen/qwen3-vl'],
    [{ NEKO_AGENT_TYPE: 'claude', CLAUDE_MODEL: 'anthropic/claude-3.5-sonnet' }, 'anthropic/claude-3.5-sonnet'],
    [{ NEKO_AGENT_TYPE: 'claude', CLAUDE_MODEL: 'a', NEKODE_MODEL: 'b' }, 'b'],
    [{}, undefined],
  ])('%j', (env, name) => expect(model(env).name).toBe(name))

  test('OpenRouter has its own settings, and is not used with an endpoint of one’s own', () => {
    const env = {
      OPENROUTER_API_KEY: 'key',
      OPENROUTER_SITE_URL: 'https://site.test',
      OPENROUTER_REASONING_EFFORT: 'low',
    }
    expect(model(env)).toMatchObject({
      callTimeoutMs: 60_000,
      reasoning: { effort: 'low' },
      openRouter: {
        apiKey: 'key',
        baseUrl: 'https://openrouter.ai/api/v1',
        model: 'qwen/qwen2.5-vl-72b-instruct',
        siteUrl: 'https://site.test',
        appName: 'Neko Agent',
      },
    })
    expect(model({ ...env, NEKODE_MODEL_BASE_URL: 'http://127.0.0.1/v1' }).openRouter).toBeUndefined()
    expect(model({ OPENROUTER_API_KEY: 'key', OPENROUTER_REASONING_ENABLED: '0' }).reasoning).toBeUndefined()
  })
})

test('every variable and flag is documented', () => {
  const page = readFileSync(join(import.meta.dir, '../../../docs/neko-agent-settings.md'), 'utf8')
  const sources = Object.values(SOURCES)
  for (const name of [...sources.flatMap(({ env }) => env), ...Object.keys(WITHOUT_EFFECT)])
    expect(page).toContain(`\`${name}\``)
  for (const { flag } of sources) if (flag) expect(page).toContain(`\`--${flag === 'audio' ? 'no-audio' : flag}\``)
  for (const type of AGENT_TYPES) expect(page).toContain(`\`${type}\``)
})
