import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { NekodeError } from '@shared/errors'
import { parseBlock } from '../http/guarded'
import { type Config, loadConfig } from './config'
import { databaseAddress } from './dsn'
import { SETTINGS, type Setting } from './settings'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nekode-config-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const file = (content: unknown): string => {
  const path = join(folder, 'nekode.json')
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}
const failure = (load: () => unknown): NekodeError => {
  try {
    load()
  } catch (error) {
    if (error instanceof NekodeError) return error
    throw error
  }
  throw new Error('it was accepted')
}

test('every setting that deployed servers use has its variable and its flag', () => {
  const table = Object.values<Setting>(SETTINGS).map(({ env, flag }) => [env, flag])
  for (const promise of [
    ['NEKODE_ADDR', 'addr'],
    ['NEKODE_DAEMON_TRANSPORT', 'daemon-transport'],
    ['NEKODE_DAEMON_RPC_URL', 'daemon-rpc-url'],
    ['NEKODE_BASE_URL', 'base-url'],
    ['NEKODE_WEB_DIST_DIR', 'web-dist-dir'],
    ['NEKODE_DATA_DIR', 'data-dir'],
    ['NEKODE_DB_TYPE', 'db-type'],
    ['NEKODE_DB_DSN', 'db-dsn'],
    ['NEKODE_DB_PATH', undefined],
    ['NEKODE_CACHE_DRIVER', 'cache-driver'],
    ['NEKODE_CACHE_DIR', 'cache-dir'],
    ['NEKODE_CACHE_TTL', undefined],
    ['NEKODE_CACHE_KEY_VERSION', undefined],
    ['NEKODE_CACHE_REDIS_ADDR', undefined],
    ['NEKODE_CACHE_REDIS_USERNAME', undefined],
    ['NEKODE_CACHE_REDIS_PASSWORD', undefined],
    ['NEKODE_CACHE_REDIS_DB', undefined],
    ['NEKODE_BOOTSTRAP_ADMIN_USERNAME', undefined],
    ['NEKODE_BOOTSTRAP_ADMIN_PASSWORD', undefined],
    ['NEKODE_BOOTSTRAP_ADMIN_NAME', undefined],
    ['NEKODE_BOOTSTRAP_DISABLE_WEB', undefined],
  ])
    expect(table).toContainEqual(promise)
})

test('no secret has a flag: others can read command lines', () => {
  for (const { env, flag } of Object.values<Setting>(SETTINGS))
    if (/PASSWORD|SECRET/.test(env)) expect(flag).toBeUndefined()
})

test('without any setting there are defaults', () => {
  const dataDir = join(homedir(), '.nekode')
  expect(loadConfig({ env: {} })).toEqual({
    addr: { hostname: undefined, port: 18_790 },
    baseUrl: undefined,
    daemonRpcUrl: undefined,
    grpcAddr: undefined,
    previewDomain: undefined,
    previewAddr: undefined,
    webDistDir: undefined,
    dataDir,
    dsn: `sqlite:${dataDir}/nekode.db`,
    durability: 'full',
    admin: undefined,
    webSetup: true,
    tls: undefined,
    trustProxy: 0,
    oidc: undefined,
    auditRetentionDays: 0,
    limits: LIMITS,
    storage: {
      s3: undefined,
      quotas: QUOTAS,
    },
    secretKey: undefined,
    outgoingAllow: [],
    daemonDownload: { version: undefined, baseUrl: undefined },
    localDaemon: true,
    retention: { eventDays: 30, detailDays: 90 },
    logLevel: 'info',
    logFormat: 'text',
    warnings: [],
  })
})

const QUOTAS = { fileBytes: 256 * 2 ** 20, userBytes: 10 * 2 ** 30, serverBytes: 0 }
const LIMITS = { perSecond: 500, perSecondOfGuests: 50, streams: 256, streamsOfAddress: 4096 }

