import { parseDuration } from '@shared/duration'
import { LOG_FORMATS, LOG_LEVELS } from '@shared/log'
import { z } from 'zod'
import { parseBlock } from '../http/guarded'

/** One setting: the same text is read from its flag, its variable, or its key in the configuration file. */
export interface Setting {
  env: string
  /** Without dashes. Secrets have none: other users of the machine can read command lines. */
  flag?: string
  /** What the value looks like, for `--help`. */
  hint?: string
  help: string
  schema: z.ZodType<unknown, string>
}

const settings = <const T extends Record<string, Setting>>(table: T): T => table

const Text = z.string()
const Yes = z
  .string()
  .toLowerCase()
  .pipe(z.enum(['true', 'false', '1', '0', 'yes', 'no', 'on', 'off'], 'must be true or false'))
  .transform((text) => ['true', '1', 'yes', 'on'].includes(text))

export interface Address {
  /** Undefined: all addresses of the machine. */
  hostname: string | undefined
  port: number
}

/** `:18790`, `127.0.0.1:18790`, `[::1]:18790`; port 0 lets the system choose. */
const ListenAddress = z.string().transform((text, context): Address => {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^:\s]*)):(\d{1,5})$/i.exec(text.trim())
  const port = Number(match?.[3] ?? Number.NaN)
  if (match && port <= 65_535) return { hostname: match[1] || match[2] || undefined, port }
  context.addIssue('must be HOST:PORT or :PORT')
  return z.NEVER
})

const HttpUrl = z.string().transform((text, context) => {
  const url = URL.parse(text)
  if (url && /^https?:$/.test(url.protocol) && !url.username && !url.search && !url.hash)
    return text.replace(/\/+$/, '')
  context.addIssue('must be an http:// or https:// address')
  return z.NEVER
})

const Duration = z.string().transform((text, context) => {
  const ms = parseDuration(text)
  if (ms !== undefined) return ms
  context.addIssue('must be a duration such as 30s or 5m')
  return z.NEVER
})

const Count = z
  .string()
  .regex(/^\d{1,9}$/, 'must be a whole number')
  .transform(Number)

const oneOf = <const T extends readonly [string, ...string[]]>(...values: T) =>
  z
    .string()
    .toLowerCase()
    .pipe(z.enum(values, `must be one of ${values.join(', ')}`))

const UNITS: Record<string, number> = { '': 1, k: 1 << 10, m: 1 << 20, g: 1 << 30, t: 2 ** 40 }

/** `512M`, `10GiB`, `1048576`: bytes, in steps of 1024. */
const Size = z.string().transform((text, context) => {
  const [, number = '', unit = ''] = /^(\d{1,12})\s*([kmgt]?)(?:i?b)?$/i.exec(text.trim()) ?? []
  const bytes = Number(number) * (UNITS[unit.toLowerCase()] ?? 1)
  if (number !== '' && Number.isSafeInteger(bytes)) return bytes
  context.addIssue('must be a size such as 256M or 10G')
  return z.NEVER
})

/** The proxies in front of the server whose X-Forwarded headers count: `true` is one. */
const Hops = z.string().transform((text, context) => {
  const yes = Yes.safeParse(text)
  const count = Count.safeParse(text)
  if (count.success) return count.data
  if (yes.success) return yes.data ? 1 : 0
  context.addIssue('must be true, false or the number of proxies')
  return z.NEVER
})

/** `10.0.0.0/8, 192.168.1.5`: blocks and single addresses. */
const Blocks = z.string().transform((text, context) => {
  try {
    return text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '')
      .map(parseBlock)
  } catch {
    // The library says which part of its grammar was not met; what is wanted says more.
    context.addIssue('must be addresses or blocks such as 10.0.0.0/8, separated by commas')
    return z.NEVER
  }
})

/** A host name with at least one dot, or `localhost`, and a port where it is not the scheme's own. */
const Domain = z
  .string()
  .toLowerCase()
  .regex(
    /^(?:localhost|(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9])(?::\d{1,5})?$/,
    'must be a host name such as preview.example.net',
  )

/** `a.example, b.example` */
const Names = z.string().transform((text) =>
  text
    .split(/[\s,]+/)
    .filter(Boolean)
    .map((name) => name.toLowerCase()),
)

