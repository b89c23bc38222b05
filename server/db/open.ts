import { NekodeError } from '@shared/errors'
import type { Database, OpenOptions } from './database'
import { openSqlite } from './sqlite'

/** `sqlite:PATH`, `postgres://…`, `mysql://…` or `mariadb://…`. */
export async function openDatabase(dsn: string, options: OpenOptions = {}): Promise<Database> {
  if (/^postgres(ql)?:/.test(dsn)) return (await import('./sql')).openPostgres(dsn, options)
  if (/^(mysql|mariadb):/.test(dsn)) return (await import('./sql')).openMysql(dsn, options)
  const path = dsn.replace(/^sqlite:(\/\/)?/, '').replace(/^file:/, '')
  if (/^[a-z]+:\/\//.test(path))
    throw new NekodeError('invalid', `The database address starts with an unknown scheme.`, {
      code: 'config_invalid',
      next: 'Use sqlite:PATH, postgres://… or mysql://… in NEKODE_DB_DSN.',
    })
  return openSqlite(path, options)
}
