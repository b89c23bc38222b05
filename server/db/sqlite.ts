import { Database as Sqlite, SQLiteError } from 'bun:sqlite'
import { errorText, NekodeError } from '@shared/errors'
import { Table, getTableColumns, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/bun-sqlite'
import type { SQLiteTable } from 'drizzle-orm/sqlite-core'
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { type Database, type LogEvent, type NewEvent, type OpenOptions, type Query, type Tx, toLog } from './database'
import { sqlite } from './dialect'
import { tables } from './tables'

/** Transactions that share a commit. More would hold the event loop for longer than a frame. */
const GROUP = 64

interface Job {
  run(tx: Tx): Promise<void>
  events: NewEvent[]
  settle(error?: unknown): void
}

/** One connection writes, in groups that share a commit; another one reads and never waits for the writer (WAL). */
export async function openSqlite(path: string, options: OpenOptions): Promise<Database> {
  const memory = path === ':memory:'
  if (!memory) createFolder(dirname(path))
  const writer = connect(path, false, options)
  const reader = memory ? writer : connect(path, true, options)
  const t = tables(sqlite)
  const wq = asQuery(drizzle(writer, { casing: 'snake_case' }))
  const rq = asQuery(drizzle(reader, { casing: 'snake_case' }))
  const inserts = new Inserts(wq)
  const listeners: ((events: LogEvent[]) => Promise<void> | void)[] = []
  const queue: Job[] = []
  const state = { draining: false }
  let head: number | undefined

  const readHead = (): number => {
    const exists = writer.query("select 1 from sqlite_master where name = 'events'").get()
    const row = exists ? writer.query<{ n: number | null }, []>('select max(sequence) as n from events').get() : null
    return row?.n ?? 0
  }

  const perform = async (job: Job): Promise<LogEvent[]> => {
    await job.run({
      q: wq,
      insert: async (table, ...rows) => inserts.run(table, rows),
      emit: (event) => void job.events.push(event),
    })
    head ??= readHead()
    const log = toLog(job.events, head + 1, Date.now())
    inserts.run(t.events, log)
    head += log.length
    return log
  }

  /** Runs a group in one transaction, each job in a savepoint of its own, so that one that fails takes nobody along. */
  const commitGroup = async (jobs: Job[]): Promise<LogEvent[]> => {
    const failed = new Map<Job, unknown>()
    const log: LogEvent[] = []
    writer.run('BEGIN IMMEDIATE')
    for (const job of jobs) {
      const before = head
      writer.run('SAVEPOINT job')
      try {
        log.push(...(await perform(job)))
        writer.run('RELEASE job')
      } catch (error) {
        // A full disk ends the whole transaction, not just the savepoint.
        if (!writer.inTransaction) throw error
        writer.run('ROLLBACK TO job')
        writer.run('RELEASE job')
        head = before
        failed.set(job, error)
      }
    }
    writer.run('COMMIT')
    for (const listener of listeners) if (log.length) await listener(log)
    for (const job of jobs) job.settle(failed.get(job))
    return log
  }

  const drain = async (): Promise<void> => {
    state.draining = true
    while (queue.length) {
      const jobs = queue.splice(0, GROUP)
      try {
        await commitGroup(jobs)
      } catch (error) {
        if (writer.inTransaction) writer.run('ROLLBACK')
        head = undefined
        const told = explain(error)
        for (const job of jobs) job.settle(told)
      }
      // Let requests in, and let what waits for the next commit gather.
      await new Promise<void>((resolve) => setImmediate(resolve))
    }
    state.draining = false
  }

  return {
    dialect: 'sqlite',
    t,
    q: rq,
    tx: <T>(fn: (tx: Tx) => Promise<T>) =>
      new Promise<T>((resolve, reject) => {
        let value: { of: T } | undefined
        queue.push({
          events: [],
          run: async (tx) => {
            value = { of: await fn(tx) }
          },
          settle: (error) => (error !== undefined || !value ? reject(explain(error)) : resolve(value.of)),
        })
        if (!state.draining) void drain()
      }),
    raw: async (text, params = []) =>
      writer.query<Record<string, unknown>, (string | number | null)[]>(text).all(...params),
    onCommit: (listener) => void listeners.push(listener),
    head: async () => (head ??= readHead()),
    close: async () => {
      while (state.draining || queue.length) await Bun.sleep(1)
      if (reader !== writer) reader.close()
      writer.run('PRAGMA optimize')
      writer.close()
    },
  }
}

// The builders run synchronously and can be awaited all the same; this is the one place that says so to the compiler.
const asQuery = (q: ReturnType<typeof drizzle>): Query => q as unknown as Query

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
    db.run('PRAGMA busy_timeout=5000')
    if (!readonly) db.run('PRAGMA journal_mode=WAL')
    db.run(`PRAGMA synchronous=${options.durability === 'normal' ? 'NORMAL' : 'FULL'}`)
    db.run('PRAGMA cache_size=-16384')
    db.run('PRAGMA temp_store=MEMORY')
    return db
  } catch (cause) {
    throw new NekodeError('unavailable', `The database file ${path} cannot be opened: ${errorText(cause)}`, {
      code: 'storage_unwritable',
      next: 'Check that the folder can be written, that the disk has room, and that the file is a SQLite database.',
      cause,
    })
  }
}

/** Errors of the engine that a caller can do something about; everything else goes through as it is. */
function explain(error: unknown): unknown {
  const code = error instanceof SQLiteError ? error.code : undefined
  if (code === 'SQLITE_FULL' || code?.startsWith('SQLITE_IOERR'))
    return new NekodeError('unavailable', 'The server cannot save: its disk is full or failing.', {
      code: 'storage_full',
      next: 'Free some space on the disk that holds the data folder; nothing that was accepted is lost.',
      cause: error,
    })
  if (code === 'SQLITE_READONLY')
    return new NekodeError('unavailable', 'The server cannot save: its database file is read-only.', {
      code: 'storage_unwritable',
      next: 'Give the user that runs the server write access to the data folder.',
      cause: error,
    })
  return error
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
