import { NekodeError } from '@shared/errors'
import type { Frames } from '../frames/frames'
import { Input, type InputOptions } from '../input/input'
import type { Desk, Face, FrameKind, Manual } from './manual'
import { usageOf } from './script'
import type { Result } from './verb'
import { type Command, parseCommand } from './verbs'

export interface SessionOptions {
  desk: Desk
  face: Face
  input?: InputOptions
  /** Makes what pictures come from. */
  frames: (kind: FrameKind) => Promise<Frames>
  /** Whether sound is recorded. */
  audio: boolean
  /** Ends every command. */
  signal: AbortSignal
}

/** How long it may take to bring back what pictures came from. */
const CLOSE_MS = 3000

/** Runs commands in one room, one after another. */
export class ManualSession implements Manual {
  readonly desk: Desk
  readonly face: Face
  readonly input: Input
  /** A command asked for the end. */
  ended = false
  readonly #options: SessionOptions
  #running = new AbortController()
  readonly #frames = new Map<FrameKind, Promise<Frames>>()

  constructor(options: SessionOptions) {
    this.#options = options
    this.desk = options.desk
    this.face = options.face
    this.input = new Input(options.desk, options.input)
  }

  get audio(): boolean {
    return this.#options.audio
  }

  get signal(): AbortSignal {
    return AbortSignal.any([this.#options.signal, this.#running.signal])
  }

  /** Ends the command that runs, and nothing else. */
  interrupt(): void {
    this.#running.abort(interrupted())
  }

  frames(kind: FrameKind): Promise<Frames> {
    const made = this.#frames.get(kind)
    if (made) return made
    const frames = this.#options.frames(kind)
    this.#frames.set(kind, frames)
    frames.catch(() => this.#frames.delete(kind))
    return frames
  }

  quit(): void {
    this.ended = true
  }

  /**
   * Runs a line.
   * @returns undefined for a line without a command
   */
  async run(line: string): Promise<{ command: Command; result: Result | undefined } | undefined> {
    const command = parseCommand(line)
    if (!command) return undefined
    this.#running = new AbortController()
    try {
      const result = await command.verb.run(this, command.words)
      return { command, result: result ?? undefined }
    } catch (error) {
      throw explained(error, command, this.#running.signal)
    }
  }

  /** Lets go of everything that is held, and of the room. */
  async close(): Promise<void> {
    this.interrupt()
    this.input.close()
    if (this.desk.connected) this.desk.release()
    const closed = [...this.#frames.values()].map((frames) => frames.then((source) => source.close()))
    this.#frames.clear()
    await Promise.race([Promise.allSettled(closed), Bun.sleep(CLOSE_MS)])
  }
}

const interrupted = (): NekodeError => new NekodeError('invalid', 'Interrupted.', { code: 'interrupted' })

/** An error of a command with what helps to write it rightly; one of the abort as what it is. */
function explained(error: unknown, { verb }: Command, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason
  if (!(error instanceof NekodeError) || error.code !== 'usage' || error.next !== undefined) return error
  return new NekodeError(error.kind, error.message, { code: error.code, next: usageOf(verb), cause: error })
}
