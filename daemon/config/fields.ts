import { parseDuration } from '@shared/duration'
import { LOG_FORMATS, LOG_LEVELS } from '@shared/log'

/** Where the local HTTP API is unless something else is said. */
export const LOCAL_PORT = 4137

/** `auto`: in the keychain of the operating system where there is one, else in the vault. */
export const SECRET_STORES = ['auto', 'keychain', 'vault'] as const

/** What is cached of agents: nothing, calls of the model without tools, or those too. */
export const CACHE_MODES = ['off', 'on', 'tools'] as const
export const SWITCH = ['off', 'on'] as const

/** Which agents run in a sandbox: those whose own settings say so, or every one. */
export const SANDBOXES = ['asked', 'always'] as const

/** What a setting's text means. Durations are in Go's syntax in every source and milliseconds in the result. */
export type FieldKind = 'text' | 'port' | 'duration' | 'count' | 'words' | readonly string[]

export interface Field {
  /** Key in the JSON file; the flag is its kebab case. */
  key: string
  kind: FieldKind
  /** Environment variables, the strongest first. */
  env: readonly string[]
  help: string
  /** More names of the flag. */
  alias?: readonly string[]
  flag?: string
  secret?: true
}

const field = (
  key: string,
  kind: FieldKind,
  env: readonly string[],
  help: string,
  more: Partial<Field> = {},
): Field => ({
  key,
  kind,
  env,
  help,
  ...more,
})

/** Every setting of the daemon: one row is its flag, its variables and its key in the file. */
export const FIELDS: readonly Field[] = [
  field('serverUrl', 'text', ['NEKODE_DAEMON_SERVER_URL', 'NEKODE_SERVER_URL'], 'Address of the server', {
    alias: ['server'],
  }),
  field('token', 'text', ['NEKODE_DAEMON_TOKEN'], "This computer's token; the file is the place for it", {
    secret: true,
  }),
  field('caFile', 'text', ['NEKODE_CA_FILE'], "PEM file of the certificate authority behind the server's certificate"),
  field('daemonId', 'text', ['NEKODE_DAEMON_ID'], 'Name of this daemon (daemon-<hostname>)'),
  field('computerId', 'text', ['NEKODE_COMPUTER_ID'], 'Id of this computer (computer-<hostname>)'),
  field('displayName', 'text', ['NEKODE_COMPUTER_NAME'], 'How people see this computer (the hostname)'),
  field('hostname', 'text', ['NEKODE_HOSTNAME'], 'Hostname to report'),
  field('heartbeatInterval', 'duration', [], "Longest time between heartbeats (the server's advice, 30s)"),
  field('runPollInterval', 'duration', ['NEKODE_RUN_POLL_INTERVAL'], 'How often to ask for assigned runs (30s)'),
  field('runTimeout', 'duration', ['NEKODE_RUN_TIMEOUT'], 'Longest time a run may take (no limit)'),
  field('agentMemoryMb', 'count', ['NEKODE_AGENT_MEMORY_MB'], 'Most memory of one agent, in megabytes (no limit)'),
  field('agentProcesses', 'count', ['NEKODE_AGENT_PROCESSES'], 'Most processes of one agent (no limit)'),
  field(
    'agentCpuPercent',
    'count',
    ['NEKODE_AGENT_CPU_PERCENT'],
    'Most of the processors for one agent; 100 is one of them (no limit)',
  ),
  field(
    'agentSandbox',
    SANDBOXES,
    ['NEKODE_AGENT_SANDBOX'],
    'Whether all agents run in a sandbox, or those that ask for it (asked)',
  ),
  field('hangTimeout', 'duration', ['NEKODE_HANG_TIMEOUT'], 'Longest silence of a runtime in a turn (15m)'),
  field('idleTimeout', 'duration', ['NEKODE_IDLE_TIMEOUT'], 'An idle agent is put to sleep after this (30m)'),
  field('maxConcurrentRuns', 'count', ['NEKODE_MAX_CONCURRENT_RUNS'], 'Agents that may work at the same time (32)'),
  field(
    'maxConcurrentStarts',
    'count',
    ['NEKODE_MAX_CONCURRENT_STARTS'],
    'Runtimes that may start at the same time (2)',
  ),
  field(
    'startInterval',
    'duration',
    ['NEKODE_START_INTERVAL'],
    'Shortest time between two starts of a runtime (100ms)',
  ),
  field(
    'executorCommand',
    'text',
    ['NEKODE_EXECUTOR_COMMAND'],
    'Program of `command` agents that have none of their own',
  ),
  field('executorArgs', 'words', ['NEKODE_EXECUTOR_ARGS'], 'One argument for it; give the flag once for each', {
    flag: 'executor-arg',
  }),
  field('agentId', 'text', ['NEKODE_AGENT_ID'], 'Report one agent of this id with the inventory'),
  field('runtimeKind', 'text', ['NEKODE_RUNTIME_KIND'], "That agent's runtime (codex)"),
  field('target', 'text', ['NEKODE_DAEMON_TARGET'], "That agent's channel (#general)"),
  field(
    'tunnelPorts',
    'text',
    ['NEKODE_TUNNEL_PORTS'],
    'Ports that previews may show: 3000-3999,8080 or none (1024 and above, without databases and the like)',
  ),
  field('localPort', 'port', ['NEKODE_LOCAL_PORT'], `Port of the local HTTP API on loopback, or none (${LOCAL_PORT})`),
  field(
    'secretStore',
    SECRET_STORES,
    ['NEKODE_SECRET_STORE'],
    'Where secrets are kept (auto: the keychain if there is one)',
  ),
  field(
    'modelCache',
    CACHE_MODES,
    ['NEKODE_MODEL_CACHE'],
    'Whether agents get answers of models that were given before: on, tools (also in turns with tools), off (off)',
  ),
  field('cacheTtl', 'duration', ['NEKODE_MODEL_CACHE_TTL'], 'How long an answer is given again (1h)'),
  field('cacheMaxMb', 'count', ['NEKODE_MODEL_CACHE_MAX_MB'], 'Room for answers on the disk, in MiB (256)'),
  field('cacheMemoryMb', 'count', ['NEKODE_MODEL_CACHE_MEMORY_MB'], 'Room for answers in memory, in MiB (16)'),
  field(
    'cacheSampled',
    SWITCH,
    ['NEKODE_MODEL_CACHE_SAMPLED'],
    'Whether requests with a temperature above 0 are cached too (off)',
  ),
  field(
    'cacheShared',
    SWITCH,
    ['NEKODE_MODEL_CACHE_SHARED'],
    'Whether answers given to one agent are given to all agents and programs of this computer (off)',
  ),
  field(
    'cacheUpstreams',
    'words',
    ['NEKODE_MODEL_CACHE_UPSTREAMS'],
    'An endpoint of the cache’s proxy: name=address or name=address,secret:NAME; give the flag once for each',
    { flag: 'cache-upstream' },
  ),
  field(
    'modelPrices',
    'words',
    ['NEKODE_MODEL_PRICES'],
    'A model’s price in dollars for a million tokens: model=input/output; give the flag once for each',
    { flag: 'model-price' },
  ),
  field(
    'httpsProxy',
    'text',
    ['HTTPS_PROXY', 'https_proxy'],
    'Proxy for https addresses: http://user:password@host:port',
    {
      secret: true,
    },
  ),
  field('httpProxy', 'text', ['HTTP_PROXY', 'http_proxy'], 'Proxy for http addresses', { secret: true }),
  field('noProxy', 'text', ['NO_PROXY', 'no_proxy'], 'Hosts that are reached without a proxy, comma-separated'),
  field('logLevel', LOG_LEVELS, ['NEKODE_LOG_LEVEL'], 'Least level that is logged (info)'),
  field('logFile', 'text', ['NEKODE_LOG_FILE'], 'File for the log, which rotates by itself (standard error)'),
  field('logFormat', LOG_FORMATS, ['NEKODE_LOG_FORMAT'], 'How lines are written (text on a terminal, else json)'),
]

