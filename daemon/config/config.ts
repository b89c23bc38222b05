import { hostname } from 'node:os'
import { NekodeError } from '@shared/errors'
import { nekodeHome } from '@shared/home'
import { LOG_FORMATS, LOG_LEVELS } from '@shared/log'
import { z } from 'zod'
import {
  CACHE_MODES,
  type Field,
  FIELDS,
  flagOf,
  LOCAL_PORT,
  parseJsonValue,
  parseText,
  type Parsed,
  SANDBOXES,
  SECRET_STORES,
  SWITCH,
} from './fields'
import { readJsonObject } from './file'
import { defaultConfigPath, type Paths, pathsOf } from './paths'

const Settings = z.object({
  serverUrl: z.string().default('http://localhost:18790').transform(normalizeUrl),
  token: z.string().default(''),
  caFile: z.string().default(''),
  daemonId: z.string().optional(),
  computerId: z.string().optional(),
  displayName: z.string().optional(),
  hostname: z.string().optional(),
  heartbeatInterval: z.number().optional(),
  runPollInterval: z.number().default(30_000),
  runTimeout: z.number().optional(),
  agentMemoryMb: z.number().optional(),
  agentProcesses: z.number().optional(),
  agentCpuPercent: z.number().optional(),
  agentSandbox: z.enum(SANDBOXES).default('asked'),
  hangTimeout: z.number().default(15 * 60_000),
  idleTimeout: z.number().default(30 * 60_000),
  maxConcurrentRuns: z.number().default(32),
  maxConcurrentStarts: z.number().default(2),
  startInterval: z.number().default(100),
  executorCommand: z.string().default(''),
  executorArgs: z.array(z.string()).default([]),
  agentId: z.string().default(''),
  runtimeKind: z.string().default('codex'),
  target: z.string().default('#general'),
  tunnelPorts: z.string().default(''),
  localPort: z.string().default(String(LOCAL_PORT)),
  secretStore: z.enum(SECRET_STORES).default('auto'),
  modelCache: z.enum(CACHE_MODES).default('off'),
  cacheTtl: z.number().default(3_600_000),
  cacheMaxMb: z.number().default(256),
  cacheMemoryMb: z.number().default(16),
  cacheSampled: z.enum(SWITCH).default('off'),
  cacheShared: z.enum(SWITCH).default('off'),
  cacheUpstreams: z.array(z.string()).default([]),
  modelPrices: z.array(z.string()).default([]),
  httpsProxy: z.string().default(''),
  httpProxy: z.string().default(''),
  noProxy: z.string().default(''),
  logLevel: z.enum(LOG_LEVELS).default('info'),
  logFile: z.string().optional(),
  logFormat: z.enum(LOG_FORMATS).optional(),
})

type Names = 'daemonId' | 'computerId' | 'displayName' | 'hostname'

/** Settings of one daemon. Times are milliseconds. */
export type Config = Omit<z.infer<typeof Settings>, Names> &
  Record<Names, string> & {
    /** The file that was read, or would have been. */
    path: string
    paths: Paths
    /** What was passed over, for the log. */
    warnings: string[]
  }

export interface Sources {
  /** Values of flags by their name without dashes; a flag that may be repeated has all its values. */
  flags?: Record<string, string | string[] | undefined>
  env?: Record<string, string | undefined>
}

/**
 * Reads the settings: environment, then file, then flags, the later the stronger.
 * @throws NekodeError precondition `config_invalid` that names the file and key, or invalid `usage` that names the flag
 */
export function loadConfig({ flags = {}, env = process.env }: Sources = {}): Config {
  const warnings: string[] = []
  const home = nekodeHome(env)
  const path = text(flags.config) ?? env.NEKODE_DAEMON_CONFIG ?? defaultConfigPath(home)
  const file = readJsonObject(path)
  if (!file && (text(flags.config) ?? env.NEKODE_DAEMON_CONFIG))
    warnings.push(`The configuration file ${path} does not exist.`)
  for (const key of Object.keys(file ?? {}))
    if (!FIELDS.some((field) => field.key === key)) warnings.push(`The key ${key} of ${path} is not known.`)
  const merged: Record<string, unknown> = {}
  for (const field of FIELDS) {
    const fromEnv = readEnv(field, env, warnings)
    const fromFile = readKey(field, path, file?.[field.key])
    const value = readFlag(field, flags[flagOf(field)], fromFile ?? fromEnv) ?? fromFile ?? fromEnv
    // An empty text anywhere means "not set", as it always has.
    if (value !== undefined && value !== '') merged[field.key] = value
  }
  const settings = Settings.parse(merged)
  const host = settings.hostname ?? hostname()
  return {
    ...settings,
    hostname: host,
    daemonId: settings.daemonId ?? `daemon-${host}`,
    computerId: settings.computerId ?? `computer-${host}`,
    displayName: settings.displayName ?? host,
    path,
    paths: pathsOf(home),
    warnings,
  }
}

type Value = Extract<Parsed, { value: unknown }>['value']

function readEnv(field: Field, env: Record<string, string | undefined>, warnings: string[]): Value | undefined {
  const name = field.env.find((variable) => env[variable])
  const given = name && env[name]
  if (!name || !given) return undefined
  const parsed = parseText(field, given)
  if ('value' in parsed) return parsed.value
  // Deployed daemons have always started with such a variable, on its default.
  warnings.push(`The variable ${name} ${parsed.problem}; it is ignored.`)
  return undefined
}

function readKey(field: Field, path: string, given: unknown): Value | undefined {
  if (given === undefined || given === null) return undefined
  const parsed = parseJsonValue(field, given)
  if ('value' in parsed) return parsed.value
  throw new NekodeError('precondition', `The key ${field.key} of ${path} ${parsed.problem}.`, {
    code: 'config_invalid',
    next: `Correct ${field.key} in ${path}.`,
  })
}

function readFlag(field: Field, given: string | string[] | undefined, base: Value | undefined): Value | undefined {
  if (given === undefined) return undefined
  // Arguments for the executor add to those of the weaker sources.
  if (field.kind === 'words') return [...(Array.isArray(base) ? base : []), ...[given].flat()]
  const parsed = parseText(field, text(given) ?? '')
  if ('value' in parsed) return parsed.value
  throw new NekodeError('invalid', `The flag --${flagOf(field)} ${parsed.problem}.`, {
    code: 'usage',
    next: 'See nekode-daemon run --help.',
  })
}

const text = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value.at(-1) : value)

/** `host:1234/` → `http://host:1234`. */
export function normalizeUrl(url: string): string {
  const whole = /^[a-z][a-z0-9+.-]*:\/\//i.test(url) ? url : `http://${url}`
  return whole.replace(/\/+$/, '')
}
