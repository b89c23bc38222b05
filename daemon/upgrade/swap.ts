import {
  chmodSync,
  chownSync,
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { dirname } from 'node:path'

/** The version before, beside the program: it is kept for a roll-back. */
export const previousOf = (program: string): string =>
  program.endsWith('.exe') ? `${program.slice(0, -4)}.previous.exe` : `${program}.previous`

/**
 * Puts `staged` into the place of `program` and keeps what was there as the version before. At every moment there is a whole program:
 * a kill leaves either the old or the new one. Windows locks a program that runs against being replaced, but not against a new
 * name; there the program is away for the moment between two renames.
 */
export function place(program: string, staged: string): void {
  const { mode, uid, gid } = statSync(program)
  chmodSync(staged, mode & 0o7777)
  if (process.getuid?.() === 0) chownSync(staged, uid, gid)
  sync(staged)
  keep(program)
  renameSync(staged, program)
  syncFolder(program)
}

/** Brings the version before back. @returns false when there is none */
export function putBack(program: string): boolean {
  const previous = previousOf(program)
  if (!existsSync(previous)) return false
  if (process.platform === 'win32') {
    const aside = `${program}.failed`
    rmSync(aside, { force: true })
    renameSync(program, aside)
  }
  renameSync(previous, program)
  syncFolder(program)
  return true
}

function keep(program: string): void {
  const previous = previousOf(program)
  if (process.platform === 'win32') {
    rmSync(previous, { force: true })
    renameSync(program, previous)
    return
  }
  const temporary = `${previous}.new`
  rmSync(temporary, { force: true })
  try {
    linkSync(program, temporary)
  } catch {
    // A file system without hard links.
    copyFileSync(program, temporary)
    chmodSync(temporary, statSync(program).mode & 0o7777)
    sync(temporary)
  }
  renameSync(temporary, previous)
}

function sync(path: string): void {
  const file = openSync(path, 'r+')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

/** A rename survives a power loss once its folder is written. */
function syncFolder(path: string): void {
  if (process.platform === 'win32') return
  const folder = openSync(dirname(path), 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}
