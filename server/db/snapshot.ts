import { Database as Sqlite } from 'bun:sqlite'
import { NekodeError, errorText } from '@shared/errors'
import { SQL } from 'bun'
import { drizzle as drizzleSqlite } from 'drizzle-orm/bun-sqlite'
import { drizzle as drizzlePostgres } from 'drizzle-orm/bun-sql'
import type { Database, Query, Raw } from './database'
import { mysql } from './dialects/mysql'
import { postgres } from './dialects/postgres'
import { sqlite } from './dialects/sqlite'
import { openFailure } from './errors'
import { mysqlQuery } from './sql'
import { asQuery } from './query'
import { type Tables, tables } from './tables'

/** A database as it was at one moment. */
export interface Snapshot {
  dialect: Database['dialect']
  t: Tables
  q: Query
  raw: Raw
  close(): Promise<void>
}

/**
 * Opens a connection whose every answer is of one moment, after the call. Nobody waits for it: not those who write meanwhile, of this
 * process or of another one.
 * @param dsn as for `openDatabase`
 */
export async function openSnapshot(dsn: string): Promise<Snapshot> {
  if (/^(postgres(ql)?|mysql|mariadb):/.test(dsn)) return openServer(dsn)
  const path = dsn.replace(/^sqlite:(\/\/)?/, '').replace(/^file:/, '')
  let db: Sqlite
  try {
    db = new Sqlite(path, { readonly: true })
    db.run('PRAGMA busy_timeout=5000')
    // With WAL a transaction that reads keeps what it saw first; the first read makes that moment.
    db.run('BEGIN')
    db.query('select count(*) from sqlite_master').get()
  } catch (cause) {
    throw openFailure(path, cause)
  }
  return {
    dialect: 'sqlite',
    t: tables(sqlite),
    q: asQuery(drizzleSqlite(db, { casing: 'snake_case' })),
    raw: async (text, params = []) => db.query<Record<string, unknown>, typeof params>(text).all(...params),
    close: async () => {
      // Closing alone leaves the transaction to the garbage collector, and the log of the database cannot be emptied until then.
      if (db.inTransaction) db.run('ROLLBACK')
      db.close()
    },
  }
}

async function openServer(dsn: string): Promise<Snapshot> {
  const isPostgres = dsn.startsWith('postgres')
  // One connection, which so is the one that the transaction is on.
  const c = isPostgres
    ? new SQL(dsn, { max: 1, bigint: false })
    : new SQL(dsn.replace(/^mariadb:/, 'mysql:'), { adapter: 'mysql', max: 1 })
  const dialect = isPostgres ? 'postgres' : 'mysql'
  const reserved = await c.reserve().catch((cause: unknown) => {
    throw new NekodeError('unavailable', `The ${dialect} database does not answer: ${errorText(cause)}`, {
      code: 'storage_unreachable',
      next: 'Check NEKODE_DB_DSN, and that the database runs and accepts this user.',
      cause,
    })
  })
  if (isPostgres) {
    await reserved.unsafe('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
    // The moment is that of the first query, and not of the beginning.
    await reserved.unsafe('select 1 from pg_class limit 1')
  } else {
    await reserved.unsafe('SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ')
    await reserved.unsafe('START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY')
  }
  return {
    dialect,
    t: tables(isPostgres ? postgres : mysql),
    q: isPostgres ? asQuery(drizzlePostgres(reserved, { casing: 'snake_case' })) : mysqlQuery(reserved),
    raw: async (text, params = []) => [...(await reserved.unsafe(text, params))],
    close: async () => {
      await reserved.unsafe('ROLLBACK').catch(() => [])
      reserved.release()
      await c.close()
    },
  }
}
