import { Database } from 'bun:sqlite'
import { constants, copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Logger } from '@shared/log'
import type { Paths } from '../config/paths'

const folderOf = ({ state }: Pick<Paths, 'state'>): string => join(state, 'before-upgrade')
const PARTS = ['', '-wal', '-shm'] as const
/** What can be made again is not worth the copy. */
const EXPENDABLE = new Set(['cache.db'])

const stores = (folder: string): string[] =>
  readdirSync(folder).filter((name) => name.endsWith('.db') && !EXPENDABLE.has(name))

/**
 * Copies the stores before a newer version touches them: it may bring them to a form that the version before cannot read. Only while
 * the lock of the home is held, so that nobody writes. A copy that is there already is of before, and stays.
 */
export function saveStores(paths: Pick<Paths, 'state'>): void {
  const folder = folderOf(paths)
  if (existsSync(folder)) return
  const temporary = `${folder}.new`
  rmSync(temporary, { recursive: true, force: true })
  mkdirSync(temporary, { mode: 0o700 })
  for (const name of stores(paths.state))
    for (const part of PARTS) {
      const from = join(paths.state, name + part)
      if (existsSync(from)) copyFileSync(from, join(temporary, name + part), constants.COPYFILE_FICLONE)
    }
  renameSync(temporary, folder)
}

export function forgetStores(paths: Pick<Paths, 'state'>): void {
  rmSync(folderOf(paths), { recursive: true, force: true })
}

/**
 * Brings back the stores that the newer version has changed in form; the others have what it did meanwhile, and stay. What is replaced
 * is set aside. Only while the lock of the home is held.
 * @returns the names of those that were brought back
 */
export function restoreStores(paths: Pick<Paths, 'state'>, log: Logger): string[] {
  const folder = folderOf(paths)
  if (!existsSync(folder)) return []
  const restored = stores(folder).filter((name) => {
    const now = join(paths.state, name)
    return !existsSync(now) || formOf(now) !== formOf(join(folder, name))
  })
  for (const name of restored) {
    const aside = `${name}.newer-${Date.now()}`
    for (const part of PARTS) {
      const now = join(paths.state, name + part)
      if (existsSync(now)) renameSync(now, join(paths.state, aside + part))
    }
    // The file itself last: without it the rest counts for nothing.
    for (const part of PARTS.toReversed()) {
      const from = join(folder, name + part)
      if (existsSync(from)) copyFileSync(from, join(paths.state, name + part))
    }
    log.warn('a store of the newer version is set aside, and the one of before is back', { store: name, aside })
  }
  forgetStores(paths)
  return restored
}

/** The version of a store's tables; -1 for a file that says nothing about it. */
function formOf(path: string): number {
  try {
    const database = new Database(path)
    try {
      return database.query<{ user_version: number }, []>('PRAGMA user_version').get()?.user_version ?? -1
    } finally {
      database.close()
    }
  } catch {
    // Damaged: then the copy of before is the better one.
    return -1
  }
}
