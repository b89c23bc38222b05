import { formatDuration } from '@shared/duration'
import type { Logger } from '@shared/log'
import type { Action } from '../agent/actions'
import type { AgentSettings } from '../agent/settings'
import type { PastStep, Vision } from '../agent/vision'
import type { Room } from '../client/room'
import type { Picture } from '../frames/picture'
import type { FrameSource } from '../frames/source'
import type { Input } from '../input/input'
import type { HandBack, LiveTask } from '../viewer/live'
import { Budget } from './budget'
import { Deeds, type Done, type Seen } from './deeds'
import { Disturbed, Eyes, type Patience } from './eyes'
import { Gate, sentence, type Waits } from './gate'
import { Hands } from './hands'
import { Metrics } from './metrics'
import { metered, Mind } from './mind'
import { type Outcome, TaskEnd, type TaskEvent } from './outcome'
import { People, type PeopleParts } from './people'

/** More actions in one reply are decided on a screen that is long another. */
const MOST_ACTIONS = 5
/** Steps that were disturbed and do not count. */
const SPARE = 10

export interface TaskParts extends PeopleParts {
  client: Room
  frames: FrameSource
  /** Screenshots, against which a video is held that shows no change. */
  proof?: FrameSource
  /** With normalised points. */
  input: Input
  vision: Vision
  settings: AgentSettings
  log: Logger
  metrics?: Metrics
  /** Gives the control to a session that asks for it, so that a person can take over from the room. */
  give?: (sessionId: string) => Promise<void>
  /** Takes the control from whoever has it; used only when a person said that the task is to go on. */
  take?: () => Promise<void>
  /** Defaults: a minute for a connection, ten for the control, half an hour for an answer, an hour for a pause. */
  waits?: Waits & { answerMs?: number }
  patience?: Patience
}

export interface RunOptions {
  signal?: AbortSignal
  /** Steps of the same task before. */
  history?: readonly PastStep[]
  /** What a person says to it. */
  words?: readonly string[]
}

/** A task that runs. */
interface Work {
  task: string
  signal: AbortSignal
  budget: Budget
  mind: Mind
  people: People
}

/**
 * Works on one task after the other in a room: looks at the screen, asks the model, does what it says and sees what comes of it. Each
 * task ends with a named reason, and everything it waits for has a bound.
 */
export class TaskRun implements LiveTask {
  readonly #parts: TaskParts
  readonly #metrics: Metrics
  readonly #vision: Vision
  readonly #gate: Gate
  readonly #eyes: Eyes
  readonly #hands: Hands
  readonly #deeds: Deeds
  readonly #listeners = new Set<(event: TaskEvent) => void>()
  readonly #watchers = new Set<() => void>()
  readonly #offRequest: () => void
  #history: PastStep[] = []
  #words: string[] = []
  #work: Work | undefined
  #stop = new AbortController()
  #step = 0
  /** Pictures from before are worth nothing. */
  #disturbedAt = 0

