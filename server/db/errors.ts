import { SQLiteError } from 'bun:sqlite'
import { errorText, NekodeError } from '@shared/errors'

/** What the engines call an error, from the error itself and from what caused it: drizzle wraps. */
function codes(error: unknown): string[] {
  const found: string[] = []
  for (let e: unknown = error; typeof e === 'object' && e !== null; e = Reflect.get(e, 'cause'))
    for (const name of ['code', 'errno']) {
      const value: unknown = Reflect.get(e, name)
      if (typeof value === 'string' || typeof value === 'number') found.push(String(value))
    }
  return found
}

const hasAny = (error: unknown, wanted: RegExp): boolean => codes(error).some((code) => wanted.test(code))

/** Whether a write failed because a row with the same unique value is there already, in any of the three databases. */
export const isDuplicate = (error: unknown): boolean =>
  hasAny(error, /^(SQLITE_CONSTRAINT_(UNIQUE|PRIMARYKEY)|23505|1062|ER_DUP_ENTRY)$/)

/** Serialisation failures, deadlocks and lock time-outs: the database ended one of two transactions, and running it again is right. */
export const isConflict = (error: unknown): boolean => hasAny(error, /^(40001|40P01|1213|1205|ER_LOCK_DEADLOCK)$/)

/** The connection is gone: nobody answered, it was closed, or the database shuts down. */
export const isDisconnect = (error: unknown): boolean =>
  hasAny(error, /^(ERR_(POSTGRES|MYSQL)_(CONNECTION|IDLE_TIMEOUT|LIFETIME)|ECONN|57P0|08\d\d\d|1053$|2006$|2013$)/)

const FULL = /^(SQLITE_FULL|SQLITE_IOERR|53100$|1021$|1114$)/
const READ_ONLY = /^(SQLITE_READONLY|SQLITE_CANTOPEN|SQLITE_PERM|25006$|1290$|1836$)/

/** What the driver said. Drizzle's own text has all that was to be written in it: messages, hashes of passwords and tokens. */
function reason(error: unknown): string {
  let e = error
  while (e instanceof Error && e.cause instanceof Error) e = e.cause
  return errorText(e)
}

/** Errors of the storage that a caller can do something about; everything else goes through as it is. */
export function explain(error: unknown): unknown {
  if (error instanceof NekodeError) return error
  if (hasAny(error, FULL))
    return new NekodeError('unavailable', 'The server cannot save: the disk of its database is full or failing.', {
      code: 'storage_full',
      next: 'Free some space on the disk that holds the database; nothing that was accepted is lost.',
      cause: error,
    })
  if (hasAny(error, READ_ONLY))
    return new NekodeError('unavailable', 'The server cannot save: its database is read-only.', {
      code: 'storage_unwritable',
      next: 'Give the user that runs the server write access to the data folder.',
      cause: error,
    })
  if (hasAny(error, /^SQLITE_(CORRUPT|NOTADB)/))
    return new NekodeError('unavailable', 'The database file is damaged or is not a SQLite database.', {
      code: 'storage_corrupt',
      next: 'Stop the server, keep a copy of the file, and restore the last backup.',
      cause: error,
    })
  if (hasAny(error, /^SQLITE_BUSY/))
    return new NekodeError('unavailable', 'Another program keeps the database locked.', {
      code: 'storage_locked',
      next: 'Stop what else uses the database file, then try again.',
      cause: error,
    })
  if (isDisconnect(error))
    return new NekodeError('unavailable', `The database does not answer: ${reason(error)}`, {
      code: 'storage_unreachable',
      next: 'Check that the database runs. The server goes on by itself when it is back.',
      cause: error,
    })
  return error
}

/** Why a file could not be opened as a database. */
export const openFailure = (path: string, cause: unknown): NekodeError => {
  const told = cause instanceof SQLiteError ? explain(cause) : cause
  const code = told instanceof NekodeError ? told.code : 'storage_unwritable'
  return new NekodeError('unavailable', `The database file ${path} cannot be opened: ${errorText(cause)}`, {
    code,
    next:
      code === 'storage_corrupt'
        ? 'Keep a copy of the file and restore the last backup, or point NEKODE_DATA_DIR at another folder.'
        : 'Check that the folder can be written, that the disk has room, and that the file is a SQLite database.',
    cause,
  })
}

/** The result of a write, or of `otherwise` when somebody else made the same thing first. */
export async function onDuplicate<T>(write: Promise<T>, otherwise: () => Promise<T> | never): Promise<T> {
  try {
    return await write
  } catch (error) {
    if (!isDuplicate(error)) throw error
    return otherwise()
  }
}
