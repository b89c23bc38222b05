import { closeSync, fchmodSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { errorText, NekodeError } from '@shared/errors'
import type { Paths } from './paths'

/** The log of a daemon that runs in the background. */
export const logPath = ({ state }: Pick<Paths, 'state'>): string => join(state, 'nekode.log')

export interface LogFileOptions {
  path: string
  /** A file is not made longer than this. Default 10 MB. */
  maxBytes?: number
  /** Earlier files that are kept: `nekode.log.1` is the latest of them. Default 4. */
  keep?: number
  now?: () => Date
}

/**
 * A log for this user alone that rotates by itself. Where it cannot be written (a full disk), lines are left out and counted, and the daemon
 * goes on.
 */
export class LogFile {
  readonly #path: string
  readonly #maxBytes: number
  readonly #keep: number
  readonly #now: () => Date
  #file: number | undefined
  #size: number
  #lost = 0
  #isCut = false
  /** A device or a pipe is left as it is. */
  readonly #rotates: boolean

  /** @throws NekodeError precondition `log_unavailable` */
  constructor({ path, maxBytes = 10_000_000, keep = 4, now = () => new Date() }: LogFileOptions) {
    this.#path = path
    this.#maxBytes = maxBytes
    this.#keep = keep
    this.#now = now
    try {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
      this.#file = open(path)
      const stat = fstatSync(this.#file)
      this.#size = stat.size
      this.#rotates = stat.isFile()
    } catch (cause) {
      throw new NekodeError('precondition', `The log ${path} cannot be written: ${errorText(cause)}.`, {
        code: 'log_unavailable',
        next: 'Check that the folder can be written, or leave the log on standard error: nekode-daemon run --foreground',
        cause,
      })
    }
  }

  /** Appends a line. Never throws. */
  write(line: string): void {
    try {
      const isFull = this.#size > 0 && this.#size + Buffer.byteLength(line) + 1 > this.#maxBytes
      if (this.#rotates && isFull) this.#rotate()
      if (this.#lost > 0) this.#append(`${this.#now().toISOString()} (${this.#lost} lines are missing here)`)
      this.#lost = 0
      this.#append(line)
    } catch {
      // There is no place left to say it; the next line that can be written says how many are missing.
      this.#lost++
    }
  }

  /** @throws also when there was room for a part of it only, which the next line then ends */
  #append(text: string): void {
    const bytes = Buffer.from(this.#isCut ? `\n${text}\n` : `${text}\n`)
    this.#file ??= open(this.#path)
    const written = writeSync(this.#file, bytes)
    this.#size += written
    this.#isCut = written < bytes.length
    if (this.#isCut) throw new Error('no room for all of it')
  }

  #rotate(): void {
    for (let number = this.#keep - 1; number >= 1; number--)
      move(`${this.#path}.${number}`, `${this.#path}.${number + 1}`)
    // Windows renames no file that is open.
    this.close()
    if (this.#keep > 0) move(this.#path, `${this.#path}.1`)
    this.#file = open(this.#path, this.#keep === 0)
    this.#size = fstatSync(this.#file).size
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file)
    this.#file = undefined
  }
}

function open(path: string, isEmptied = false): number {
  const file = openSync(path, isEmptied ? 'w' : 'a', 0o600)
  // The mode above is cut by the umask, and says nothing about a file that was there.
  if (process.platform !== 'win32' && fstatSync(file).isFile()) fchmodSync(file, 0o600)
  return file
}

function move(from: string, to: string): void {
  try {
    renameSync(from, to)
  } catch {
    // There are not as many yet; one that cannot be moved grows on.
  }
}
