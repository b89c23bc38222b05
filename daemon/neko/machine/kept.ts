import type { Logger } from '@shared/log'
import type { Family, Program } from './processes'

const FIRST_RETRY_MS = 500
const LONGEST_RETRY_MS = 30_000
/** Whoever ran this long did not fail at start. */
const STEADY_MS = 10_000

export interface KeptOptions {
  family: Family
  log: Logger
  name: string
  /** The command, anew at each start. */
  argv: () => string[]
}

/** A program that there always is one of: it is started again when it was closed or crashed. */
export class KeptProgram {
  readonly #options: KeptOptions
  #program: Program | undefined
  #lastWords = ''
  #timer: ReturnType<typeof setTimeout> | undefined
  #retryMs = FIRST_RETRY_MS
  #isClosed = false

  constructor(options: KeptOptions) {
    this.#options = options
    this.#start()
  }

  /** What it, or the one before, said last on standard error. */
  get lastWords(): string {
    return this.#program?.lastWords || this.#lastWords
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    await this.#program?.stop()
  }

  #start(): void {
    const { family, log, name, argv } = this.#options
    const startedAt = Date.now()
    const program = family.start(name, argv())
    this.#program = program
    void program.exited.then((code) => {
      this.#program = undefined
      this.#lastWords = program.lastWords
      if (this.#isClosed) return
      if (Date.now() - startedAt >= STEADY_MS) this.#retryMs = FIRST_RETRY_MS
      log.info(`the ${name} ended and is started again`, { code, ms: this.#retryMs, says: program.lastWords })
      this.#timer = setTimeout(() => this.#start(), this.#retryMs)
      this.#retryMs = Math.min(LONGEST_RETRY_MS, this.#retryMs * 2)
    })
  }
}
