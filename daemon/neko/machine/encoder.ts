import { errorText } from '@shared/errors'
import type { Logger } from '@shared/log'
import type { Family, PipedProgram } from './processes'

/** After the last listener: who comes back soon finds it running. */
const LINGER_MS = 5000
const FIRST_RETRY_MS = 500
const LONGEST_RETRY_MS = 10_000
/** Whoever ran this long did not fail at start. */
const STEADY_MS = 10_000

export interface EncoderOptions {
  family: Family
  log: Logger
  name: string
  /** The command, anew at each start. */
  argv: () => string[]
  /** What takes the output of one run apart. */
  reader: () => (chunk: Uint8Array) => void
  /** For tests. */
  lingerMs?: number
}

/** A program that encodes for as long as somebody listens, and is started again when it dies. */
export class Encoder {
  readonly #options: EncoderOptions
  #program: PipedProgram | undefined
  #listeners = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  #retryMs = FIRST_RETRY_MS
  #isClosed = false

  constructor(options: EncoderOptions) {
    this.#options = options
  }

  /** The process; undefined while it is not running. */
  get pid(): number | undefined {
    return this.#program?.pid
  }

  /** @returns what ends the use */
  use(): () => void {
    this.#listeners++
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#start()
    let isUsed = true
    return () => {
      if (!isUsed) return
      isUsed = false
      if (--this.#listeners === 0) this.#later(() => void this.#stop(), this.#options.lingerMs ?? LINGER_MS)
    }
  }

  /** With what the command is now. */
  async restart(): Promise<void> {
    const isRunning = this.#program !== undefined
    await this.#stop()
    if (isRunning) this.#start()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    await this.#stop()
  }

  #start(): void {
    if (this.#program || this.#isClosed) return
    const { family, name, argv, reader, log } = this.#options
    const program = family.startPiped(name, argv())
    this.#program = program
    const startedAt = Date.now()
    const read = this.#read(program, reader())
    void program.exited.then(async (code) => {
      await read
      // Stopped, on purpose.
      if (this.#program !== program) return
      this.#program = undefined
      if (Date.now() - startedAt >= STEADY_MS) this.#retryMs = FIRST_RETRY_MS
      if (this.#listeners === 0 || this.#isClosed) return
      log.warn(`the ${name} ended and is started again`, { code, ms: this.#retryMs, says: program.lastWords })
      this.#later(() => this.#start(), this.#retryMs)
      this.#retryMs = Math.min(LONGEST_RETRY_MS, this.#retryMs * 2)
    })
  }

  async #read(program: PipedProgram, take: (chunk: Uint8Array) => void): Promise<void> {
    try {
      for await (const chunk of program.stdout) if (this.#program === program) take(chunk)
    } catch (error) {
      this.#options.log.warn(`the output of the ${program.name} could not be read: ${errorText(error)}`)
      await program.stop()
    }
  }

  async #stop(): Promise<void> {
    const program = this.#program
    this.#program = undefined
    await program?.stop()
  }

  #later(action: () => void, ms: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      action()
    }, ms)
  }
}