/** `staff=member, admins=admin, *=viewer` */
const GroupRoles = z.string().transform((text, context) => {
  const roles = new Map<string, 'admin' | 'member' | 'viewer'>()
  for (const pair of text.split(',').filter((part) => part.trim())) {
    const at = pair.lastIndexOf('=')
    const role = z.enum(['admin', 'member', 'viewer']).safeParse(pair.slice(at + 1).trim())
    const group = pair.slice(0, at).trim()
    if (at > 0 && group && role.success) roles.set(group, role.data)
    else context.addIssue('must be GROUP=ROLE,…, with the roles admin, member and viewer')
  }
  return roles
})

/** Every setting of the server by its key in the configuration file. */
export const SETTINGS = settings({
  addr: { env: 'NEKODE_ADDR', flag: 'addr', hint: 'host:port', help: 'Listen address', schema: ListenAddress },
  baseUrl: {
    env: 'NEKODE_BASE_URL',
    flag: 'base-url',
    hint: 'url',
    help: 'Public address of the server',
    schema: HttpUrl,
  },
  daemonRpcUrl: {
    env: 'NEKODE_DAEMON_RPC_URL',
    flag: 'daemon-rpc-url',
    hint: 'url',
    help: 'Address that installed daemons connect to, when it is not the public one',
    schema: HttpUrl,
  },
  daemonTransport: {
    env: 'NEKODE_DAEMON_TRANSPORT',
    flag: 'daemon-transport',
    hint: 'connect',
    help: 'Transport of the daemon protocol',
    schema: oneOf('connect'),
  },
  grpcAddr: {
    env: 'NEKODE_GRPC_ADDR',
    flag: 'grpc-addr',
    hint: 'host:port',
    help: 'Also serve native gRPC at this address',
    schema: ListenAddress,
  },
  previewDomain: {
    env: 'NEKODE_PREVIEW_DOMAIN',
    flag: 'preview-domain',
    hint: 'domain[:port]',
    help: 'Serve each preview on a host of its own below this domain, such as preview.example.net',
    schema: Domain,
  },
  previewAddr: {
    env: 'NEKODE_PREVIEW_ADDR',
    flag: 'preview-addr',
    hint: 'host:port',
    help: 'Serve previews at this address too: an origin of their own where there is no domain for them',
    schema: ListenAddress,
  },
  webDistDir: {
    env: 'NEKODE_WEB_DIST_DIR',
    flag: 'web-dist-dir',
    hint: 'dir',
    help: 'Serve the console from this folder instead of the built-in one',
    schema: Text,
  },
  dataDir: {
    env: 'NEKODE_DATA_DIR',
    flag: 'data-dir',
    hint: 'dir',
    help: 'Folder for the database, keys and files',
    schema: Text,
  },
  dbType: {
    env: 'NEKODE_DB_TYPE',
    flag: 'db-type',
    hint: 'sqlite|postgres|mysql',
    help: 'Database',
    schema: oneOf('sqlite', 'sqlite3', 'postgres', 'postgresql', 'mysql', 'mariadb'),
  },
  dbDsn: {
    env: 'NEKODE_DB_DSN',
    flag: 'db-dsn',
    hint: 'dsn',
    help: 'SQLite file or database address; as a flag it takes no password',
    schema: Text,
  },
  dbDsnFile: {
    env: 'NEKODE_DB_DSN_FILE',
    flag: 'db-dsn-file',
    hint: 'file',
    help: 'File that holds the database address',
    schema: Text,
  },
  dbPath: { env: 'NEKODE_DB_PATH', help: 'SQLite file, when there is no address', schema: Text },
  durability: {
    env: 'NEKODE_DURABILITY',
    flag: 'durability',
    hint: 'full|normal',
    help: 'Whether an accepted message survives power loss (full) or a crash of the process only (normal)',
    schema: oneOf('full', 'normal'),
  },
  cacheDriver: {
    env: 'NEKODE_CACHE_DRIVER',
    flag: 'cache-driver',
    hint: 'embedded|redis|none',
    help: 'Cache for projections',
    schema: oneOf('embedded', 'badger', 'redis', 'none'),
  },
  cacheDir: { env: 'NEKODE_CACHE_DIR', flag: 'cache-dir', hint: 'dir', help: 'Folder of the cache', schema: Text },
  cacheTtl: { env: 'NEKODE_CACHE_TTL', help: 'How long the cache keeps an entry', schema: Duration },
  cacheKeyVersion: { env: 'NEKODE_CACHE_KEY_VERSION', help: 'Prefix of cache keys', schema: Text },
  cacheRedisAddr: { env: 'NEKODE_CACHE_REDIS_ADDR', help: 'Redis address', schema: Text },
  cacheRedisUsername: { env: 'NEKODE_CACHE_REDIS_USERNAME', help: 'Redis user', schema: Text },
  cacheRedisPassword: { env: 'NEKODE_CACHE_REDIS_PASSWORD', help: 'Redis password', schema: Text },
  cacheRedisDb: { env: 'NEKODE_CACHE_REDIS_DB', help: 'Redis database number', schema: Count },
  bootstrapAdminUsername: { env: 'NEKODE_BOOTSTRAP_ADMIN_USERNAME', help: 'Name of the first admin', schema: Text },
  bootstrapAdminPassword: { env: 'NEKODE_BOOTSTRAP_ADMIN_PASSWORD', help: 'Password of the first admin', schema: Text },
  bootstrapAdminName: { env: 'NEKODE_BOOTSTRAP_ADMIN_NAME', help: 'Display name of the first admin', schema: Text },
  bootstrapDisableWeb: { env: 'NEKODE_BOOTSTRAP_DISABLE_WEB', help: 'No set-up in the browser', schema: Yes },
  oidcIssuer: { env: 'NEKODE_OIDC_ISSUER', help: 'Identity provider (OpenID Connect): its issuer', schema: Text },
  oidcClientId: { env: 'NEKODE_OIDC_CLIENT_ID', help: 'What the identity provider calls this server', schema: Text },
  oidcClientSecret: { env: 'NEKODE_OIDC_CLIENT_SECRET', help: 'Secret for the identity provider', schema: Text },
  oidcClientSecretFile: { env: 'NEKODE_OIDC_CLIENT_SECRET_FILE', help: 'File that holds that secret', schema: Text },
  oidcScopes: { env: 'NEKODE_OIDC_SCOPES', help: 'Scopes to ask for: openid profile email', schema: Text },
  oidcAllowedDomains: {
    env: 'NEKODE_OIDC_ALLOWED_DOMAINS',
    help: 'Domains of verified addresses that may log in, comma-separated; none: all',
    schema: Names,
  },
  oidcGroupsClaim: { env: 'NEKODE_OIDC_GROUPS_CLAIM', help: 'Claim that holds the groups: groups', schema: Text },
  oidcRoles: { env: 'NEKODE_OIDC_ROLES', help: 'Roles by group: GROUP=ROLE,…; * is everybody', schema: GroupRoles },
  oidcProvision: {
    env: 'NEKODE_OIDC_PROVISION',
    help: 'Whether the first login through the identity provider makes an account',
    schema: Yes,
  },
  oidcLabel: { env: 'NEKODE_OIDC_LABEL', help: 'What the button for it says', schema: Text },
  oidcLogout: {
    env: 'NEKODE_OIDC_LOGOUT',
    help: 'Whether a logout also ends the session at the identity provider',
    schema: Yes,
  },
  auditRetentionDays: {
    env: 'NEKODE_AUDIT_RETENTION_DAYS',
    help: 'Days that the audit log reaches back; 0: it is kept',
    schema: Count,
  },
  tlsCert: { env: 'NEKODE_TLS_CERT', flag: 'tls-cert', hint: 'file', help: 'TLS certificate (PEM)', schema: Text },
  tlsKey: { env: 'NEKODE_TLS_KEY', flag: 'tls-key', hint: 'file', help: 'TLS key (PEM)', schema: Text },
  trustProxy: {
    env: 'NEKODE_TRUST_PROXY',
    flag: 'trust-proxy',
    hint: 'count',
    help: 'Number of reverse proxies in front of the server, whose X-Forwarded headers are believed',
    schema: Hops,
  },
  rateLimit: {
    env: 'NEKODE_RATE_LIMIT',
    help: 'Requests a second of one login or token, 0 for no limit; an admin’s may do a hundred times as many',
    schema: Count,
  },
  guestRateLimit: {
    env: 'NEKODE_GUEST_RATE_LIMIT',
    help: 'Requests a second from one address without a valid login or token, 0 for no limit',
    schema: Count,
  },
  maxStreams: {
    env: 'NEKODE_MAX_STREAMS',
    help: 'Event streams and calls that one login or token may have open, 0 for no limit',
    schema: Count,
  },
  maxStreamsPerAddress: {
    env: 'NEKODE_MAX_STREAMS_PER_ADDRESS',
    help: 'Event streams and calls that may be open from one address, 0 for no limit',
    schema: Count,
  },
  blobStore: {
    env: 'NEKODE_BLOB_STORE',
    flag: 'blob-store',
    hint: 'disk|s3',
    help: 'Where files of messages are kept: below the data folder, or in a bucket',
    schema: oneOf('disk', 's3'),
  },
  s3Endpoint: {
    env: 'NEKODE_S3_ENDPOINT',
    flag: 's3-endpoint',
    hint: 'url',
    help: 'Address of the S3 server, when it is not Amazon’s',
    schema: HttpUrl,
  },
  s3Bucket: { env: 'NEKODE_S3_BUCKET', flag: 's3-bucket', hint: 'name', help: 'Bucket for files', schema: Text },
  s3Region: { env: 'NEKODE_S3_REGION', flag: 's3-region', hint: 'name', help: 'Region of the bucket', schema: Text },
  s3Prefix: {
    env: 'NEKODE_S3_PREFIX',
    flag: 's3-prefix',
    hint: 'path',
    help: 'What the names of files in the bucket begin with',
    schema: Text,
  },
  s3VirtualHosted: {
    env: 'NEKODE_S3_VIRTUAL_HOSTED',
    help: 'Whether the bucket is a part of the host name instead of the path',
    schema: Yes,
  },
  s3AccessKeyId: { env: 'NEKODE_S3_ACCESS_KEY_ID', help: 'Access key of the bucket', schema: Text },
  s3SecretAccessKey: { env: 'NEKODE_S3_SECRET_ACCESS_KEY', help: 'Secret of the access key', schema: Text },
  s3SecretAccessKeyFile: {
    env: 'NEKODE_S3_SECRET_ACCESS_KEY_FILE',
    help: 'File that holds the secret of the access key',
    schema: Text,
  },
  maxFileSize: {
    env: 'NEKODE_MAX_FILE_SIZE',
    flag: 'max-file-size',
    hint: 'size',
    help: 'Largest file of a message, 0 for no limit',
    schema: Size,
  },
  userQuota: {
    env: 'NEKODE_USER_QUOTA',
    flag: 'user-quota',
    hint: 'size',
    help: 'How much the files of one person or agent may have altogether, 0 for no limit',
    schema: Size,
  },
  storageQuota: {
    env: 'NEKODE_STORAGE_QUOTA',
    flag: 'storage-quota',
    hint: 'size',
    help: 'How much all files may have altogether, each content counted once, 0 for no limit',
    schema: Size,
  },
  secretKey: {
    env: 'NEKODE_SECRET_KEY',
    help: 'Key that encrypts stored secrets: 32 bytes in base64 or hex',
    schema: Text,
  },
  outgoingAllow: {
    env: 'NEKODE_OUTGOING_ALLOW',
    flag: 'outgoing-allow',
    hint: 'blocks',
    help: 'Private addresses that webhooks and other endpoints may reach, such as 10.0.0.0/8',
    schema: Blocks,
  },
  daemonDownloadVersion: {
    env: 'NEKODE_DAEMON_DOWNLOAD_VERSION',
    help: 'Version of the daemon that installers download',
    schema: Text,
  },
  daemonDownloadBaseUrl: {
    env: 'NEKODE_DAEMON_DOWNLOAD_BASE_URL',
    help: 'Where installers download the daemon when this server has no archive of it',
    schema: HttpUrl,
  },
  localDaemon: {
    env: 'NEKODE_LOCAL_DAEMON',
    flag: 'local-daemon',
    help: 'Also run a daemon for this very computer',
    schema: Yes,
  },
  eventRetention: {
    env: 'NEKODE_EVENT_RETENTION',
    flag: 'event-retention',
    hint: 'days',
    help: 'How long the log of changes is kept, 0 for ever',
    schema: Count,
  },
  runDetailRetention: {
    env: 'NEKODE_RUN_DETAIL_RETENTION',
    flag: 'run-detail-retention',
    hint: 'days',
    help: 'How long steps, prompts, archives and activities of agents are kept, 0 for ever',
    schema: Count,
  },
  logLevel: {
    env: 'NEKODE_LOG_LEVEL',
    flag: 'log-level',
    hint: LOG_LEVELS.join('|'),
    help: 'Least level that is logged',
    schema: oneOf(...LOG_LEVELS),
  },
  logFormat: {
    env: 'NEKODE_LOG_FORMAT',
    flag: 'log-format',
    hint: LOG_FORMATS.join('|'),
    help: 'Form of the log',
    schema: oneOf(...LOG_FORMATS),
  },
})

export type SettingKey = keyof typeof SETTINGS
/** What is known of each setting; undefined where nobody gave a value. */
export type Given = { [K in SettingKey]?: z.output<(typeof SETTINGS)[K]['schema']> | undefined }
export const SETTING_KEYS = Object.keys(SETTINGS).filter((key): key is SettingKey => key in SETTINGS)
