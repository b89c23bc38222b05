import { NekodeError } from '@shared/errors'
import { nekodeHome } from '@shared/home'
import { CALLS } from '@shared/limits'
import type { LogFormat, LogLevel } from '@shared/log'
import { join, resolve } from 'node:path'
import { type StorageConfig, storageConfig } from '../blobs/config'
import type { AllowedBlock } from '../http/guarded'
import type { Kept } from '../retention/service'
import { type OidcConfig, oidcConfig } from '../oidc/config'
import { type DbType, databaseAddress } from './dsn'
import { readConfigFile } from './file'
import { addressOf, refusePassword } from './secret'
import { type Address, type Given, SETTINGS, SETTING_KEYS } from './settings'
import { unknownVariables } from './variables'

export const DEFAULT_PORT = 18_790

export interface Config {
  addr: Address
  /** Undefined: not set, and then taken from each request. No slash at the end. */
  baseUrl: string | undefined
  daemonRpcUrl: string | undefined
  grpcAddr: Address | undefined
  /** A domain below which each preview has a host, with a port where it is not the scheme's own. */
  previewDomain: string | undefined
  previewAddr: Address | undefined
  webDistDir: string | undefined
  /** Absolute. */
  dataDir: string
  /** What `openDatabase` takes. */
  dsn: string
  durability: 'full' | 'normal'
  admin: { username: string; password: string; displayName: string | undefined } | undefined
  webSetup: boolean
  tls: { cert: string; key: string } | undefined
  /** Reverse proxies whose X-Forwarded headers are believed. */
  trustProxy: number
  oidc: OidcConfig | undefined
  /** 0: everything is kept. */
  auditRetentionDays: number
  /** What one caller may do; 0 is as much as they like. */
  limits: typeof CALLS
  /** Where files are kept, and how many. */
  storage: StorageConfig
  secretKey: string | undefined
  /** Private addresses that requests to endpoints may go to. */
  outgoingAllow: AllowedBlock[]
  daemonDownload: { version: string | undefined; baseUrl: string | undefined }
  localDaemon: boolean
  retention: Kept
  logLevel: LogLevel
  logFormat: LogFormat
  /** What the operator should know about the settings, for the log. */
  warnings: string[]
}

export interface Sources {
  /** Values of flags by their name without dashes. */
  flags?: Record<string, string | boolean | undefined>
  env?: Record<string, string | undefined>
}

/**
 * Reads the settings. A flag wins over the environment, which wins over the file that `--config` or NEKODE_CONFIG names.
 * @throws NekodeError invalid `config_invalid` that names what is wrong and where it came from
 */
export function loadConfig({ flags = {}, env = process.env }: Sources = {}): Config {
  refusePassword(flags['db-dsn'])
  const path = text(flags.config) ?? text(env.NEKODE_CONFIG)
  const file = path === undefined ? {} : readConfigFile(path)
  // Each value is what its own schema made of it, which the compiler cannot follow through the table.
  const given = Object.assign({}, ...SETTING_KEYS.map((key) => readSetting(key, { flags, env, file, path }))) as Given
  const dataDir = resolve(given.dataDir ?? nekodeHome(env))
  return {
    addr: given.addr ?? { hostname: undefined, port: DEFAULT_PORT },
    baseUrl: given.baseUrl === `http://localhost:${DEFAULT_PORT}` ? undefined : given.baseUrl,
    daemonRpcUrl: given.daemonRpcUrl,
    grpcAddr: given.grpcAddr,
    previewDomain: previewDomainOf(given),
    previewAddr: given.previewAddr,
    webDistDir: given.webDistDir === undefined ? undefined : resolve(given.webDistDir),
    dataDir,
    dsn: databaseAddress(
      typeOf(given.dbType),
      addressOf(given.dbDsn, given.dbDsnFile) ?? given.dbPath,
      join(dataDir, 'nekode.db'),
    ),
    durability: given.durability ?? 'full',
    admin: adminOf(given),
    webSetup: !(given.bootstrapDisableWeb ?? false),
    tls: tlsOf(given),
    trustProxy: given.trustProxy ?? 0,
    oidc: oidcConfig(given),
    auditRetentionDays: given.auditRetentionDays ?? 0,
    limits: {
      perSecond: given.rateLimit ?? CALLS.perSecond,
      perSecondOfGuests: given.guestRateLimit ?? CALLS.perSecondOfGuests,
      streams: given.maxStreams ?? CALLS.streams,
      streamsOfAddress: given.maxStreamsPerAddress ?? CALLS.streamsOfAddress,
    },
    storage: storageConfig(given),
    secretKey: given.secretKey,
    outgoingAllow: given.outgoingAllow ?? [],
    daemonDownload: { version: given.daemonDownloadVersion, baseUrl: given.daemonDownloadBaseUrl },
    localDaemon: given.localDaemon ?? true,
    retention: { eventDays: given.eventRetention ?? 30, detailDays: given.runDetailRetention ?? 90 },
    logLevel: given.logLevel ?? 'info',
    logFormat: given.logFormat ?? 'text',
    warnings: [...unknownVariables(env), ...withoutEffect(given)],
  }
}