const cases: [variable: string, value: string, key: keyof Config, expected: unknown][] = [
  ['NEKODE_ADDR', ':8080', 'addr', { hostname: undefined, port: 8080 }],
  ['NEKODE_ADDR', '127.0.0.1:0', 'addr', { hostname: '127.0.0.1', port: 0 }],
  ['NEKODE_ADDR', '[::1]:80', 'addr', { hostname: '::1', port: 80 }],
  ['NEKODE_ADDR', 'nekode.example:443', 'addr', { hostname: 'nekode.example', port: 443 }],
  ['NEKODE_BASE_URL', 'https://nekode.example/', 'baseUrl', 'https://nekode.example'],
  ['NEKODE_BASE_URL', 'http://localhost:18790', 'baseUrl', undefined],
  ['NEKODE_DAEMON_RPC_URL', 'https://rpc.example', 'daemonRpcUrl', 'https://rpc.example'],
  ['NEKODE_AUDIT_RETENTION_DAYS', '365', 'auditRetentionDays', 365],
  ['NEKODE_GRPC_ADDR', ':9090', 'grpcAddr', { hostname: undefined, port: 9090 }],
  ['NEKODE_PREVIEW_DOMAIN', 'Preview.Example.net:8443', 'previewDomain', 'preview.example.net:8443'],
  ['NEKODE_PREVIEW_ADDR', ':18791', 'previewAddr', { hostname: undefined, port: 18_791 }],
  ['NEKODE_WEB_DIST_DIR', '/srv/console', 'webDistDir', '/srv/console'],
  ['NEKODE_DATA_DIR', '/srv/nekode', 'dataDir', '/srv/nekode'],
  ['NEKODE_DATA_DIR', '/srv/nekode', 'dsn', 'sqlite:/srv/nekode/nekode.db'],
  ['NEKODE_HOME', '/srv/home', 'dsn', 'sqlite:/srv/home/nekode.db'],
  ['NEKODE_DB_DSN', '/srv/a.db', 'dsn', 'sqlite:/srv/a.db'],
  ['NEKODE_DB_DSN', 'postgres://u@h/n', 'dsn', 'postgres://u@h/n'],
  ['NEKODE_DB_PATH', '/srv/b.db', 'dsn', 'sqlite:/srv/b.db'],
  ['NEKODE_DURABILITY', 'normal', 'durability', 'normal'],
  ['NEKODE_BOOTSTRAP_DISABLE_WEB', 'true', 'webSetup', false],
  ['NEKODE_BOOTSTRAP_DISABLE_WEB', '0', 'webSetup', true],
  ['NEKODE_OUTGOING_ALLOW', '10.0.0.0/8, ::1,', 'outgoingAllow', [parseBlock('10.0.0.0/8'), parseBlock('::1')]],
  ['NEKODE_TRUST_PROXY', 'true', 'trustProxy', 1],
  ['NEKODE_TRUST_PROXY', '2', 'trustProxy', 2],
  ['NEKODE_TRUST_PROXY', 'false', 'trustProxy', 0],
  ['NEKODE_RATE_LIMIT', '9', 'limits', { ...LIMITS, perSecond: 9 }],
  ['NEKODE_GUEST_RATE_LIMIT', '0', 'limits', { ...LIMITS, perSecondOfGuests: 0 }],
  ['NEKODE_MAX_STREAMS', '9', 'limits', { ...LIMITS, streams: 9 }],
  ['NEKODE_MAX_STREAMS_PER_ADDRESS', '9', 'limits', { ...LIMITS, streamsOfAddress: 9 }],
  ['NEKODE_SECRET_KEY', 'k', 'secretKey', 'k'],
  ['NEKODE_MAX_FILE_SIZE', '512K', 'storage', { s3: undefined, quotas: { ...QUOTAS, fileBytes: 512 * 1024 } }],
  ['NEKODE_USER_QUOTA', '3GiB', 'storage', { s3: undefined, quotas: { ...QUOTAS, userBytes: 3 * 2 ** 30 } }],
  ['NEKODE_STORAGE_QUOTA', '2 TB', 'storage', { s3: undefined, quotas: { ...QUOTAS, serverBytes: 2 * 2 ** 40 } }],
  ['NEKODE_DAEMON_DOWNLOAD_VERSION', 'v1.2.3', 'daemonDownload', { version: 'v1.2.3', baseUrl: undefined }],
  [
    'NEKODE_DAEMON_DOWNLOAD_BASE_URL',
    'https://m.example/{version}/',
    'daemonDownload',
    { version: undefined, baseUrl: 'https://m.example/{version}' },
  ],
  ['NEKODE_LOCAL_DAEMON', 'false', 'localDaemon', false],
  ['NEKODE_EVENT_RETENTION', '7', 'retention', { eventDays: 7, detailDays: 90 }],
  ['NEKODE_RUN_DETAIL_RETENTION', '0', 'retention', { eventDays: 30, detailDays: 0 }],
  ['NEKODE_LOG_LEVEL', 'DEBUG', 'logLevel', 'debug'],
  ['NEKODE_LOG_FORMAT', 'json', 'logFormat', 'json'],
  ['NEKODE_DAEMON_TRANSPORT', 'connect', 'warnings', []],
]
describe.each(cases)('%s=%s', (variable, value, key, expected) => {
  test('as a variable', () => {
    expect(loadConfig({ env: { [variable]: value } })[key]).toEqual(expected as never)
  })
  const [name, setting] = Object.entries<Setting>(SETTINGS).find(([, s]) => s.env === variable) ?? []
  if (name === undefined) return
  test('as a key of the file', () => {
    expect(loadConfig({ flags: { config: file({ [name]: value }) }, env: {} })[key]).toEqual(expected as never)
  })
  if (setting?.flag === undefined) return
  test('as a flag', () => {
    expect(loadConfig({ flags: { [setting.flag ?? '']: value }, env: {} })[key]).toEqual(expected as never)
  })
})

