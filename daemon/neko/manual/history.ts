import { appendFileSync, chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { errorText } from '@shared/errors'
import type { Logger } from '@shared/log'
import { isSecret } from './verbs'

const MAX_LINES = 1000
const MAX_LENGTH = 2000

export interface HistoryOptions {
  /** Readable by its owner only. */
  path: string
  /** Keep what is typed into the remote screen as well, which may be passwords. */
  keepsText: boolean
  log: Logger
}

/** The lines of earlier times, in a file. That it cannot be read or written is no reason to do without commands. */
export class History {
  readonly #options: HistoryOptions
  #isBroken = false

  constructor(options: HistoryOptions) {
    this.#options = options
  }

  /** The newest line first, as readline wants it. */
  load(): string[] {
    const { path } = this.#options
    return this.#trying(() => {
      if (!existsSync(path)) return []
      const lines = readFileSync(path, 'utf8').split('\n').filter(Boolean)
      const kept = lines.slice(-MAX_LINES)
      if (kept.length < lines.length) writeFileSync(path, `${kept.join('\n')}\n`, { mode: 0o600 })
      return kept.toReversed()
    }, [])
  }

  /** Keeps a line, unless it may hold a secret, begins with a blank, or is the last one again. */
  add(line: string, last: string | undefined): void {
    const { path, keepsText } = this.#options
    const isKept = line.trim() !== '' && !line.startsWith(' ') && line !== last && line.length <= MAX_LENGTH
    if (!isKept || (!keepsText && isSecret(line))) return
    this.#trying(() => {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
      appendFileSync(path, `${line}\n`, { mode: 0o600 })
      chmodSync(path, 0o600)
    }, undefined)
  }

  #trying<T>(what: () => T, otherwise: T): T {
    if (this.#isBroken) return otherwise
    try {
      return what()
    } catch (error) {
      this.#isBroken = true
      this.#options.log.warn('The history of commands cannot be kept.', { error: errorText(error) })
      return otherwise
    }
  }
}