export const flagOf = ({ flag, key }: Field): string =>
  flag ?? key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)

export type Parsed = { value: string | number | string[] } | { problem: string }

/** The value of a setting given as text (a flag, a variable), or what it must be. */
export function parseText({ kind }: Field, text: string): Parsed {
  if (kind === 'text') return { value: text.trim() }
  if (kind === 'port') return parsePort(text.trim())
  if (kind === 'words') return { value: text.split(/\s+/).filter(Boolean) }
  if (kind === 'count') return parseCount(/^\d+$/.test(text.trim()) ? Number(text) : Number.NaN)
  if (kind === 'duration') return parseInterval(text)
  return kind.includes(text) ? { value: text } : { problem: `must be one of ${kind.join(', ')}` }
}

/** The value of a setting in the JSON file, where numbers and lists have types of their own, or what it must be. */
export function parseJsonValue(field: Field, value: unknown): Parsed {
  if (field.kind === 'count') return parseCount(value)
  if (field.kind === 'words') {
    const words = Array.isArray(value) && value.every((word) => typeof word === 'string') ? value : undefined
    return words ? { value: words } : { problem: 'must be a list of texts' }
  }
  if (field.kind === 'port' && typeof value === 'number') return parsePort(String(value))
  return typeof value === 'string' ? parseText(field, value) : { problem: 'must be a text' }
}

function parsePort(text: string): Parsed {
  const isPort = text === 'none' || (/^\d{1,5}$/.test(text) && Number(text) <= 65_535)
  return isPort ? { value: text } : { problem: 'must be a port, 0 for any free one, or none' }
}

function parseCount(value: unknown): Parsed {
  const isCount = typeof value === 'number' && Number.isSafeInteger(value) && value > 0
  return isCount ? { value } : { problem: 'must be a whole number above 0' }
}

function parseInterval(text: string): Parsed {
  const value = parseDuration(text)
  return value !== undefined && value > 0 ? { value } : { problem: 'must be a duration above 0, such as 30s or 5m' }
}
