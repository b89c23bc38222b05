import type { Logger } from '@shared/log'
import type { AgentSettings } from '../agent/settings'
import { Chat } from './chat'
import type { OpenTask } from './open'
import { isDone, type Outcome } from './outcome'

interface Wanted {
  text: string
  by: string
}

export interface OnlineOptions {
  open: Pick<OpenTask, 'client' | 'task'>
  settings: AgentSettings
  log: Logger
  onOutcome?: (task: string, outcome: Outcome) => void
  tellMs?: number
}

const READY = 'I am ready. Write /task and what to do; /status, /pause, /resume and /stop work while I am at it.'
/** Of a task, in what is said about it. */
const SHOWN = 200

/**
 * An agent that stays in a room and takes tasks from its chat, one after the other. One may wait: a newer one takes its place, and that
 * is said.
 */
export class Online {
  readonly #options: OnlineOptions
  readonly #chat: Chat
  readonly #wake = new Set<() => void>()
  #next: Wanted | undefined

  constructor(options: OnlineOptions) {
    const { open, settings, log, tellMs } = options
    this.#options = options
    this.#chat = new Chat({
      room: open.client,
      task: open.task,
      log,
      maxSteps: settings.maxSteps,
      onTask: (text, by) => this.#wants({ text, by }),
      onStop: () => this.#stop(),
      ...(tellMs === undefined ? {} : { tellMs }),
    })
  }

  /** Asks people in the room; what a task's `ask` is. */
  ask(question: string, signal: AbortSignal): Promise<string> {
    return this.#chat.ask(question, signal)
  }

  /** Takes tasks until the signal fires. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.#tell(), { once: true })
    this.#chat.say(READY)
    while (!signal.aborted) {
      const next = this.#next
      this.#next = undefined
      if (next) await this.#work(next, signal)
      else await this.#woken()
    }
    this.#chat.close()
  }

  async #work({ text, by }: Wanted, signal: AbortSignal): Promise<void> {
    const { open, settings, log, onOutcome } = this.#options
    log.info('a task came by chat', { by, task: text })
    this.#chat.say(`I start with: ${short(text)} (at most ${settings.maxSteps} steps)`)
    const outcome = await open.task.run(text, { signal })
    onOutcome?.(text, outcome)
    this.#chat.say(ended(outcome))
    if (!this.#next && !signal.aborted) this.#chat.say(READY)
  }

  #wants(wanted: Wanted): void {
    const { task } = this.#options.open
    if (this.#next)
      this.#chat.say(`${this.#next.by}: your task “${short(this.#next.text)}” is replaced by a newer one.`)
    const isBusy = task.state !== 'idle'
    this.#next = wanted
    if (isBusy) this.#chat.say(`I am at step ${task.step} of another task. Yours is next: ${short(wanted.text)}`)
    this.#tell()
  }

  #stop(): string {
    const { task } = this.#options.open
    const dropped = this.#next
    this.#next = undefined
    if (task.state === 'idle') return 'I have nothing to do now.'
    task.stop('It was stopped by the chat.')
    return dropped ? `I stop. The task that waited is dropped too: ${short(dropped.text)}` : 'I stop.'
  }

  #tell(): void {
    for (const wake of this.#wake) wake()
  }

  async #woken(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#wake.add(resolve)
    await promise
    this.#wake.delete(resolve)
  }
}

const short = (text: string): string => {
  const line = text.replace(/\s+/g, ' ')
  return line.length > SHOWN ? `${line.slice(0, SHOWN)}…` : line
}

function ended(outcome: Outcome): string {
  const steps = outcome.steps === 1 ? '1 step' : `${outcome.steps} steps`
  return isDone(outcome)
    ? `Done after ${steps}. ${outcome.reason === 'answered' ? '' : outcome.message}`.trim()
    : `It ended after ${steps} (${outcome.reason}). ${outcome.message}`
}
