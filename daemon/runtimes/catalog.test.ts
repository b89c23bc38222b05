import { expect, test } from 'bun:test'
import { RUNTIMES, runtimeSpec } from './catalog'
import { runtimeEnv, searchPath } from './env'

test('every preset that existed before is there, with its variable', () => {
  const presets = {
    codex: 'NEKODE_CODEX_PATH',
    claude: 'NEKODE_CLAUDE_PATH',
    opencode: 'NEKODE_OPENCODE_PATH',
    kimi: 'NEKODE_KIMI_PATH',
    gemini: 'NEKODE_GEMINI_PATH',
    custom: undefined,
    'cursor-agent': 'NEKODE_CURSOR_PATH',
    copilot: 'NEKODE_COPILOT_PATH',
    openclaw: 'NEKODE_OPENCLAW_PATH',
    hermes: 'NEKODE_HERMES_PATH',
    pi: 'NEKODE_PI_PATH',
    'kiro-cli': 'NEKODE_KIRO_PATH',
  }
  for (const [kind, variable] of Object.entries(presets)) expect(runtimeSpec(kind)?.pathEnv).toBe(variable!)
  for (const kind of ['builtin', 'neko', 'demo', 'qwen', 'goose', 'acp']) expect(runtimeSpec(kind)?.kind).toBe(kind)
})

test('names are given once, and aliases lead to their kind', () => {
  const names = RUNTIMES.flatMap(({ kind, aliases = [] }) => [kind, ...aliases])
  expect(new Set(names).size).toBe(names.length)
  for (const { kind, aliases = [] } of RUNTIMES)
    for (const alias of aliases) expect(runtimeSpec(alias)?.kind).toBe(kind)
  expect(runtimeSpec('no-such-kind')).toBeUndefined()
})

test('an agent’s environment is an allow-list, its runtime’s login variables and its own settings', () => {
  const daemon = {
    PATH: '/usr/bin',
    HOME: '/home/u',
    LANG: 'de_DE.UTF-8',
    LC_TIME: 'de_DE.UTF-8',
    HTTPS_PROXY: 'http://proxy',
    SSL_CERT_FILE: '/certs',
    NEKODE_DAEMON_TOKEN: 'secret',
    NEKODE_COMPUTER_TOKEN: 'secret',
    NEKODE_MODEL_API_KEY: 'model key',
    AWS_SECRET_ACCESS_KEY: 'secret',
    SSH_AUTH_SOCK: '/agent',
    ANTHROPIC_API_KEY: 'anthropic key',
    OPENAI_API_KEY: 'openai key',
    CLAUDECODE: '1',
  }
  const PATH = searchPath(daemon)
  const base = {
    TERM: 'dumb',
    LANG: 'de_DE.UTF-8',
    LC_TIME: 'de_DE.UTF-8',
    HOME: '/home/u',
    HTTPS_PROXY: 'http://proxy',
    // What the daemon offers its agents is on this computer.
    NO_PROXY: 'localhost,127.0.0.1,::1',
    no_proxy: 'localhost,127.0.0.1,::1',
    SSL_CERT_FILE: '/certs',
    PATH,
  }
  expect(PATH.split(':')[0]).toBe('/usr/bin')
  expect(PATH).toContain('/home/u/.local/bin')
  expect(runtimeEnv('claude', daemon)).toEqual({ ...base, ANTHROPIC_API_KEY: 'anthropic key' })
  expect(runtimeEnv('codex', daemon)).toEqual({ ...base, OPENAI_API_KEY: 'openai key' })
  expect(runtimeEnv('custom', daemon, { MINE: 'x', LANG: 'C' })).toEqual({ ...base, MINE: 'x', LANG: 'C' })
  expect(runtimeEnv('demo', {})).toEqual({ LANG: 'C.UTF-8', TERM: 'dumb', PATH: searchPath({}) })
  expect(runtimeEnv('builtin', daemon)).toHaveProperty('NEKODE_MODEL_API_KEY', 'model key')
})
