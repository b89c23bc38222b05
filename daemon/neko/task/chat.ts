import type { Logger } from '@shared/log'
import { onSaid, type Said, say } from '../client/chat'
import type { Room } from '../client/room'
import type { TaskEvent } from './outcome'
import type { TaskRun } from './run'

/** A wait for the control is told only when it is one. */
const TELL_MS = 10_000
const MAX_TASK = 20_000

export interface ChatOptions {
  room: Room
  task: TaskRun
  log: Logger
  /** Starts a task; a text in its place says why none is taken here. */
  onTask: ((text: string, by: string) => void) | string
  /** Somebody wants the task to end. @returns what to say */
  onStop: (by: string) => string
  maxSteps: number
  tellMs?: number
}

/** What people say to an agent in the chat of its room, and what it says to them. */
export class Chat {
  readonly #options: ChatOptions
  readonly #ends: (() => void)[]
  /** Who waits for an answer to a question. */
  #question: ((answer: string) => void) | undefined
  #asking = ''
  #late: Timer | undefined
  #waits = ''

  constructor(options: ChatOptions) {
    this.#options = options
    this.#ends = [onSaid(options.room, (said) => this.#hear(said)), options.task.on((event) => this.#tell(event))]
  }

  /** Says something to everybody in the room. Without a connection nobody hears it. */
  say(text: string): void {
    try {
      say(this.#options.room, text)
    } catch (error) {
      this.#options.log.debug('could not be said', { text, error })
    }
  }

  /** Asks whoever is in the room, and waits for the first who answers. */
  async ask(question: string, signal: AbortSignal): Promise<string> {
    signal.throwIfAborted()
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    const abort = () => reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    this.#question = resolve
    this.#asking = question
    this.say(`${question}\n(I wait for an answer here in the chat.)`)
    try {
      return await promise
    } finally {
      signal.removeEventListener('abort', abort)
      this.#question = undefined
    }
  }

  close(): void {
    clearTimeout(this.#late)
    for (const end of this.#ends.splice(0)) end()
  }

  #hear({ own, text: said, subject, name }: Said): void {
    const text = said.trim()
    if (own || text === '') return
    const [, command = '', rest = ''] = /^\/([a-z]+)(?:\s+([\s\S]*))?$/i.exec(text) ?? []
    const words = rest.trim()
    if (command === '' && subject?.toLowerCase() === 'task') return this.#task(text, name)
    switch (command.toLowerCase()) {
      case 'task':
        return this.#task(words, name)
      case 'stop':
        return this.say(this.#options.onStop(name))
      case 'status':
        return this.say(this.#status())
      case 'pause':
        return this.#pause(name)
      case 'resume':
      case 'continue':
        return this.#resume()
      case '':
        // What other agents write into the chat is no answer.
        if (!/^(?:Action|Answer): /.test(text)) this.#question?.(text)
    }
  }

  #task(text: string, by: string): void {
    const { onTask } = this.#options
    if (typeof onTask === 'string') return this.say(onTask)
    if (text === '') return this.say('Write what to do: /task find the opening hours of the museum')
    if (text.length > MAX_TASK) return this.say(`A task has at most ${MAX_TASK} characters.`)
    onTask(text, by)
  }

  #pause(by: string): void {
    const { task } = this.#options
    if (task.state === 'idle') return this.say('I have nothing to do now.')
    task.pause(by)
    this.say('Paused. /resume lets me go on.')
  }

  #resume(): void {
    const { task } = this.#options
    if (task.state === 'idle') return this.say('I have nothing to do now.')
    task.resume()
  }

  #status(): string {
    const { task, maxSteps } = this.#options
    if (task.state === 'idle') return 'I have nothing to do. /task and what to do gives me something.'
    const step = `Step ${task.step} of ${maxSteps}.`
    if (this.#question) return `${step} I wait for an answer: ${this.#asking}`
    return this.#waits === '' ? step : `${step} ${this.#waits}`
  }

  #tell(event: TaskEvent): void {
    if (event.type === 'waiting' && event.for !== 'answer') {
      this.#waits = event.message
      clearTimeout(this.#late)
      // Without a connection nobody can be told; who paused it knows.
      if (event.for !== 'host') return
      if (event.taken) return this.say(event.message)
      this.#late = setTimeout(() => this.say(event.message), this.#options.tellMs ?? TELL_MS)
    }
    if (event.type === 'resumed' || event.type === 'ended') {
      clearTimeout(this.#late)
      this.#waits = ''
    }
  }
}
