import { Database, type SQLQueryBindings } from 'bun:sqlite'
import { chmodSync, existsSync, renameSync } from 'node:fs'
import { errorText, NekodeError } from '@shared/errors'
import type { Logger } from '@shared/log'
import { z } from 'zod'

export interface StoreOptions {
  path: string
  log: Logger
  /** As messages name it: `the store of the jobs`. */
  title: string
  /** Each entry brings a store from the version before it to the next; entries are never changed, only added. */
  migrations: readonly string[]
  /** Code of the error when it cannot be opened. Default `store_unavailable`. */
  code?: string
  /**
   * What is committed is still there after a power loss, at the price of waiting for the disk, and damaged pages are found at the opening.
   * Default: what is committed is there after a kill.
   */
  durable?: true
}

/** The SQLite file of one service. */
export class Store {
  readonly #database: Database
  #isClosed = false
  /** Where the damaged file is that this one replaces, when that was found at this opening. */
  readonly setAside: string | undefined

  private constructor(database: Database, setAside?: string) {
    this.#database = database
    this.setAside = setAside
  }

  /**
   * Opens a store for this user alone, and makes it when there is none. A file that is no store any more is set aside, never overwritten.
   * @throws NekodeError precondition when the folder cannot be written or the store is newer than this daemon
   */
  static open(options: StoreOptions): Store {
    try {
      return new Store(connect(options))
    } catch (error) {
      if (!isDamaged(error)) throw unavailable(options, error)
      const aside = setAside(options, error)
      return new Store(connect(options), aside)
    }
  }

  /** A statement, prepared once by its owner. */
  prepare<Row, Params extends SQLQueryBindings[]>(
    sql: string,
  ): ReturnType<typeof Database.prototype.query<Row, Params>> {
    return this.#database.query<Row, Params>(sql)
  }

  /** Runs `work` as one transaction: all of it is in the store, or none. */
  tx<T>(work: () => T): T {
    return this.#database.transaction(work).immediate()
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#database.close()
  }
}

/** Moves a damaged file, which nobody has open any more, out of the way. @returns where it is now */
export function setAside({ path, log, title }: StoreOptions, error: unknown): string {
  const aside = `${path}.damaged-${Date.now()}`
  for (const end of ['', '-wal', '-shm']) if (existsSync(path + end)) renameSync(path + end, aside + end)
  log.error(`${title} was damaged and is set aside; a new one is started`, { path, aside, error: errorText(error) })
  return aside
}

function connect({ path, title, migrations, durable }: StoreOptions): Database {
  const database = new Database(path, { create: true, strict: true })
  try {
    if (process.platform !== 'win32') chmodSync(path, 0o600)
    // A commit survives a kill at any point.
    database.run('PRAGMA journal_mode = WAL')
    database.run(`PRAGMA synchronous = ${durable ? 'FULL' : 'NORMAL'}`)
    database.run('PRAGMA busy_timeout = 5000')
    database.run('PRAGMA foreign_keys = ON')
    if (durable) checkPages(database)
    migrate(database, title, migrations)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

/** @throws with the code of a damaged file */
function checkPages(database: Database): void {
  const [first] = database.query<{ quick_check: string }, []>('PRAGMA quick_check(1)').all()
  if (first && first.quick_check !== 'ok') throw Object.assign(new Error(first.quick_check), { code: 'SQLITE_CORRUPT' })
}

function migrate(database: Database, title: string, migrations: readonly string[]): void {
  const version = database.query<{ user_version: number }, []>('PRAGMA user_version').get()?.user_version ?? 0
  if (version > migrations.length)
    throw new NekodeError('precondition', `${capital(title)} was written by a newer nekode-daemon.`, {
      code: 'store_newer',
      next: 'Upgrade this daemon, or give it a home of its own with NEKODE_HOME.',
    })
  const missing = migrations.slice(version)
  if (missing.length === 0) return
  database.transaction(() => {
    for (const sql of missing) database.run(sql)
    database.run(`PRAGMA user_version = ${migrations.length}`)
  })()
}

const Damaged = z.looseObject({ code: z.enum(['SQLITE_NOTADB', 'SQLITE_CORRUPT', 'SQLITE_CORRUPT_VTAB']) })
/** The file does not hold what SQLite wrote. */
export const isDamaged = (error: unknown): boolean => Damaged.safeParse(error).success

function unavailable({ path, title, code = 'store_unavailable' }: StoreOptions, cause: unknown): NekodeError {
  if (cause instanceof NekodeError) return cause
  return new NekodeError('precondition', `${capital(title)} (${path}) cannot be opened: ${errorText(cause)}.`, {
    code,
    next: 'Check that the folder can be written and that the disk is not full.',
    cause,
  })
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