test('every setting is in that table, or has a test of its own', () => {
  const own = ['NEKODE_DB_TYPE', 'NEKODE_DB_DSN_FILE', 'NEKODE_TLS_CERT', 'NEKODE_TLS_KEY']
  const covered = new Set([...cases.map(([variable]) => variable), ...own])
  const rest = Object.values<Setting>(SETTINGS).map((s) => s.env)
  expect(rest.filter((env) => !covered.has(env) && !/CACHE|BOOTSTRAP_ADMIN|OIDC|_S3_|BLOB_STORE/.test(env))).toEqual([])
})

test('a bucket is described by its settings, the secret out of its file', () => {
  const secretFile = join(folder, 's3-secret')
  writeFileSync(secretFile, 'shh\n')
  const env = {
    NEKODE_S3_BUCKET: 'files',
    NEKODE_S3_ENDPOINT: 'https://minio.example/',
    NEKODE_S3_REGION: 'eu-west-1',
    NEKODE_S3_PREFIX: '/nekode/',
    NEKODE_S3_VIRTUAL_HOSTED: 'yes',
    NEKODE_S3_ACCESS_KEY_ID: 'key',
    NEKODE_S3_SECRET_ACCESS_KEY_FILE: secretFile,
  }
  const s3 = {
    bucket: 'files',
    endpoint: 'https://minio.example',
    region: 'eu-west-1',
    prefix: 'nekode/',
    virtualHosted: true,
    accessKeyId: 'key',
    secretAccessKey: 'shh',
  }
  expect(loadConfig({ env }).storage.s3).toEqual(s3)
  // A bucket may be described and not used.
  expect(loadConfig({ env: { ...env, NEKODE_BLOB_STORE: 'disk' } }).storage.s3).toBeUndefined()
})

test('what an identity provider needs comes together, the secret out of its file', () => {
  const secretFile = join(folder, 'secret')
  writeFileSync(secretFile, 'shh\n')
  const env = {
    NEKODE_OIDC_ISSUER: 'https://id.example/realms/staff/',
    NEKODE_OIDC_CLIENT_ID: 'nekode',
    NEKODE_OIDC_CLIENT_SECRET_FILE: secretFile,
    NEKODE_OIDC_SCOPES: 'openid groups',
    NEKODE_OIDC_ALLOWED_DOMAINS: 'A.example, b.example',
    NEKODE_OIDC_GROUPS_CLAIM: 'roles',
    NEKODE_OIDC_ROLES: 'staff=member, admins=admin,*=viewer',
    NEKODE_OIDC_PROVISION: 'no',
    NEKODE_OIDC_LABEL: 'Example',
    NEKODE_OIDC_LOGOUT: 'yes',
  }
  expect(loadConfig({ env }).oidc).toEqual({
    issuer: new URL('https://id.example/realms/staff/'),
    clientId: 'nekode',
    clientSecret: 'shh',
    scopes: 'openid groups',
    domains: ['a.example', 'b.example'],
    groupsClaim: 'roles',
    roles: new Map([
      ['staff', 'member'],
      ['admins', 'admin'],
      ['*', 'viewer'],
    ]),
    provision: false,
    label: 'Example',
    logout: true,
  })
  const open = { ...env, NEKODE_OIDC_CLIENT_SECRET_FILE: undefined, NEKODE_OIDC_CLIENT_SECRET: 'open' }
  expect(loadConfig({ env: open }).oidc?.clientSecret).toBe('open')
  expect(() => loadConfig({ env: { ...env, NEKODE_OIDC_CLIENT_SECRET: 'open' } })).toThrow('set one')
})

