import { expect, test } from 'bun:test'
import { type Stage, startStage } from './testing'
import { routed } from './environment'

const URL = 'http://127.0.0.1:4137/cache'
const KEY = 'nkm_agent'
const of = (kind: string, env: Record<string, string>) => routed(kind, env, URL, KEY)

test('Claude Code calls the proxy with its own login, and says who it is by a header of its own', () => {
  expect(of('claude', { HOME: '/h' })).toEqual({
    env: {
      HOME: '/h',
      ANTHROPIC_BASE_URL: `${URL}/anthropic`,
      ANTHROPIC_CUSTOM_HEADERS: `x-nekode-key: ${KEY}`,
    },
    routes: [],
  })
  const own = of('claude-code', { ANTHROPIC_BASE_URL: 'https://llm.example/x/', ANTHROPIC_CUSTOM_HEADERS: 'a: b' })
  expect(own?.env.ANTHROPIC_CUSTOM_HEADERS).toBe(`a: b\nx-nekode-key: ${KEY}`)
  expect(own?.routes).toEqual([{ name: 'anthropic', base: 'https://llm.example/x' }])
})

test('Codex calls the proxy where its endpoint is known, which needs a key or an address in its environment', () => {
  const home = { HOME: '/nowhere' }
  expect(of('codex', { ...home, OPENAI_BASE_URL: 'http://10.0.0.2/v1' })).toEqual({
    env: { ...home, OPENAI_BASE_URL: `${URL}/openai/v1`, NEKODE_CACHE_KEY: KEY },
    routes: [{ name: 'openai', base: 'http://10.0.0.2/v1' }],
  })
  expect(of('codex', { ...home, CODEX_API_KEY: 'sk' })?.routes).toEqual([
    { name: 'openai', base: 'https://api.openai.com/v1' },
  ])
  expect(of('codex', home)).toBeUndefined()
})

test('a program of the SDKs gets the agent’s key here in the place of its key for the endpoint', () => {
  const env = { OPENAI_API_KEY: 'sk-1', ANTHROPIC_API_KEY: 'sk-2', ANTHROPIC_BASE_URL: 'https://llm.example' }
  const found = of('custom', env)
  expect(found?.env).toEqual({
    OPENAI_API_KEY: KEY,
    OPENAI_BASE_URL: `${URL}/openai/v1`,
    ANTHROPIC_API_KEY: KEY,
    ANTHROPIC_BASE_URL: `${URL}/anthropic`,
  })
  expect(found?.routes).toEqual([
    { name: 'openai', base: '', key: 'sk-1' },
    { name: 'anthropic', base: 'https://llm.example', key: 'sk-2' },
  ])
})

test.each([
  ['whose runtime has no such variables', 'gemini', { OPENAI_API_KEY: 'sk' }],
  ['that logs in elsewhere', 'claude', { CLAUDE_CODE_USE_BEDROCK: '1' }],
  ['without a key', 'custom', {}],
  ['whose endpoint is no address', 'claude', { ANTHROPIC_BASE_URL: 'unix:/x' }],
  ['of an unknown kind', 'something', { OPENAI_API_KEY: 'sk' }],
  ['that is the daemon’s own', 'builtin', { OPENAI_API_KEY: 'sk' }],
])('an agent %s keeps its environment', (_, kind, env: Record<string, string>) => {
  expect(of(kind, env)).toBeUndefined()
})

test('an agent is cached when its own variable says so, else when the computer’s setting does', async () => {
  const stage: Stage = await startStage({ mode: 'on' })
  const { service } = stage
  expect([
    service.modeOf({}),
    service.modeOf({ NEKODE_MODEL_CACHE: 'tools' }),
    service.modeOf({ NEKODE_MODEL_CACHE: 'x' }),
  ]).toEqual(['on', 'tools', 'on'])
  const off = { NEKODE_MODEL_CACHE: 'off', ANTHROPIC_API_KEY: 'sk' }
  expect(service.environment('agent_1', 'claude', off, KEY)).toEqual(off)
  expect(service.fetchFor('agent_1', off)).toBeUndefined()
  expect(service.environment('agent_1', 'claude', {}, KEY).ANTHROPIC_BASE_URL).toBe(`${stage.url}/anthropic`)
  expect(service.fetchFor('agent_1', {})).toBeDefined()
  service.place(undefined)
  expect(service.environment('agent_1', 'claude', {}, KEY)).toEqual({})
  await stage.stop()
})
