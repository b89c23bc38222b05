import { createLogger, type Logger } from '@shared/log'
import { errorText, NekodeError } from '@shared/errors'
import { type Action, annotate } from '../../neko/agent/actions'
import { createVision } from '../../neko/agent/create'
import { agentSettings, type AgentSettings } from '../../neko/agent/settings'
import type { Vision } from '../../neko/agent/vision'
import { Chat } from '../../neko/task/chat'
import { Metrics } from '../../neko/task/metrics'
import { openTask, type OpenTask } from '../../neko/task/open'
import type { Outcome } from '../../neko/task/outcome'
import type { Permission } from '../../neko/task/people'
import { findPlace, isNamed, type Place } from '../../neko/task/place'
import type { TaskParts } from '../../neko/task/run'
import type { LiveScreen } from '../../neko/viewer/live'
import type { Session } from '../driver'
import type { Decision, StartOptions } from '../events'
import { failureOf, RuntimeFailure } from '../failure'
import { refuseAsks, Turns } from '../turns'
import { Memory } from './memory'
import { Pictures } from './pictures'
import { Shown, toolOf } from './shown'
import { endOf, kindOf, taskOf, titleOf, wantsMore } from './words'

export interface NekoConfig {
  /** Where people watch the session. @returns what to call when it is over */
  offerScreen?: ((live: LiveScreen) => (reason?: string) => void) | undefined
  /** For tests. */
  patience?: TaskParts['patience']
}

/** A conversation is for more than the few steps that a command line has by default. */
const MAX_STEPS = '50'
const NO_TASKS = 'My tasks come from Nekode: write to me there. /status, /pause, /resume and /stop work here.'

/** What a session works in, once its first turn has opened it. */
interface Opened {
  place: Place
  open: OpenTask
  chat: Chat
  withdraw: (reason?: string) => void
  /** The connection has ended for good. */
  isOver: boolean
}

/**
 * The vision agent in a Neko room, for people in channels: a turn's text is its task, its actions are the steps of the run, and its answer
 * is the turn's. It works in the room that its environment names, or on a desktop of its own.
 */
export class NekoSession implements Session {
  readonly sessionId: string
  readonly #config: NekoConfig
  readonly #options: StartOptions
  readonly #turns: Turns<(decision: Decision) => void>
  readonly #log: Logger
  readonly #queue: string[] = []
  #settings: AgentSettings | undefined
  #vision: Vision | undefined
  #memory: Memory | undefined
  #opened: Opened | undefined
  #abort = new AbortController()
  #running: Promise<void> = Promise.resolve()
  /** Acting was allowed for the task that runs. */
  #isAllowed = false
  #closing = false

  constructor(config: NekoConfig, options: StartOptions) {
    this.#config = config
    this.#options = options
    this.#turns = new Turns(options.onEvent)
    this.sessionId = options.resume ?? crypto.randomUUID()
    this.#log = createLogger({ level: 'warn', write: (line) => this.#turns.stderr(line) })
  }

  get busy(): boolean {
    return this.#turns.busy
  }

