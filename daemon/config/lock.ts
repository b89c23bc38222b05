import { Database } from 'bun:sqlite'
import { readFileSync, rmSync } from 'node:fs'
import { NekodeError } from '@shared/errors'
import { z } from 'zod'
import { writePrivate } from './file'
import { homeUnavailable, type Paths } from './paths'

const Holder = z.object({ pid: z.number().int(), since: z.number(), version: z.string() })
/** The daemon that runs. `since` is Unix milliseconds. */
export type Holder = z.infer<typeof Holder>

/** A connection that nobody refers to is collected, and its lock with it. */
const held = new Set<Database>()

/** Whoever only looks who holds the lock has it for a moment. */
const PATIENCE_MS = 500

export interface Lock {
  release(): void
}

/**
 * Makes this process the only daemon of its home. The lock is a write transaction of SQLite that is never finished: the
 * operating system ends it with the process, however that ends, so there is no stale lock to guess about.
 * @throws NekodeError conflict `already_running` that says who holds it, precondition `home_unavailable`
 */
export function acquireLock(paths: Paths, version: string): Lock {
  let database: Database | undefined
  try {
    database = take(paths.lock, PATIENCE_MS)
  } catch (cause) {
    throw homeUnavailable(paths, cause)
  }
  if (!database) {
    const holder = readHolder(paths)
    const who = holder ? ` (process ${holder.pid}, since ${new Date(holder.since).toISOString()})` : ''
    throw new NekodeError('conflict', `Another nekode-daemon${who} already runs in ${paths.home}.`, {
      code: 'already_running',
      next: 'Stop it first, or give this one a home of its own with NEKODE_HOME.',
    })
  }
  const lock = database
  held.add(lock)
  const release = () => {
    rmSync(paths.holder, { force: true })
    held.delete(lock)
    lock.close()
  }
  const holder: Holder = { pid: process.pid, since: Date.now(), version }
  try {
    writePrivate(paths.holder, JSON.stringify(holder))
  } catch (cause) {
    release()
    throw homeUnavailable(paths, cause)
  }
  return { release }
}

/** The daemon that holds the lock now, or undefined when none runs. */
export function findHolder(paths: Paths): Holder | undefined {
  const holder = readHolder(paths)
  if (!holder) return undefined
  const database = take(paths.lock)
  database?.close()
  return database ? undefined : holder
}

function readHolder(paths: Paths): Holder | undefined {
  try {
    return Holder.parse(JSON.parse(readFileSync(paths.holder, 'utf8')))
  } catch {
    // Not there, or cut off by a power loss: then nobody is known to hold the lock.
    return undefined
  }
}

/** A connection with the write lock, or undefined when another process has it. */
function take(path: string, patienceMs = 0): Database | undefined {
  const database = new Database(path, { create: true })
  try {
    database.run(`PRAGMA busy_timeout = ${patienceMs}`)
    database.run('BEGIN IMMEDIATE')
    return database
  } catch (error) {
    database.close()
    if (Busy.safeParse(error).success) return undefined
    throw error
  }
}

const Busy = z.looseObject({ code: z.enum(['SQLITE_BUSY', 'SQLITE_LOCKED']) })