  constructor(parts: TaskParts) {
    this.#parts = parts
    const { client: room, frames, proof, input, vision, settings, log, patience, metrics = new Metrics() } = parts
    this.#metrics = metrics
    this.#vision = metered(vision, metrics)
    this.#eyes = new Eyes({ room, frames, proof, videoOnly: settings.frames === 'webrtc', log, metrics, patience })
    this.#hands = new Hands({ room, input, log, metrics })
    this.#gate = new Gate({
      room,
      waits: parts.waits,
      take: parts.take,
      onWait: (kind, message, taken) => {
        // Only what people take is not the task's time.
        if (kind !== 'connection') this.#work?.budget.stop()
        log.warn('waiting', { for: kind, message })
        this.#emit({ type: 'waiting', for: kind, message, taken })
      },
      onPass: () => {
        this.#work?.budget.start()
        this.#emit({ type: 'resumed' })
      },
      onDisturbed: () => this.#disturbed(),
    })
    this.#deeds = new Deeds({
      room,
      gate: this.#gate,
      eyes: this.#eyes,
      hands: this.#hands,
      vision: this.#vision,
      settings,
      log,
      emit: (event) => this.#emit(event),
    })
    this.#offRequest = room.on('control/request', ({ id }) => void this.#handOver(id))
  }

  get state(): 'running' | 'paused' | 'idle' {
    if (!this.#work) return 'idle'
    return this.#gate.isHeld ? 'paused' : 'running'
  }

  /** The step of the task that runs, from 1; 0 before the first. */
  get step(): number {
    return this.#step
  }

  /** The steps of the latest task, for going on with it. */
  get history(): readonly PastStep[] {
    return this.#history
  }

  /** @returns what ends it */
  on(listener: (event: TaskEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  onChange(then: () => void): () => void {
    this.#watchers.add(then)
    return () => void this.#watchers.delete(then)
  }

  /** What was said too late for the task to hear it; it is forgotten then. */
  takeUnheard(): string[] {
    return this.#words.splice(0)
  }

  /** Tells the model something at its next step. */
  say(text: string): void {
    this.#words.push(text)
  }

  pause(person: string): void {
    this.#gate.hold(person, 'paused')
  }

  /** A person wants the task to go on, whoever had paused it or has the control. */
  resume(): void {
    this.#deeds.forget()
    this.#gate.insist()
  }

  async takeOver(person: string): Promise<void> {
    this.#gate.hold(person, 'took over')
    await this.#hands.letGo()
  }

  handBack(person: string, _why: HandBack = 'asked'): void {
    this.#deeds.forget()
    if (this.#work) this.say(`${person} had the screen for a while and has handed it back. Look at it anew.`)
    this.#gate.handBack(person)
    if (!this.#work && !this.#gate.isHeld) this.#release()
  }

  /** Ends the task that runs. */
  stop(why = 'It was stopped.', reason: 'stopped' | 'connection_lost' = 'stopped'): void {
    this.#stop.abort(new TaskEnd(reason, why))
  }

  /** Nothing more is done in the room. */
  close(): void {
    this.stop()
    this.#offRequest()
    this.#gate.close()
    this.#release()
  }

  /** Never rejects. The control is asked for at its start, and let go of at its end. */
  async run(task: string, { signal, history = [], words = [] }: RunOptions = {}): Promise<Outcome> {
    if (this.#work) return { reason: 'failed', steps: 0, message: 'Another task runs here. Wait for its end.' }
    const { settings, log, input, waits } = this.#parts
    const budget = new Budget(settings.timeLimitSeconds * 1000)
    this.#stop = new AbortController()
    const signals = [this.#stop.signal, budget.signal, ...(signal ? [signal] : [])]
    const mind = new Mind({ vision: this.#vision, settings, log, metrics: this.#metrics, emit: (e) => this.#emit(e) })
    const people = new People(this.#parts, budget, waits?.answerMs)
    const work = { task, budget, mind, people, signal: AbortSignal.any(signals) }
    this.#work = work
    this.#history = [...history]
    this.#words = [...words]
    this.#deeds.forget()
    this.#step = 0
    this.#gate.begin()
    budget.start()
    this.#disturbed()
    const outcome = await this.#steps(work).catch((error: unknown) => this.#outcomeOf(error, work))
    budget.stop()
    input.release()
    this.#work = undefined
    if (!this.#gate.isHeld) this.#release()
    this.#metrics.tasks.add(outcome.reason)
    log.info('the task ended', { reason: outcome.reason, steps: outcome.steps, outcome: outcome.message })
    this.#disturbed()
    this.#emit({ type: 'ended', outcome })
    return outcome
  }

  /** Only an end gets out of it. */
  async #steps(work: Work): Promise<never> {
    const { maxSteps } = this.#parts.settings
    let spare = SPARE
    for (this.#step = 1; this.#step <= maxSteps; this.#step++) {
      try {
        await this.#one(work)
      } catch (error) {
        if (!(error instanceof Disturbed)) throw error
        this.#parts.log.info('the screen was disturbed; it is looked at anew', { step: this.#step })
        if (--spare < 0) throw new TaskEnd('connection_lost', 'The task was disturbed again and again.')
        this.#step--
      }
    }
    this.#step = maxSteps
    throw new TaskEnd(
      'step_limit',
      `The task used its ${maxSteps} steps and is not done. Allow more (NEKO_MAX_STEPS), or give it in smaller parts.`,
    )
  }

  async #one(work: Work): Promise<void> {
    const { client: room, settings } = this.#parts
    const { task, signal, mind } = work
    await this.#gate.pass(signal)
    const { width, height } = room.size
    const seen: Seen = { step: this.#step, disturbances: this.#gate.disturbances, screen: { width, height } }
    const picture = await this.#look(signal)
    this.#metrics.steps.add()
    this.#emit({ type: 'step', step: seen.step, of: settings.maxSteps, picture })
    // As it is: what becomes of it for a model is up to the model's dialect.
    const shot = { jpeg: await picture.jpeg({ quality: 90 }), width: picture.width, height: picture.height }
    const words = this.#words.splice(0)
    const output = await mind.decide(seen.step, { task, history: this.#history, words, picture: shot, signal })
    if (!output) {
      this.#words.unshift(...words)
      return
    }
    const past: PastStep = {
      number: this.#history.length + 1,
      actions: [],
      reply: output.reply,
      ...(words.length > 0 ? { words } : {}),
      picture: shot,
    }
    this.#remember(past)
    if (output.actions.length > 0) return this.#all(output.actions.slice(0, MOST_ACTIONS), past, picture, seen, work)
    past.result = `Your reply held no action that could be understood: ${output.parseError ?? 'it was empty'}. Answer in the form that you were given.`
  }

  /** Does what the model decided, as long as the screen is the one it was decided on. */
  async #all(actions: readonly Action[], past: PastStep, picture: Picture, seen: Seen, work: Work): Promise<void> {
    let current = picture
    for (const [index, action] of actions.entries()) {
      const add = (text: string) => (past.result = past.result ? `${past.result} ${text}` : text)
      try {
        const done = await this.#do(action, `${seen.step}-${index + 1}`, current, seen, work)
        past.actions.push(done.action)
        add(done.result)
        if (!done.goesOn) return
        current = done.picture ?? current
      } catch (error) {
        past.actions.push(action)
        if (error instanceof Disturbed) add('The screen became another before this was done; it was left. Look again.')
        throw error
      }
    }
  }

  async #do(action: Action, id: string, picture: Picture, seen: Seen, work: Work): Promise<Done> {
    if (action.action === 'ANSWER' || action.action === 'DONE') throw this.#end(action)
    if (action.action === 'ASK')
      return { action, result: await this.#ask(action.value, work), goesOn: false, picture: null }
    const { task, people, signal } = work
    return this.#deeds.carry({ action, id, picture, seen, task, people, signal })
  }

  /** @returns what the model is told, besides the answer */
  async #ask(question: string, { people, signal }: Work): Promise<string> {
    this.#emit({ type: 'waiting', for: 'answer', message: question, taken: false })
    this.say(await people.answer(question, signal))
    this.#emit({ type: 'resumed' })
    this.#deeds.forget()
    return 'A person answered.'
  }

  #end(action: Extract<Action, { action: 'ANSWER' | 'DONE' }>): TaskEnd {
    const { value } = action
    this.#hands.announce(action)
    this.#metrics.actions.add(action.action)
    if (action.action === 'DONE')
      return new TaskEnd('done', value || 'The task is done.', value === undefined ? {} : { answer: value })
    this.#hands.say(`Answer: ${value}`)
    return new TaskEnd('answered', action.value, { answer: action.value })
  }

  async #look(signal: AbortSignal): Promise<Picture> {
    const settled = this.#deeds.takeSettled()
    if (settled) return settled
    const isFirst = this.#step === 1
    return this.#eyes.look(Math.max(this.#hands.actedAt, this.#disturbedAt), signal, isFirst)
  }

  /** Pictures are large: only those are kept that the model is shown again. */
  #remember(step: PastStep): void {
    this.#history.push(step)
    const { historyPictures } = this.#parts.settings.model
    const past = this.#history.at(-1 - Math.max(1, historyPictures))
    if (past) delete past.picture
  }

  /** Somebody in the room asks for the control: people go before agents. */
  async #handOver(id: string): Promise<void> {
    const { give, client, log } = this.#parts
    // A person who has taken over by way of this session keeps it.
    if (!this.#work || !give || this.#gate.isHeld || id === client.state.sessionId) return
    try {
      await give(id)
    } catch (error) {
      log.warn('the control could not be handed over', { error })
    }
  }

  #release(): void {
    const { client } = this.#parts
    try {
      if (client.connected && client.isHost) client.release()
    } catch {
      // The connection went at this moment; the server lets go by itself.
    }
  }

  #disturbed(): void {
    this.#disturbedAt = Date.now()
    for (const then of this.#watchers) then()
  }

  #emit(event: TaskEvent): void {
    for (const listener of this.#listeners) listener(event)
  }

  #outcomeOf(error: unknown, { signal, budget }: Work): Outcome {
    const steps = this.#step
    const aborted: unknown = signal.aborted ? signal.reason : undefined
    const end = error instanceof TaskEnd ? error : aborted instanceof TaskEnd ? aborted : undefined
    if (end) return { reason: end.reason, steps, message: end.message, ...end.more }
    if (budget.isOver) {
      const limit = formatDuration(this.#parts.settings.timeLimitSeconds * 1000)
      const message = `The task took longer than ${limit} and is not done. Give it in smaller parts, or allow more time.`
      return { reason: 'time_limit', steps, message }
    }
    if (signal.aborted) return { reason: 'stopped', steps, message: 'It was stopped.' }
    this.#parts.log.error('the task failed', { error: error instanceof Error ? (error.stack ?? error) : error })
    return { reason: 'failed', steps, message: `Something went wrong here: ${sentence(error)}` }
  }
}
