import { Database as Sqlite } from 'bun:sqlite'
import { errorText, NekodeError } from '@shared/errors'
import { Table, getTableColumns, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/bun-sqlite'
import type { SQLiteTable } from 'drizzle-orm/sqlite-core'
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Database, OpenOptions, Query, Raw, RawValue } from './database'
import { sqlite } from './dialects/sqlite'
import { explain, openFailure } from './errors'
import { type Tables, tables } from './tables'
import { type Engine, Writer } from './writer'
import { asQuery } from './query'

/** How long a writer waits for another process that has the file. */
const BUSY_MS = 5000

/** One connection writes; another one reads and never waits for the writer (WAL). */
export async function openSqlite(path: string, options: OpenOptions): Promise<Database> {
  const memory = path === ':memory:'
  if (!memory) createFolder(dirname(path))
  const writing = connect(path, false, options)
  const reading = memory ? writing : connect(path, true, options)
  const t = tables(sqlite)
  const writer = new Writer(engine(writing, t), options)
  const rawOn =
    (connection: Sqlite): Raw =>
    async (text, params = []) =>
      connection.query<Record<string, unknown>, RawValue[]>(text).all(...params)

  return {
    dialect: 'sqlite',
    t,
    q: asQuery(drizzle(reading, { casing: 'snake_case' })),
    tx: (fn) => writer.tx(fn),
    raw: rawOn(reading),
    exclusive: (fn) => writer.tx(() => fn(rawOn(writing))),
    beforeCommit: (hook) => writer.beforeCommit(hook),
    onCommit: (listener) => writer.onCommit(listener),
    head: async () => lastSequence(reading),
    close: async () => {
      await writer.close()
      if (reading !== writing) reading.close()
      try {
        // No `PRAGMA optimize`: what it counts while tables are small makes SQLite read them whole when they have grown.
        // What is in the log goes into the file, so that the file alone is the database.
        writing.run('PRAGMA wal_checkpoint(TRUNCATE)')
      } catch {
        // A full disk: everything stays in the log, and the next start reads it from there.
      }
      writing.close()
    },
  }
}

function engine(db: Sqlite, t: Tables): Engine {
  const q = asQuery(drizzle(db, { casing: 'snake_case' }))
  const inserts = new Inserts(q)
  return {
    begin: async () => {
      db.run('BEGIN IMMEDIATE')
      return lastSequence(db)
    },
    savepoint: async () => void db.run('SAVEPOINT job'),
    release: async () => void db.run('RELEASE job'),
    undo: async () => {
      db.run('ROLLBACK TO job')
      db.run('RELEASE job')
    },
    append: async (log) => inserts.run(t.events, log),
    commit: async () => void db.run('COMMIT'),
    abort: async () => {
      try {
        if (db.inTransaction) db.run('ROLLBACK')
      } catch {
        // SQLite may have rolled back by itself after an I/O error; then there is nothing to give up.
      }
    },
    survives: () => db.inTransaction,
    isConflict: () => false,
    explain,
    work: { q, insert: async (table, ...rows) => inserts.run(table, rows) },
  }
}

function lastSequence(db: Sqlite): number {
  try {
    return db.query<{ n: number | null }, []>('select max(sequence) as n from events').get()?.n ?? 0
  } catch (error) {
    if (errorText(error).includes('no such table')) return 0
    throw error
  }
}

function createFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  } catch (cause) {
    throw new NekodeError('unavailable', `The data folder ${folder} cannot be made: ${errorText(cause)}`, {
      code: 'storage_unwritable',
      next: 'Point NEKODE_DATA_DIR (or --data-dir) at a folder that this user may write.',
      cause,
    })
  }
}

function connect(path: string, readonly: boolean, options: OpenOptions): Sqlite {
  try {
    const db = readonly ? new Sqlite(path, { readonly: true }) : new Sqlite(path, { create: true })
    db.run(`PRAGMA busy_timeout=${BUSY_MS}`)
    if (!readonly) db.run('PRAGMA journal_mode=WAL')
    db.run(`PRAGMA synchronous=${options.durability === 'normal' ? 'NORMAL' : 'FULL'}`)
    db.run('PRAGMA cache_size=-16384')
    db.run('PRAGMA temp_store=MEMORY')
    return db
  } catch (cause) {
    throw openFailure(path, cause)
  }
}

/** Prepared inserts, one a table: drizzle's encoders without building the statement again. */
class Inserts {
  readonly #cache = new Map<Table, (row: Record<string, unknown>) => void>()

  constructor(private readonly q: Query) {}

  run<T extends SQLiteTable>(table: T, rows: T['$inferSelect'][]): void {
    if (!rows.length) return
    const insert = this.#cache.get(table) ?? this.#prepare(table)
    for (const row of rows) insert(row)
  }

  #prepare(table: SQLiteTable): (row: Record<string, unknown>) => void {
    const holes = Object.fromEntries(Object.keys(getTableColumns(table)).map((name) => [name, sql.placeholder(name)]))
    const statement = this.q.insert(table).values(holes).prepare()
    const insert = (row: Record<string, unknown>): void => void statement.run(row)
    this.#cache.set(table, insert)
    return insert
  }
}
