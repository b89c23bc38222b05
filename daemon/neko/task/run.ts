import { formatDuration } from '@shared/duration'
import { errorText, NekodeError } from '@shared/errors'
import type { Logger } from '@shared/log'
import { type Action, annotate } from '../agent/actions'
import type { AgentSettings } from '../agent/settings'
import type { PastStep, Shot, Vision } from '../agent/vision'
import type { Room } from '../client/room'
import type { Picture } from '../frames/picture'
import type { FrameSource } from '../frames/source'
import type { Size } from '../geometry'
import type { Input } from '../input/input'
import type { HandBack, LiveTask } from '../viewer/live'
import { act, focusOf, isPassive } from './act'
import { Budget } from './budget'
import { type Change, compare, type Thumbnail, thumbnail } from './change'
import { closer, type Drawing } from './closer'
import { Disturbed, Eyes, type Patience } from './eyes'
import { Gate, sentence, type Waits } from './gate'
import { Metrics } from './metrics'
import { Mind } from './mind'
import { type Outcome, TaskEnd, type TaskEvent } from './outcome'
import { Loops } from './stuck'

/** More actions in one reply are decided on a screen that is long another. */
const MOST_ACTIONS = 5
/** Steps that were disturbed and do not count. */
const SPARE = 10
/** Denied in a row. */
const DENIED = 3
/** A picture that old is as good as a new one. */
const FRESH_MS = 300
const ANSWER_MS = 1_800_000

export type Permission = { allow: true } | { allow: false; message?: string | undefined }

export interface TaskParts {
  client: Room
  frames: FrameSource
  /** With normalised points. */
  input: Input
  vision: Vision
  settings: AgentSettings
  log: Logger
  metrics?: Metrics
  /** Asks a person, and waits. Without it a question ends the task (`asked`). */
  ask?: (question: string, signal: AbortSignal) => Promise<string>
  /** Whether an action may be done. Default: it may. */
  permit?: (action: Action, id: string, signal: AbortSignal) => Promise<Permission>
  /** Gives the control to a session that asks for it, so that a person can take over from the room. */
  give?: (sessionId: string) => Promise<void>
  /** Takes the control from whoever has it; used only when a person said that the task is to go on. */
  take?: () => Promise<void>
  /** Draws each action on its picture, for `picture` events. Default false. */
  draws?: boolean
  /** A picture that the model is shown. */
  onShown?: (picture: Picture) => void
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

/** What a step works with. */
interface Now {
  step: number
  signal: AbortSignal
  budget: Budget
  /** The gate's count when the picture was asked for. */
  disturbances: number
  screen: Size
}

/**
 * Works on one task after the other in a room: looks at the screen, asks the model, does what it says and sees what comes of it. Each
 * task ends with a named reason, and everything it waits for has a bound.
 */
export class TaskRun implements LiveTask {
  readonly #parts: TaskParts
  readonly #metrics: Metrics
  readonly #gate: Gate
  readonly #eyes: Eyes
  readonly #loops = new Loops()
  readonly #listeners = new Set<(event: TaskEvent) => void>()
  readonly #watchers = new Set<() => void>()
  readonly #offRequest: () => void
  #history: PastStep[] = []
  #words: string[] = []
  #budget: Budget | undefined
  #stop = new AbortController()
  #hand = new AbortController()
  #acting: Promise<void> = Promise.resolve()
  #step = 0
  #denied = 0
  /** When the last action was done. */
  #actedAt = 0
  #seen: { picture: Picture; disturbances: number } | null = null

