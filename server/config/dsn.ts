import { NekodeError } from '@shared/errors'
import { resolve } from 'node:path'

export type DbType = 'sqlite' | 'postgres' | 'mysql'

const SCHEMES: [RegExp, DbType][] = [
  [/^postgres(ql)?:\/\//, 'postgres'],
  [/^(mysql|mariadb):\/\//, 'mysql'],
  [/^(sqlite|file):/, 'sqlite'],
]
/** `user:password@tcp(host:port)/name?options`, as configuration files of the Go server have it. */
export const GO_MYSQL = /^([^:@]*)(?::(.*))?@(?:tcp)?\(([^)]+)\)\/([^?]*)/

/**
 * The address that `openDatabase` takes, out of a type and an address that may each be left out.
 * @param fallback the SQLite file when nothing is given
 */
export function databaseAddress(type: DbType | undefined, dsn: string | undefined, fallback: string): string {
  const scheme = SCHEMES.find(([pattern]) => dsn !== undefined && pattern.test(dsn))?.[1]
  const wanted = type ?? scheme ?? 'sqlite'
  if (scheme !== undefined && scheme !== wanted)
    throw invalid(`NEKODE_DB_TYPE is ${wanted}, but NEKODE_DB_DSN is the address of a ${scheme} database.`)
  if (wanted === 'sqlite') return `sqlite:${sqlitePath(dsn ?? fallback)}`
  if (dsn === undefined) throw invalid(`NEKODE_DB_TYPE is ${wanted}, which needs an address in NEKODE_DB_DSN.`)
  if (scheme !== undefined) return dsn
  if (wanted === 'mysql') {
    const [, user = '', password = '', host = '', name = ''] = GO_MYSQL.exec(dsn) ?? []
    if (host) return `mysql://${encodeURIComponent(user)}:${encodeURIComponent(password)}@${host}/${name}`
  } else {
    const words = new Map(
      [...dsn.matchAll(/(\w+)=('[^']*'|\S*)/g)].map((m) => [m[1], m[2]?.replace(/^'|'$/g, '') ?? '']),
    )
    const [user = '', password = '', host = 'localhost', port = '5432', name = user] = [
      words.get('user'),
      words.get('password'),
      words.get('host'),
      words.get('port'),
      words.get('dbname'),
    ]
    const query = words.has('sslmode') ? `?sslmode=${words.get('sslmode')}` : ''
    // A folder is a Unix socket, which has no place in an address.
    if (user && !host.startsWith('/'))
      return `postgres://${encodeURIComponent(user)}:${encodeURIComponent(password)}@${host}:${port}/${name}${query}`
  }
  throw invalid(`NEKODE_DB_DSN is not an address of a ${wanted} database.`)
}

function sqlitePath(dsn: string): string {
  const path = dsn.replace(/^(sqlite|file):(\/\/)?/, '').replace(/\?.*$/, '')
  return path === ':memory:' ? path : resolve(path)
}

const invalid = (message: string): NekodeError =>
  new NekodeError('invalid', message, {
    code: 'config_invalid',
    next: 'Use a SQLite file, postgres://user:password@host/name or mysql://user:password@host/name.',
  })