test('a flag wins over the environment, which wins over the file', () => {
  const config = file({ addr: ':1', logLevel: 'error', durability: 'normal' })
  const env = { NEKODE_ADDR: ':2', NEKODE_LOG_LEVEL: 'warn' }
  expect(loadConfig({ flags: { config, addr: ':3' }, env })).toMatchObject({
    addr: { port: 3 },
    logLevel: 'warn',
    durability: 'normal',
  })
})

test('an empty text is no value', () => {
  expect(loadConfig({ flags: { addr: '' }, env: { NEKODE_ADDR: '', NEKODE_DATA_DIR: '' } }).addr.port).toBe(18_790)
})

test('the file can be named by the environment, and its values may be numbers and booleans', () => {
  const env = { NEKODE_CONFIG: file({ bootstrapDisableWeb: true, trustProxy: 2 }) }
  expect(loadConfig({ env })).toMatchObject({ webSetup: false, trustProxy: 2 })
})

test('the data folder moves the database wherever it is given', () => {
  for (const sources of [
    { flags: { 'data-dir': '/x' }, env: {} },
    { env: { NEKODE_DATA_DIR: '/x' } },
    { flags: { config: file({ dataDir: '/x' }) }, env: {} },
  ])
    expect(loadConfig(sources).dsn).toBe('sqlite:/x/nekode.db')
})

test('the first admin and TLS each need both of their settings', () => {
  const env = {
    NEKODE_BOOTSTRAP_ADMIN_USERNAME: 'root',
    NEKODE_BOOTSTRAP_ADMIN_PASSWORD: 'pw',
    NEKODE_TLS_CERT: '/c',
    NEKODE_TLS_KEY: '/k',
  }
  expect(loadConfig({ env })).toMatchObject({
    admin: { username: 'root', password: 'pw', displayName: undefined },
    tls: { cert: '/c', key: '/k' },
  })
  for (const name of Object.keys(env)) {
    const { message, code } = failure(() => loadConfig({ env: { ...env, [name]: '' } }))
    expect(code).toBe('config_invalid')
    expect(message).toContain('belong together')
  }
})

test.each([
  ['NEKODE_ADDR', '18790', 'must be HOST:PORT or :PORT'],
  ['NEKODE_OUTGOING_ALLOW', '10.0.0.0/99', 'must be addresses or blocks'],
  ['NEKODE_OUTGOING_ALLOW', 'localhost', 'must be addresses or blocks'],
  ['NEKODE_ADDR', ':65536', 'must be HOST:PORT or :PORT'],
  ['NEKODE_BASE_URL', 'nekode.example', 'must be an http:// or https:// address'],
  ['NEKODE_BASE_URL', 'javascript:alert(1)', 'must be an http:// or https:// address'],
  ['NEKODE_BASE_URL', 'https://user:pw@nekode.example', 'must be an http:// or https:// address'],
  ['NEKODE_DB_TYPE', 'oracle', 'must be one of sqlite, sqlite3, postgres'],
  ['NEKODE_DURABILITY', 'none', 'must be one of full, normal'],
  ['NEKODE_CACHE_DRIVER', 'memcached', 'must be one of embedded, badger, redis, none'],
  ['NEKODE_CACHE_TTL', '5 minutes', 'must be a duration such as 30s or 5m'],
  ['NEKODE_CACHE_REDIS_DB', 'zero', 'must be a whole number'],
  ['NEKODE_BOOTSTRAP_DISABLE_WEB', 'maybe', 'must be true or false'],
  ['NEKODE_TRUST_PROXY', 'some', 'must be true, false or the number of proxies'],
  ['NEKODE_DAEMON_TRANSPORT', 'grpc', 'must be one of connect'],
  ['NEKODE_RUN_DETAIL_RETENTION', '90d', 'must be a whole number'],
  ['NEKODE_LOG_LEVEL', 'loud', 'must be one of debug, info, warn, error'],
])('%s=%p is refused by name', (variable, value, why) => {
  const error = failure(() => loadConfig({ env: { [variable]: value } }))
  expect(error.code).toBe('config_invalid')
  expect(error.message).toContain(`The variable ${variable} ${why}`)
})