  constructor(parts: TaskParts) {
    this.#parts = parts
    const { client: room, frames, log } = parts
    this.#metrics = parts.metrics ?? new Metrics()
    this.#eyes = new Eyes({
      room,
      frames,
      log,
      metrics: this.#metrics,
      patience: parts.patience,
    })
    this.#gate = new Gate({
      room,
      waits: parts.waits,
      take: parts.take,
      onWait: (kind, message, taken) => {
        this.#budget?.stop()
        log.warn('waiting', { for: kind, message })
        this.#emit({ type: 'waiting', for: kind, message, taken })
      },
      onPass: () => {
        this.#budget?.start()
        this.#emit({ type: 'resumed' })
      },
      onDisturbed: () => this.#changed(),
    })
    this.#offRequest = room.on('control/request', ({ id }) => void this.#handOver(id))
  }

  get state(): 'running' | 'paused' | 'idle' {
    if (!this.#budget) return 'idle'
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

  /** Tells the model something at its next step. */
  say(text: string): void {
    this.#words.push(text)
  }

  pause(person: string): void {
    this.#gate.hold(person, 'paused')
  }

  /** A person wants the task to go on, whoever had paused it or has the control. */
  resume(): void {
    this.#loops.forget()
    this.#gate.insist()
  }

  async takeOver(person: string): Promise<void> {
    this.#gate.hold(person, 'took over')
    this.#hand.abort()
    await this.#acting
  }

  handBack(person: string, _why: HandBack = 'asked'): void {
    this.#loops.forget()
    if (this.#budget) this.say(`${person} had the screen for a while and has handed it back. Look at it anew.`)
    this.#gate.letGo(person)
    if (!this.#budget && !this.#gate.isHeld) this.#release()
  }

  /** Ends the task that runs, as `stopped`. */
  stop(why = 'It was stopped.'): void {
    this.#stop.abort(new TaskEnd('stopped', why))
  }

  /** Nothing more is done in the room. */
  close(): void {
    this.stop()
    this.#offRequest()
    this.#gate.close()
  }

  /** Never rejects. The control is asked for at its start, and let go of at its end. */
  async run(task: string, { signal, history = [], words = [] }: RunOptions = {}): Promise<Outcome> {
    if (this.#budget) return { reason: 'failed', steps: 0, message: 'Another task runs here. Wait for its end.' }
    const { settings, log, input } = this.#parts
    const budget = new Budget(settings.timeLimitSeconds * 1000)
    this.#budget = budget
    this.#stop = new AbortController()
    this.#history = [...history]
    this.#words.push(...words)
    this.#loops.forget()
    this.#seen = null
    this.#step = 0
    this.#denied = 0
    this.#gate.begin()
    budget.start()
    this.#changed()
    const signals = [this.#stop.signal, budget.signal, ...(signal ? [signal] : [])]
    const outcome = await this.#work(task, budget, AbortSignal.any(signals)).catch((error: unknown) =>
      this.#outcomeOf(error, budget, signals),
    )
    budget.stop()
    this.#words = []
    input.release()
    this.#budget = undefined
    if (!this.#gate.isHeld) this.#release()
    this.#metrics.tasks.add(outcome.reason)
    log.info('the task ended', { reason: outcome.reason, steps: outcome.steps, message: outcome.message })
    this.#changed()
    this.#emit({ type: 'ended', outcome })
    return outcome
  }

  async #work(task: string, budget: Budget, signal: AbortSignal): Promise<never> {
    const { settings, log, vision } = this.#parts
    const mind = new Mind({ vision, settings, log, metrics: this.#metrics, emit: (event) => this.#emit(event) })
    const most = settings.maxSteps
    let spare = SPARE
    for (this.#step = 1; this.#step <= most; this.#step++) {
      try {
        await this.#one(task, mind, budget, signal)
      } catch (error) {
        if (!(error instanceof Disturbed)) throw error
        log.info('the screen was disturbed; it is looked at anew', { step: this.#step })
        if (--spare < 0) throw new TaskEnd('connection_lost', 'The task was disturbed again and again.')
        this.#step--
      }
    }
    this.#step = most
    throw new TaskEnd(
      'step_limit',
      `The task used its ${most} steps and is not done. Allow more (NEKO_MAX_STEPS), or give it in smaller parts.`,
    )
  }

  async #one(task: string, mind: Mind, budget: Budget, signal: AbortSignal): Promise<void> {
    const { client: room, settings, onShown } = this.#parts
    await this.#gate.pass(signal)
    const now: Now = {
      step: this.#step,
      signal,
      budget,
      disturbances: this.#gate.disturbances,
      screen: { width: room.size.width, height: room.size.height },
    }
    const picture = await this.#look(signal)
    this.#metrics.steps.add()
    this.#emit({ type: 'step', step: now.step, of: settings.maxSteps })
    const shot = await this.#shot(picture)
    onShown?.(picture)
    const words = this.#words.splice(0)
    const output = await mind.decide(now.step, { task, history: this.#history, words, picture: shot, signal })
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
    if (output.actions.length === 0) {
      past.result = `Your reply held no action that could be understood: ${output.parseError ?? 'it was empty'}. Answer in the form that you were given.`
      return
    }
    await this.#all(output.actions.slice(0, MOST_ACTIONS), past, picture, now)
  }

  /** Does what the model decided, as long as the screen is the one it was decided on. */
  async #all(actions: readonly Action[], past: PastStep, picture: Picture, now: Now): Promise<void> {
    let current = picture
    for (const [index, action] of actions.entries()) {
      const add = (text: string) => (past.result = past.result ? `${past.result} ${text}` : text)
      try {
        const done = await this.#carry(action, `${now.step}-${index + 1}`, current, now)
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

  async #carry(
    wanted: Action,
    id: string,
    picture: Picture,
    now: Now,
  ): Promise<{ action: Action; result: string; goesOn: boolean; picture?: Picture | undefined }> {
    if (wanted.action === 'ANSWER' || wanted.action === 'DONE') throw this.#end(wanted)
    if (wanted.action === 'ASK') return { action: wanted, result: await this.#ask(wanted.value, now), goesOn: false }
    const { action, boxes } = await this.#closer(wanted, picture, now)
    const { step } = now
    this.#emit({ type: 'action', step, id, action })
    const acted = (done: boolean, result: string) => this.#emit({ type: 'acted', step, id, action, done, result })
    let result = 'It was interrupted.'
    let isDone = false
    try {
      const denied = await this.#permitted(action, id, now.signal)
      if (denied !== undefined) {
        result = denied
        return { action, result, goesOn: false }
      }
      await this.#still(now)
      const before = thumbnail(await picture.pixels(), focusOf(action))
      const drawing = this.#draw({ action, boxes, picture, step, id })
      const failed = await this.#execute(action, now)
      isDone = failed === undefined
      const after = failed === undefined ? await this.#verify(action, before, now.signal) : null
      await drawing
      result = this.#judged(action, before, after?.change ?? 'none', failed)
      return { action, result, goesOn: isDone, picture: after?.picture ?? undefined }
    } finally {
      acted(isDone, result)
    }
  }

  /** The next action is done only on the screen that it was decided on. */
  async #still({ disturbances, screen, signal }: Now): Promise<void> {
    await this.#gate.pass(signal)
    const { size } = this.#parts.client
    if (this.#gate.disturbances !== disturbances || size.width !== screen.width || size.height !== screen.height)
      throw new Disturbed()
  }

  /** @returns why it could not be done, for the model */
  async #execute(action: Action, { signal }: Now): Promise<string | undefined> {
    const { client: room, input, log } = this.#parts
    const annotation = annotate(action)
    this.#chat(`Action: ${JSON.stringify(annotation)}`)
    log.info('action', { step: this.#step, ...annotation })
    const began = performance.now()
    this.#hand = new AbortController()
    const hand = this.#hand.signal
    try {
      const acting = act(action, { room, input, say: (text) => this.#chat(text) }, AbortSignal.any([signal, hand]))
      this.#acting = acting.catch(() => undefined)
      await acting
      this.#metrics.actions.add(action.action)
      return undefined
    } catch (error) {
      signal.throwIfAborted()
      if (hand.aborted) throw new Disturbed()
      const kind = error instanceof NekodeError ? error.kind : undefined
      if (kind === 'conflict' || kind === 'unavailable') throw new Disturbed()
      if (kind === 'forbidden') throw new TaskEnd('host_refused', sentence(error))
      log.warn('an action could not be done', { action: action.action, error })
      return errorText(error)
    } finally {
      this.#actedAt = Date.now()
      this.#metrics.execution.observe((performance.now() - began) / 1000)
    }
  }

  async #verify(
    action: Action,
    before: Thumbnail,
    signal: AbortSignal,
  ): Promise<{ picture: Picture | null; change: Change }> {
    const { disturbances } = this.#gate
    const isLook = action.action === 'WAIT' || action.action === 'LOOK'
    const after = isLook
      ? await this.#glance(before, action, signal)
      : await this.#eyes.settle(before, focusOf(action), this.#actedAt, signal)
    this.#seen = after.picture ? { picture: after.picture, disturbances } : null
    return after
  }

  async #glance(before: Thumbnail, action: Action, signal: AbortSignal) {
    const picture = await this.#eyes.look(this.#actedAt, signal)
    return { picture, change: compare(before, thumbnail(await picture.pixels(), focusOf(action))) }
  }

  /** What came of it, for the model. @throws TaskEnd stuck */
  #judged(action: Action, before: Thumbnail, change: Change, failed: string | undefined): string {
    const { kind, text } = this.#loops.note(action, before, change)
    const seen = failed === undefined ? SEEN[change] : `It could not be done: ${failed}`
    if (kind === 'stuck') throw new TaskEnd('stuck', `${text} Say more exactly what to do, or take over and hand back.`)
    if (kind === 'warn') this.#parts.log.warn('the task may be stuck', { step: this.#step, text })
    if (kind === 'warn') return `${seen} ${text}`
    return change === 'none' && failed === undefined && !isPassive(action)
      ? `${seen} If it was to, try another place or another way.`
      : seen
  }

  /** @returns why it may not be done, for the model */
  async #permitted(action: Action, id: string, signal: AbortSignal): Promise<string | undefined> {
    const { permit } = this.#parts
    if (!permit) return undefined
    this.#budget?.stop()
    const permission = await permit(action, id, signal)
    this.#budget?.start()
    signal.throwIfAborted()
    if (permission.allow) {
      this.#denied = 0
      return undefined
    }
    const why = permission.message ?? 'A person does not allow it.'
    if (++this.#denied >= DENIED) throw new TaskEnd('denied', `What I wanted to do was denied: ${why}`)
    return `It was denied: ${why} Do not do it; find another way, or answer with what you could not do.`
  }

  /** @returns what the model is told, besides the answer */
  async #ask(question: string, { signal, budget }: Now): Promise<string> {
    const { ask, waits } = this.#parts
    if (!ask) throw new TaskEnd('asked', question, { question })
    budget.stop()
    this.#emit({ type: 'waiting', for: 'answer', message: question, taken: false })
    const limitMs = waits?.answerMs ?? ANSWER_MS
    const late = AbortSignal.timeout(limitMs)
    try {
      this.say(await ask(question, AbortSignal.any([signal, late])))
    } catch (error) {
      signal.throwIfAborted()
      if (!late.aborted) throw error
      throw new TaskEnd(
        'unanswered',
        `I asked “${question}”, and nobody answered within ${formatDuration(limitMs)}. Give the task again with what I have to know.`,
      )
    }
    budget.start()
    this.#emit({ type: 'resumed' })
    this.#loops.forget()
    return 'A person answered.'
  }

  #end(action: Extract<Action, { action: 'ANSWER' | 'DONE' }>): TaskEnd {
    const { value } = action
    this.#chat(`Action: ${JSON.stringify(annotate(action))}`)
    if (action.action === 'ANSWER') this.#chat(`Answer: ${value}`)
    this.#metrics.actions.add(action.action)
    const answer = value === undefined ? {} : { answer: value }
    return action.action === 'ANSWER'
      ? new TaskEnd('answered', action.value, answer)
      : new TaskEnd('done', value ?? 'The task is done.', answer)
  }

  async #look(signal: AbortSignal): Promise<Picture> {
    const seen = this.#seen
    this.#seen = null
    const isFresh = seen && seen.disturbances === this.#gate.disturbances && Date.now() - seen.picture.at < FRESH_MS
    return isFresh ? seen.picture : this.#eyes.look(Math.max(this.#actedAt, this.#disturbedAt), signal)
  }

  /** The picture as it is: what becomes of it for a model is up to the model's dialect. */
  async #shot(picture: Picture): Promise<Shot> {
    return { jpeg: await picture.jpeg({ quality: 90 }), width: picture.width, height: picture.height }
  }

  async #closer(wanted: Action, picture: Picture, now: Now) {
    const { vision, settings, log } = this.#parts
    return closer(wanted, picture, {
      vision,
      settings,
      log,
      metrics: this.#metrics,
      history: this.#history,
      signal: now.signal,
      onUsage: (usage) => this.#emit({ type: 'usage', step: now.step, usage }),
    })
  }

  async #draw(drawing: Drawing & { id: string }): Promise<void> {
    if (!this.#parts.draws) return
    try {
      const { draw } = await import('./closer')
      const jpeg = await draw(drawing)
      this.#emit({ type: 'picture', step: drawing.step, id: drawing.id, action: drawing.action, jpeg })
    } catch (error) {
      // The task does not depend on it.
      this.#parts.log.warn('an action could not be drawn', { error })
    }
  }

  /** Pictures are large: only those are kept that the model is shown again. */
  #remember(step: PastStep): void {
    this.#history.push(step)
    const { historyPictures } = this.#parts.settings.model
    const past = this.#history.at(-1 - Math.max(1, historyPictures))
    if (past) delete past.picture
  }

  #chat(text: string): void {
    try {
      this.#parts.client.send('chat/message', { text })
    } catch {
      // Without a connection nobody reads it; the task itself sees that it is gone.
    }
  }

  /** Somebody in the room asks for the control: people go before agents. */
  async #handOver(id: string): Promise<void> {
    const { give, client, log } = this.#parts
    if (!this.#budget || !give || id === client.state.sessionId) return
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

  get #disturbedAt(): number {
    return this.#lastDisturbance
  }
  #lastDisturbance = 0

  #changed(): void {
    this.#lastDisturbance = Date.now()
    for (const then of this.#watchers) then()
  }

  #emit(event: TaskEvent): void {
    for (const listener of this.#listeners) listener(event)
  }

  #outcomeOf(error: unknown, budget: Budget, signals: readonly AbortSignal[]): Outcome {
    const steps = this.#step
    const aborted: unknown = signals.find((signal) => signal.aborted)?.reason
    const end = error instanceof TaskEnd ? error : aborted instanceof TaskEnd ? aborted : undefined
    if (end) return { reason: end.reason, steps, message: end.message, ...end.more }
    if (budget.isOver) {
      const limit = formatDuration(this.#parts.settings.timeLimitSeconds * 1000)
      const message = `The task took longer than ${limit} and is not done. Give it in smaller parts, or allow more time.`
      return { reason: 'time_limit', steps, message }
    }
    if (signals.some((signal) => signal.aborted)) return { reason: 'stopped', steps, message: 'It was stopped.' }
    this.#parts.log.error('the task failed', { error: error instanceof Error ? (error.stack ?? error) : error })
    return { reason: 'failed', steps, message: `Something went wrong here: ${sentence(error)}` }
  }
}

const SEEN: Record<Change, string> = {
  none: 'Nothing changed on the screen.',
  slight: 'A small part of the screen changed.',
  much: 'The screen changed.',
}
