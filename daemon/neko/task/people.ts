import { formatDuration } from '@shared/duration'
import type { Action } from '../agent/actions'
import type { Budget } from './budget'
import { TaskEnd } from './outcome'

/** `final`: there is no use in going on. */
export type Permission = { allow: true } | { allow: false; message?: string | undefined; final?: boolean }

export interface PeopleParts {
  /** Asks a person, and waits. Without it a question ends the task (`asked`). */
  ask?: (question: string, signal: AbortSignal) => Promise<string>
  /** Whether an action may be done; `id` is that of its event. Default: it may. */
  permit?: (action: Action, id: string, signal: AbortSignal) => Promise<Permission>
}

/** Denied in a row. */
const DENIED = 3
const ANSWER_MS = 1_800_000

/** The people whom a task asks: for permission, and for what it does not know. The time they take is not the task's. */
export class People {
  #denied = 0

  constructor(
    private readonly parts: PeopleParts,
    private readonly budget: Budget,
    private readonly answerMs = ANSWER_MS,
  ) {}

  /** @returns why it may not be done, for the model. @throws TaskEnd denied; the signal's reason */
  async denial(action: Action, id: string, signal: AbortSignal): Promise<string | undefined> {
    const { permit } = this.parts
    if (!permit) return undefined
    this.budget.stop()
    const permission = await orAborted(permit(action, id, signal), signal)
    this.budget.start()
    signal.throwIfAborted()
    if (permission.allow) {
      this.#denied = 0
      return undefined
    }
    const why = permission.message ?? 'A person does not allow it.'
    if (permission.final || ++this.#denied >= DENIED)
      throw new TaskEnd('denied', `What I wanted to do was denied: ${why}`)
    return `It was denied: ${why} Do not do it; find another way, or answer with what you could not do.`
  }

  /** @throws TaskEnd asked, unanswered; the signal's reason */
  async answer(question: string, signal: AbortSignal): Promise<string> {
    const { ask } = this.parts
    if (!ask) throw new TaskEnd('asked', question, { question })
    this.budget.stop()
    const late = AbortSignal.timeout(this.answerMs)
    try {
      const over = AbortSignal.any([signal, late])
      return await orAborted(ask(question, over), over)
    } catch (error) {
      signal.throwIfAborted()
      if (!late.aborted) throw error
      throw new TaskEnd(
        'unanswered',
        `I asked “${question}”, and nobody answered within ${formatDuration(this.answerMs)}. Give the task again with what I have to know.`,
      )
    } finally {
      this.budget.start()
    }
  }
}

/** Whoever is asked may not know that nobody waits any more: a question at a terminal stays open. */
async function orAborted<T>(answer: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const abort = (): void => reject(signal.reason)
  if (signal.aborted) abort()
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([answer, promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