test.each([
  ['{"addr": ', 'is not JSON'],
  ['[]', 'must hold one JSON object'],
  ['"x"', 'must hold one JSON object'],
  ['{"adr": ":1"}', 'The key adr of'],
  ['{"addr": [":1"]}', 'The key addr of'],
  ['{"addr": "1"}', 'The key addr of'],
])('the file %p is refused by its name and key', (content, why) => {
  const path = file(content)
  const error = failure(() => loadConfig({ flags: { config: path }, env: {} }))
  expect(error.code).toBe('config_invalid')
  expect(error.message).toContain(why)
  expect(error.message).toContain(path)
})

test('a file that is not there is refused by name', () => {
  const path = join(folder, 'none.json')
  expect(failure(() => loadConfig({ flags: { config: path }, env: {} })).message).toContain(`${path} cannot be read`)
})

test.each([
  ['NEKODE_ADR', 'Did you mean NEKODE_ADDR?'],
  ['NEKODE_DATADIR', 'Did you mean NEKODE_DATA_DIR?'],
  ['NEKODE_SOMETHING_ELSE', 'is not known and has no effect.'],
])('the unknown variable %s is told', (name, hint) => {
  const { warnings } = loadConfig({ env: { [name]: 'x' } })
  expect(warnings).toHaveLength(1)
  expect(warnings[0]).toContain(`The variable ${name} is not known`)
  expect(warnings[0]).toEndWith(hint)
})

test('variables of the daemon and of the command line are known', () => {
  const env = { NEKODE_DAEMON_TOKEN: 'x', NEKODE_TOKEN: 'x', NEKODE_SERVER_URL: 'x', NEKODE_MAX_CONCURRENT_RUNS: '1' }
  expect(loadConfig({ env }).warnings).toEqual([])
})

test('settings of the cache are checked, and told to have no effect', () => {
  const env = { NEKODE_CACHE_DRIVER: 'redis', NEKODE_CACHE_REDIS_ADDR: 'r:6379', NEKODE_CACHE_TTL: '5m' }
  expect(loadConfig({ env }).warnings).toEqual([
    'This version keeps no cache: NEKODE_CACHE_DRIVER, NEKODE_CACHE_TTL, NEKODE_CACHE_REDIS_ADDR has no effect.',
  ])
  expect(loadConfig({ env: { NEKODE_CACHE_DRIVER: 'none' } }).warnings).toEqual([])
})

test.each([
  ['sqlite', undefined, 'sqlite:/d/n.db'],
  ['sqlite', 'sqlite:///x/y.db', 'sqlite:/x/y.db'],
  ['sqlite', 'file:/x/y.db?_fk=1', 'sqlite:/x/y.db'],
  ['sqlite', ':memory:', 'sqlite::memory:'],
  [undefined, 'postgresql://u:p@h/n', 'postgresql://u:p@h/n'],
  [undefined, 'mariadb://u:p@h/n', 'mariadb://u:p@h/n'],
  [
    'postgres',
    'host=h port=5433 user=u password=p@ss dbname=n sslmode=require',
    'postgres://u:p%40ss@h:5433/n?sslmode=require',
  ],
  ['postgres', "user='u'", 'postgres://u:@localhost:5432/u'],
  ['postgres', 'host=/run/postgresql user=u', 'error'],
  ['mysql', 'u:p@ss@tcp(h:3306)/n?parseTime=true', 'mysql://u:p%40ss@h:3306/n'],
  ['mysql', 'u:p@tcp(h:3306)/n?parseTime=true', 'mysql://u:p@h:3306/n'],
  ['mysql', undefined, 'error'],
  ['postgres', 'mysql://u@h/n', 'error'],
  ['mysql', 'somewhere', 'error'],
] as const)('a database of type %p at %p is %p', (type, dsn, address) => {
  if (address !== 'error') expect(databaseAddress(type, dsn, '/d/n.db')).toBe(address)
  else expect(failure(() => databaseAddress(type, dsn, '/d/n.db')).code).toBe('config_invalid')
})

test.each([
  ['https://nekode.example', 'nekode.example'],
  ['https://nekode.preview.example', 'preview.example:8443'],
])('with the console at %s previews below %s are refused: they could set its cookies', (baseUrl, domain) => {
  const env = { NEKODE_BASE_URL: baseUrl, NEKODE_PREVIEW_DOMAIN: domain }
  expect(() => loadConfig({ env })).toThrow('previews need another one')
})
