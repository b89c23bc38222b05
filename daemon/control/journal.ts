import { Database, type SQLQueryBindings } from 'bun:sqlite'
import { existsSync, renameSync } from 'node:fs'
import { errorText, NekodeError } from '@shared/errors'
import type { Logger } from '@shared/log'
import { z } from 'zod'

/** Each entry brings a journal from the version before it to the next; entries are never changed, only added. */
const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
  CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    queue TEXT NOT NULL,
    method TEXT NOT NULL,
    principal TEXT NOT NULL,
    body BLOB NOT NULL,
    created_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX outbox_queue ON outbox (queue, id);
  CREATE TABLE runs (
    run_id TEXT PRIMARY KEY,
    agent_id TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    state TEXT NOT NULL,
    lease_id TEXT NOT NULL,
    step_sequence INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE sessions (
    agent_id TEXT PRIMARY KEY,
    runtime_kind TEXT NOT NULL,
    workspace TEXT NOT NULL,
    session_id TEXT NOT NULL,
    updated_at INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE operations (
    operation_id TEXT PRIMARY KEY,
    body BLOB NOT NULL,
    state TEXT NOT NULL,
    updated_at INTEGER NOT NULL
  ) STRICT;
  `,
]

/**
 * What the daemon must still know after it was killed: what it has done and not yet been able to report, which events it has
 * taken in, the runs and sessions of its agents. One SQLite file; a feature keeps its own table.
 */
export class Journal {
  readonly #database: Database
  #closed = false

  private constructor(database: Database) {
    this.#database = database
  }

  /**
   * Opens the journal, and makes it when there is none. A file that is no journal any more is set aside, never overwritten:
   * the server still knows the runs, and gives them out again.
   * @throws NekodeError precondition `journal_unavailable` when the folder cannot be written or the journal is newer than this daemon
   */
  static open(path: string, log: Logger): Journal {
    try {
      return new Journal(connect(path))
    } catch (error) {
      if (!isDamaged(error)) throw unavailable(path, error)
      const aside = `${path}.damaged-${Date.now()}`
      for (const end of ['', '-wal', '-shm']) if (existsSync(path + end)) renameSync(path + end, aside + end)
      log.error('the journal was damaged and is set aside; a new one is started', { path, aside, error })
      return new Journal(connect(path))
    }
  }

  /** A statement, prepared once by its owner. */
  prepare<Row, Params extends SQLQueryBindings[]>(
    sql: string,
  ): ReturnType<typeof Database.prototype.query<Row, Params>> {
    return this.#database.query<Row, Params>(sql)
  }

  /** Runs `work` as one transaction: all of it is in the journal, or none. */
  tx<T>(work: () => T): T {
    return this.#database.transaction(work).immediate()
  }

  get(name: string): string | undefined {
    return this.#database.query<{ value: string }, [string]>('SELECT value FROM meta WHERE name = ?').get(name)?.value
  }

  set(name: string, value: string): void {
    this.#database
      .query('INSERT INTO meta (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2')
      .run(name, value)
  }

  get isClosed(): boolean {
    return this.#closed
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#database.close()
  }
}

function connect(path: string): Database {
  const database = new Database(path, { create: true, strict: true })
  try {
    // A commit survives a kill at any point; after a power loss the last moments are done again, which repeats nothing
    // on the server because of the idempotency keys.
    database.run('PRAGMA journal_mode = WAL')
    database.run('PRAGMA synchronous = NORMAL')
    database.run('PRAGMA busy_timeout = 5000')
    migrate(database)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

function migrate(database: Database): void {
  const version = database.query<{ user_version: number }, []>('PRAGMA user_version').get()?.user_version ?? 0
  if (version > MIGRATIONS.length)
    throw new NekodeError('precondition', 'The journal was written by a newer nekode-daemon.', {
      code: 'journal_newer',
      next: 'Upgrade this daemon, or give it a home of its own with NEKODE_HOME.',
    })
  const missing = MIGRATIONS.slice(version)
  if (missing.length === 0) return
  database.transaction(() => {
    for (const sql of missing) database.run(sql)
    database.run(`PRAGMA user_version = ${MIGRATIONS.length}`)
  })()
}

const Damaged = z.looseObject({ code: z.enum(['SQLITE_NOTADB', 'SQLITE_CORRUPT', 'SQLITE_CORRUPT_VTAB']) })
const isDamaged = (error: unknown): boolean => Damaged.safeParse(error).success

function unavailable(path: string, cause: unknown): NekodeError {
  if (cause instanceof NekodeError) return cause
  return new NekodeError('precondition', `The journal ${path} cannot be opened: ${errorText(cause)}.`, {
    code: 'journal_unavailable',
    next: 'Check that the folder can be written and that the disk is not full.',
    cause,
  })
}