interface Found extends Required<Sources> {
  file: Record<string, string>
  path: string | undefined
}

/** One setting as `{ key: value }`, or nothing where nobody gave it. An empty text means "not given", as it always has. */
function readSetting(key: (typeof SETTING_KEYS)[number], { flags, env, file, path }: Found): Record<string, unknown> {
  const setting = SETTINGS[key]
  const flag = 'flag' in setting ? setting.flag : undefined
  const sources: [string, string | undefined][] = [
    [`The flag --${flag}`, flag === undefined ? undefined : text(flags[flag])],
    [`The variable ${setting.env}`, text(env[setting.env])],
    [`The key ${key} of ${path}`, text(file[key])],
  ]
  for (const [where, value] of sources) {
    if (value === undefined) continue
    const parsed = setting.schema.safeParse(value)
    if (parsed.success) return { [key]: parsed.data }
    throw invalid(`${where} ${parsed.error.issues[0]?.message ?? 'is not valid'}; it is “${value}”.`)
  }
  return {}
}

const text = (value: string | boolean | undefined): string | undefined =>
  value === undefined || value === '' ? undefined : String(value)

const typeOf = (type: Given['dbType']): DbType | undefined => {
  if (type === 'sqlite3') return 'sqlite'
  if (type === 'postgresql') return 'postgres'
  return type === 'mariadb' ? 'mysql' : type
}

function adminOf({ bootstrapAdminUsername, bootstrapAdminPassword, bootstrapAdminName }: Given): Config['admin'] {
  if (bootstrapAdminUsername === undefined && bootstrapAdminPassword === undefined) return undefined
  if (bootstrapAdminUsername === undefined || bootstrapAdminPassword === undefined)
    throw invalid(
      'NEKODE_BOOTSTRAP_ADMIN_USERNAME and NEKODE_BOOTSTRAP_ADMIN_PASSWORD belong together; one of them is missing.',
    )
  return { username: bootstrapAdminUsername, password: bootstrapAdminPassword, displayName: bootstrapAdminName }
}

/** Where the console is on the previews' domain, or below it, a preview could set the console's cookies. */
function previewDomainOf({ previewDomain, baseUrl }: Given): string | undefined {
  const name = previewDomain?.replace(/:\d+$/, '')
  const own = baseUrl === undefined ? '' : new URL(baseUrl).hostname
  if (name !== undefined && (own === name || own.endsWith(`.${name}`)))
    throw invalid(
      `NEKODE_PREVIEW_DOMAIN is the console’s own address (${own}), or one above it; previews need another one.`,
    )
  return previewDomain
}

function tlsOf({ tlsCert, tlsKey }: Given): Config['tls'] {
  if (tlsCert === undefined && tlsKey === undefined) return undefined
  if (tlsCert === undefined || tlsKey === undefined)
    throw invalid('NEKODE_TLS_CERT and NEKODE_TLS_KEY belong together; one of them is missing.')
  return { cert: resolve(tlsCert), key: resolve(tlsKey) }
}

/** Settings of the cache are checked, but nothing is cached yet. */
function withoutEffect(given: Given): string[] {
  const set = SETTING_KEYS.filter((key) => key.startsWith('cache') && given[key] !== undefined)
  if (!set.length || given.cacheDriver === 'none') return []
  return [`This version keeps no cache: ${set.map((key) => SETTINGS[key].env).join(', ')} has no effect.`]
}

const invalid = (message: string): NekodeError =>
  new NekodeError('invalid', message, { code: 'config_invalid', next: 'See “nekode serve --help”.' })
