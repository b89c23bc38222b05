import type { Logger } from '@shared/log'
import type { Action } from '../agent/actions'
import { refine } from '../agent/refine'
import type { AgentSettings } from '../agent/settings'
import type { Vision } from '../agent/vision'
import type { Room } from '../client/room'
import type { Picture } from '../frames/picture'
import type { Size } from '../geometry'
import { focusOf, isPassive } from './act'
import { type Change, compare, type Thumbnail, thumbnail } from './change'
import { Disturbed, type Eyes } from './eyes'
import type { Gate } from './gate'
import type { Hands } from './hands'
import { TaskEnd, type TaskEvent } from './outcome'
import type { People } from './people'
import { Loops } from './stuck'

/** A picture that old, in milliseconds, is as good as a new one. */
const FRESH_MS = 300

export interface DeedsParts {
  room: Room
  gate: Gate
  eyes: Eyes
  hands: Hands
  vision: Vision
  settings: AgentSettings
  log: Logger
  emit(event: TaskEvent): void
}

/** What a step was decided on. */
export interface Seen {
  step: number
  /** The gate's count when the picture was asked for. */
  disturbances: number
  screen: Size
}

export interface Deed {
  /** As the model wants it, on the whole screen. */
  action: Action
  /** Of its events. */
  id: string
  picture: Picture
  seen: Seen
  task: string
  people: People
  signal: AbortSignal
}

/** What came of a deed. */
export interface Done {
  /** As it was carried out. */
  action: Action
  /** For the model. */
  result: string
  /** Whether the next one of the same reply may be done. */
  goesOn: boolean
  /** What the screen was after it. */
  picture: Picture | null
}

/** Carries single actions out: a closer look, a permission, the action itself, and what came of it. */
export class Deeds {
  readonly #parts: DeedsParts
  readonly #loops = new Loops()
  /** What the screen was when the last action had been verified. */
  #settled: { picture: Picture; disturbances: number } | null = null

  constructor(parts: DeedsParts) {
    this.#parts = parts
  }

  /** What was tried before may work now: a person did or said something, or another task begins. */
  forget(): void {
    this.#loops.forget()
    this.#settled = null
  }

  /** The screen as the last action left it, when that is still news; once. */
  takeSettled(): Picture | null {
    const settled = this.#settled
    this.#settled = null
    const isFresh =
      settled?.disturbances === this.#parts.gate.disturbances && Date.now() - settled.picture.at < FRESH_MS
    return isFresh ? settled.picture : null
  }

  /** @throws TaskEnd; Disturbed when the screen is not the one any more that it was decided on; the signal's reason */
  async carry(deed: Deed): Promise<Done> {
    const { id, picture, seen, people, signal } = deed
    const { emit, hands } = this.#parts
    const { step } = seen
    const { action, boxes, places } = await this.#closer(deed)
    emit({ type: 'action', step, id, action, picture, boxes, places })
    let result = 'It was interrupted.'
    let as: 'done' | 'failed' | 'denied' = 'denied'
    try {
      const denied = await people.denial(action, id, signal)
      if (denied !== undefined) return { action, result: (result = denied), goesOn: false, picture: null }
      as = 'failed'
      const before = thumbnail(await picture.pixels(), focusOf(action))
      // Nothing may come between this and the action: who takes over is told that nothing more is done.
      await this.#still(seen, signal)
      const failed = await hands.execute(action, signal)
      if (failed === undefined) as = 'done'
      const after = failed === undefined ? await this.#verify(action, before, signal) : null
      result = this.#judge(action, before, after?.change ?? 'none', failed, step)
      return { action, result, goesOn: failed === undefined, picture: after?.picture ?? null }
    } catch (error) {
      if (error instanceof TaskEnd) result = error.message
      throw error
    } finally {
      emit({ type: 'acted', step, id, action, as, result })
    }
  }

  /** An action is done only on the screen that it was decided on. */
  async #still({ disturbances, screen }: Seen, signal: AbortSignal): Promise<void> {
    const { gate, room } = this.#parts
    await gate.pass(signal)
    const { width, height } = room.size
    if (gate.disturbances !== disturbances || width !== screen.width || height !== screen.height) throw new Disturbed()
  }

  async #closer({ action, picture, seen: { step }, task, signal }: Deed) {
    const { vision, settings, log, emit } = this.#parts
    const refined = await refine(vision, {
      action,
      picture,
      task,
      mode: settings.mode,
      steps: settings.refinementSteps,
      signal,
      onUsage: (usage) => emit({ type: 'usage', step, usage }),
    })
    const { end, reason, boxes } = refined
    if (end !== 'not_needed') log.debug('looked closer', { step, end, looks: boxes.length, reason })
    return refined
  }

  async #verify(action: Action, before: Thumbnail, signal: AbortSignal) {
    const { gate, eyes, hands } = this.#parts
    const { disturbances } = gate
    const isLook = action.action === 'WAIT' || action.action === 'LOOK'
    const after = isLook
      ? await this.#glance(before, action, signal)
      : await eyes.settle(before, focusOf(action), hands.actedAt, signal)
    this.#settled = after.picture ? { picture: after.picture, disturbances } : null
    return after
  }

  async #glance(before: Thumbnail, action: Action, signal: AbortSignal) {
    const { eyes, hands } = this.#parts
    const picture = await eyes.look(hands.actedAt, signal, true)
    return { picture, change: compare(before, thumbnail(await picture.pixels(), focusOf(action))) }
  }

  /** What came of it, for the model. @throws TaskEnd stuck */
  #judge(action: Action, before: Thumbnail, change: Change, failed: string | undefined, step: number): string {
    const { kind, text } = this.#loops.note(action, before, change)
    const result = failed === undefined ? SEEN[change] : `It could not be done: ${failed}`
    if (kind === 'stuck') throw new TaskEnd('stuck', `${text} Say more exactly what to do, or take over and hand back.`)
    if (kind === 'warn') {
      this.#parts.log.warn('the task may be stuck', { step, text })
      return `${result} ${text}`
    }
    const isInVain = change === 'none' && failed === undefined && !isPassive(action)
    return isInVain ? `${result} If it was to, try another place or another way.` : result
  }
}

const SEEN: Record<Change, string> = {
  none: 'Nothing changed on the screen.',
  slight: 'A small part of the screen changed.',
  much: 'The screen changed.',
}
