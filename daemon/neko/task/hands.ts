import { errorText, NekodeError } from '@shared/errors'
import type { Logger } from '@shared/log'
import { type Action, annotate } from '../agent/actions'
import type { Room } from '../client/room'
import type { Input } from '../input/input'
import { act } from './act'
import { Disturbed } from './eyes'
import { sentence } from './gate'
import type { Metrics } from './metrics'
import { TaskEnd } from './outcome'

export interface HandsOptions {
  room: Room
  input: Input
  log: Logger
  metrics: Metrics
}

/** Does actions, tells the room's chat of each before it is done, and can be made to let go in the middle of one. */
export class Hands {
  readonly #options: HandsOptions
  #break = new AbortController()
  #acting: Promise<void> = Promise.resolve()
  #actedAt = 0

  constructor(options: HandsOptions) {
    this.#options = options
  }

  /** When the last action was done, in Unix milliseconds. */
  get actedAt(): number {
    return this.#actedAt
  }

  /** Breaks off the action that is under way. Resolves when nothing more is done. */
  async letGo(): Promise<void> {
    this.#break.abort()
    await this.#acting
  }

  /** What recordings of the room find an action by. */
  announce(action: Action): void {
    this.say(`Action: ${JSON.stringify(annotate(action))}`)
  }

  say(text: string): void {
    try {
      this.#options.room.send('chat/message', { text })
    } catch {
      // Without a connection nobody reads it; the task itself sees that it is gone.
    }
  }

  /**
   * @returns why it could not be done, for the model
   * @throws TaskEnd host_refused; Disturbed when it was broken off, or the control or the connection went; the signal's reason
   */
  async execute(action: Action, signal: AbortSignal): Promise<string | undefined> {
    const { room, input, log, metrics } = this.#options
    this.announce(action)
    log.info('action', { ...annotate(action) })
    const began = performance.now()
    this.#break = new AbortController()
    const broken = this.#break.signal
    try {
      const doing = act(action, { room, input, say: (text) => this.say(text) }, AbortSignal.any([signal, broken]))
      this.#acting = doing.catch(() => undefined)
      await doing
      metrics.actions.add(action.action)
      return undefined
    } catch (error) {
      signal.throwIfAborted()
      const kind = error instanceof NekodeError ? error.kind : undefined
      if (broken.aborted || kind === 'conflict' || kind === 'unavailable') throw new Disturbed()
      if (kind === 'forbidden') throw new TaskEnd('host_refused', sentence(error))
      log.warn('an action could not be done', { action: action.action, error })
      return errorText(error)
    } finally {
      this.#actedAt = Date.now()
      metrics.execution.observe((performance.now() - began) / 1000)
    }
  }
}