  async open(): Promise<void> {
    const { env, model, resume, stateDir } = this.#options
    this.#memory = resume ? Memory.resume(stateDir, resume) : Memory.create(stateDir, this.sessionId)
    this.#settings = settingsOf(env, model)
    for (const warning of this.#settings.warnings) this.#log.warn(warning)
    this.#vision = await createVision(this.#settings, env)
    this.#turns.emit({ type: 'ready', sessionId: this.sessionId, model: this.#vision.name })
  }

  send(text: string): Promise<'started' | 'steered'> {
    if (!this.#turns.busy) {
      this.#queue.push(text)
      this.#start()
      return Promise.resolve('started')
    }
    const task = this.#opened?.open.task
    // Before the task runs it is taken in with it.
    if (task && task.state !== 'idle') task.say(taskOf(text))
    else this.#queue.push(text)
    return Promise.resolve('steered')
  }

  async interrupt(): Promise<void> {
    this.#abort.abort()
    refuseAsks(this.#turns)
    await this.#running
  }

  answer(requestId: string, decision: Decision): void {
    this.#turns.take(requestId)?.(decision)
  }

  retire(): void {
    this.#closing = true
  }

  async close(): Promise<void> {
    this.#closing = true
    if (this.#turns.busy) await this.interrupt()
    await this.#shut('The agent has gone to sleep.')
    this.#turns.exit({ code: 0, signal: null }, 'The Neko agent', true, '')
  }

  #start(): void {
    this.#abort = new AbortController()
    this.#turns.begin()
    this.#running = this.#turn()
  }

  async #turn(): Promise<void> {
    const { signal } = this.#abort
    try {
      const opened = await this.#open(signal)
      const outcome = await this.#task(opened, signal)
      this.#queue.push(...opened.open.task.takeUnheard())
      const { end, failure } = endOf(outcome)
      if (end === 'completed') this.#turns.message(`${this.#turns.turnId}-answer`, outcome.message)
      this.#turns.end(end, failure)
    } catch (error) {
      if (signal.aborted) this.#turns.end('interrupted')
      else this.#turns.end('failed', this.#failureOf(error))
    }
    // What came too late for this turn is the next one.
    if (this.#queue.length > 0 && !this.#closing) this.#start()
  }

  async #task({ open: { task } }: Opened, signal: AbortSignal): Promise<Outcome> {
    const memory = ready(this.#memory)
    const [first = '', ...more] = this.#queue.splice(0).map(taskOf)
    const last = memory.open
    const goesOn = last !== null && (last.isQuestion || wantsMore(first))
    const wanted = goesOn ? last.task : first
    this.#isAllowed = false
    const shown = new Shown(this.#turns, new Pictures(this.#options.cwd, Date.now()), this.#log)
    const off = task.on((event) => shown.on(event))
    try {
      const outcome = await task.run(goesOn ? wanted : this.#withContext(wanted), {
        signal,
        history: goesOn ? last.history : [],
        words: goesOn ? [first, ...more] : more,
      })
      await shown.done()
      const isQuestion = outcome.reason === 'asked'
      const isOver = outcome.reason === 'answered' || outcome.reason === 'done'
      const rest = isOver ? null : { task: wanted, history: [...task.history], isQuestion }
      memory.end(wanted, `${outcome.reason}: ${outcome.message}`, rest)
      return outcome
    } finally {
      off()
    }
  }

  /** Small models take each word of a task for a part of it. */
  #withContext(task: string): string {
    const { before } = ready(this.#memory)
    const isSmall = /showui/i.test(ready(this.#vision).name)
    return before === '' || isSmall ? task : `${task}\n\n${before}`
  }

  /** The room, connected to with the first turn and kept between turns. */
  async #open(signal: AbortSignal): Promise<Opened> {
    if (this.#opened?.isOver) await this.#shut('The connection was lost.')
    if (this.#opened) return this.#opened
    const settings = ready(this.#settings)
    const { env, stateDir, cell } = this.#options
    const toolId = `${this.#turns.turnId}-open`
    const title = isNamed(env) ? 'Connect to the desktop' : 'Start a desktop'
    this.#turns.toolStart({ toolId, name: 'open_desktop', kind: 'think', title })
    const place = await findPlace(settings, { env, stateDir, isConfined: cell !== undefined, log: this.#log })
    try {
      signal.throwIfAborted()
      const open = await openTask({
        settings: { ...settings, connection: place.connection },
        vision: ready(this.#vision),
        log: this.#log,
        metrics: new Metrics(),
        signal,
        permit: (action, id, over) => this.#permit(action, id, over),
        ...(this.#config.patience ? { patience: this.#config.patience } : {}),
      })
      const { client, frames, task } = open
      const { width, height } = client.size
      this.#turns.toolEnd(toolId, 'completed', `Connected to ${client.base}: a screen of ${width} by ${height} pixels.`)
      const onStop = (): string => {
        if (!this.busy) return 'I have nothing to do now.'
        task.stop('It was stopped in the chat of the room.')
        return 'I stop.'
      }
      const chat = new Chat({
        room: client,
        task,
        log: this.#log,
        onTask: NO_TASKS,
        onStop,
        maxSteps: settings.maxSteps,
      })
      const withdraw = this.#config.offerScreen?.({ room: client, frames, task }) ?? (() => undefined)
      const opened: Opened = { place, open, chat, withdraw, isOver: false }
      this.#opened = opened
      void client.ended.then(() => (opened.isOver = true))
      void place.failed.then((why) => this.#failed(opened, why))
      return opened
    } catch (error) {
      await place.close()
      throw error
    }
  }

  /** A desktop of its own ended by itself: the next turn starts another. */
  async #failed(opened: Opened, why: string): Promise<void> {
    if (this.#opened !== opened) return
    const message = `The desktop has ended: ${why}`
    this.#log.warn(message)
    opened.isOver = true
    opened.open.task.stop(message, 'connection_lost')
    if (!this.busy) await this.#shut(message)
  }

  async #shut(reason: string): Promise<void> {
    const opened = this.#opened
    this.#opened = undefined
    if (!opened) return
    opened.withdraw(reason)
    opened.chat.close()
    await opened.open.close()
    await opened.place.close()
  }

  /** Asks once a task; a person may allow it for the whole session. */
  async #permit(action: Action, id: string, signal: AbortSignal): Promise<Permission> {
    const memory = ready(this.#memory)
    const kind = kindOf(action)
    if (kind === 'read' || this.#isAllowed || memory.isAllowed) return { allow: true }
    if (signal.aborted) return { allow: false }
    const { promise, resolve } = Promise.withResolvers<Decision>()
    const toolId = toolOf(this.#turns.turnId, id)
    const title = `Use mouse and keyboard of the desktop for this task. First: ${titleOf(action)}`
    const request = { requestId: crypto.randomUUID(), toolId, name: 'use_desktop', kind, title, canRemember: true }
    const withdraw = () => resolve({ allow: false, message: 'The task has ended.' })
    signal.addEventListener('abort', withdraw, { once: true })
    this.#turns.ask({ ...request, input: annotate(action) }, resolve)
    const decision = await promise
    signal.removeEventListener('abort', withdraw)
    this.#turns.withdraw(request.requestId)
    if (!decision.allow) return { allow: false, message: decision.message ?? 'A person denied it.', final: true }
    this.#isAllowed = true
    if (decision.remember) memory.allow()
    return { allow: true }
  }

  #failureOf(error: unknown) {
    if (error instanceof RuntimeFailure) return failureOf(error)
    // All else that is thrown here is of the way to the desktop.
    const next = error instanceof NekodeError && error.next !== undefined ? ` ${error.next}` : ''
    return { reason: 'desktop_unavailable' as const, message: `${errorText(error)}${next}` }
  }
}

function ready<T>(part: T | undefined): T {
  if (part === undefined) throw new Error('The Neko agent has not been started.')
  return part
}

/** @throws RuntimeFailure desktop_unavailable that names everything that is wrong */
function settingsOf(env: Record<string, string>, model: string | undefined): AgentSettings {
  try {
    const flags = model ? { model } : {}
    return agentSettings({ NEKO_MAX_STEPS: MAX_STEPS, ...env }, flags, { connects: isNamed(env) })
  } catch (error) {
    if (!(error instanceof NekodeError)) throw error
    throw new RuntimeFailure('desktop_unavailable', error.message, { cause: error })
  }
}
