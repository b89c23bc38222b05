import { Database as Sqlite, SQLiteError } from 'bun:sqlite'
import { NekodeError, errorText } from '@shared/errors'
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'

/** A connection that nobody refers to is collected, and its lock with it. */
const held = new Set<Sqlite>()

/**
 * Makes this process the only server of a SQLite file: two would each trust a memory that the other one does not know of. The lock is a
 * transaction that never ends; the operating system ends it with the process, however that ends. Other databases need none.
 * @param dsn as for `openDatabase`
 * @returns gives the lock back
 * @throws NekodeError unavailable `storage_locked`
 */
export function lockDatabase(dsn: string): () => void {
  const path = /^sqlite:(.*)$/.exec(dsn)?.[1]
  if (path === undefined || path === ':memory:') return () => {}
  let lock: Sqlite
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    lock = new Sqlite(`${path}.lock`, { create: true })
  } catch (cause) {
    throw new NekodeError('unavailable', `The folder of ${path} cannot be written: ${errorText(cause)}`, {
      code: 'storage_unwritable',
      next: 'Point NEKODE_DATA_DIR (or --data-dir) at a folder that this user may write.',
      cause,
    })
  }
  try {
    lock.run('BEGIN EXCLUSIVE')
  } catch (cause) {
    lock.close()
    if (!(cause instanceof SQLiteError) || cause.code !== 'SQLITE_BUSY') throw cause
    throw new NekodeError('unavailable', `Another server is running on ${path}.`, {
      code: 'storage_locked',
      next: 'Stop it first, or give this one a folder of its own with --data-dir.',
      cause,
    })
  }
  held.add(lock)
  return () => {
    held.delete(lock)
    lock.close()
  }
}
