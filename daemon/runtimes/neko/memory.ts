import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { Action } from '../../neko/agent/actions'
import type { PastStep } from '../../neko/agent/vision'
import { RuntimeFailure } from '../failure'
import { parseJson } from '../json'
import { writeState } from '../state'

const Step = z.object({
  number: z.number().int(),
  actions: z.array(Action),
  reply: z.object({
    text: z.string(),
    thought: z.string().optional(),
    calls: z.array(z.object({ id: z.string(), name: z.string(), input: z.unknown() })),
  }),
  result: z.string().optional(),
  words: z.array(z.string()).optional(),
})
const State = z.object({
  /** Tasks that are over, the last ones. */
  done: z.array(z.object({ task: z.string(), result: z.string() })),
  /** A task that the next words go on with. */
  open: z.object({ task: z.string(), history: z.array(Step), isQuestion: z.boolean() }).nullable(),
  /** Whether it was allowed for the whole session to act. */
  isAllowed: z.boolean(),
})
type State = z.infer<typeof State>

const KEPT = 3
const SHOWN = 400
/** Steps of a task that is gone on with. */
const STEPS = 50

const cut = (text: string): string => (text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text)

export interface OpenTask {
  task: string
  history: PastStep[]
  /** It waits for an answer, so that whatever is said next is one. */
  isQuestion: boolean
}

/** What a session has done and is at, on disk after each turn, so that a restart loses nothing. */
export class Memory {
  readonly #stateDir: string
  readonly #name: string
  #state: State = { done: [], open: null, isAllowed: false }

  private constructor(stateDir: string, sessionId: string) {
    mkdirSync(join(stateDir, 'sessions'), { recursive: true, mode: 0o700 })
    this.#stateDir = stateDir
    this.#name = join('sessions', `neko-${sessionId}.json`)
  }

  static create(stateDir: string, sessionId: string): Memory {
    const memory = new Memory(stateDir, sessionId)
    memory.#write()
    return memory
  }

  /** @throws RuntimeFailure session_lost when there is no such session, or it cannot be read */
  static resume(stateDir: string, sessionId: string): Memory {
    const lost = new RuntimeFailure('session_lost', `There is no session ${sessionId} of the Neko agent.`)
    if (!/^[\w-]+$/.test(sessionId)) throw lost
    const memory = new Memory(stateDir, sessionId)
    const path = join(stateDir, memory.#name)
    if (!existsSync(path)) throw lost
    const parsed = State.safeParse(parseJson(readFileSync(path, 'utf8')))
    if (!parsed.success) throw lost
    memory.#state = parsed.data
    return memory
  }

  get isAllowed(): boolean {
    return this.#state.isAllowed
  }

  /** Acting is allowed for the rest of the session. */
  allow(): void {
    this.#state.isAllowed = true
    this.#write()
  }

  get open(): OpenTask | null {
    const { open } = this.#state
    if (!open) return null
    return { task: open.task, isQuestion: open.isQuestion, history: open.history.map(pastStep) }
  }

  /** What was done before, for a model that can make use of it; '' when there is nothing. */
  get before(): string {
    const lines = this.#state.done.map(({ task, result }) => `- ${cut(task)}\n  Result: ${cut(result)}`)
    return lines.length === 0 ? '' : `Done before, for context:\n${lines.join('\n')}`
  }

  /** The task is over. `open`: the next words may go on with it. */
  end(task: string, result: string, open: OpenTask | null): void {
    const done = [...this.#state.done, { task, result }].slice(-KEPT)
    // Pictures are of a screen that is another by then.
    const history = open?.history.slice(-STEPS).map(({ picture: _picture, ...step }) => ({
      ...step,
      words: step.words === undefined ? undefined : [...step.words],
    }))
    this.#state = {
      ...this.#state,
      done,
      open: open && history ? { task, isQuestion: open.isQuestion, history } : null,
    }
    this.#write()
  }

  #write(): void {
    // A daemon that is killed while it writes leaves the one before.
    writeState(this.#stateDir, `${this.#name}.new`, JSON.stringify(this.#state))
    renameSync(join(this.#stateDir, `${this.#name}.new`), join(this.#stateDir, this.#name))
  }
}

/** Without the keys that are not there. */
function pastStep({ reply: { thought, ...reply }, result, words, ...step }: z.infer<typeof Step>): PastStep {
  return {
    ...step,
    reply: { ...reply, ...(thought === undefined ? {} : { thought }) },
    ...(result === undefined ? {} : { result }),
    ...(words === undefined ? {} : { words }),
  }
}
