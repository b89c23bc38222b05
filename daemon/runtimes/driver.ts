import { mkdirSync } from 'node:fs'
import { GRACE_MS, within } from './child'
import type { AgentEvent, Decision, RuntimeDriver, StartOptions } from './events'
import { failureOf, RuntimeFailure } from './failure'

/** One session of one runtime, from its start to its end: what each kind of driver implements. */
export interface Session {
  readonly sessionId: string | null
  readonly busy: boolean
  /** Starts the runtime and emits `ready`. What it leaves behind when it throws is cleaned up by `close`. */
  open(): Promise<void>
  send(text: string): Promise<'started' | 'steered' | 'queued'>
  interrupt(): Promise<void>
  answer(requestId: string, decision: Decision): void
  /** It is about to be closed: no further turn starts by itself, and an end is expected. */
  retire(): void
  /** Ends the process with all its descendants; emits `exit` when there was one to end. */
  close(graceMs: number): Promise<void>
}

/** How long a stop waits for the running turn to end by itself after the interrupt. */
const CANCEL_MS = 1000

/** The life cycle that all kinds share; what is special about a runtime is its `Session`. */
export class Driver implements RuntimeDriver {
  readonly #create: (options: StartOptions) => Session | Promise<Session>
  #session: Session | undefined
  #stopped: Promise<void> | undefined
  #exited = false

  constructor(create: (options: StartOptions) => Session | Promise<Session>) {
    this.#create = create
  }

  get sessionId(): string | null {
    return this.#session?.sessionId ?? null
  }

  get busy(): boolean {
    return !this.#exited && (this.#session?.busy ?? false)
  }

  async start(options: StartOptions): Promise<void> {
    if (this.#session || this.#stopped)
      throw new RuntimeFailure('internal', 'A driver starts once, and not after a stop; make another to start again.')
    mkdirSync(options.stateDir, { recursive: true, mode: 0o700 })
    const onEvent = (event: AgentEvent) => {
      if (event.type === 'exit') this.#exited = true
      options.onEvent(event)
    }
    const session = await this.#create({ ...options, onEvent })
    if (this.#stopped) throw new RuntimeFailure('killed', 'The runtime was stopped before it had started.')
    this.#session = session
    try {
      await session.open()
    } catch (error) {
      await this.stop(CANCEL_MS)
      if (error instanceof RuntimeFailure) throw error
      const { reason, message } = failureOf(error)
      throw new RuntimeFailure(reason, message, { cause: error })
    }
  }

  async send(text: string): Promise<'started' | 'steered' | 'queued'> {
    return await this.#running().send(text)
  }

  async interrupt(): Promise<void> {
    if (this.busy) await this.#session?.interrupt()
  }

  answer(requestId: string, decision: Decision): void {
    if (!this.#exited) this.#session?.answer(requestId, decision)
  }

  stop(graceMs = GRACE_MS): Promise<void> {
    this.#stopped ??= this.#stop(graceMs)
    return this.#stopped
  }

  async #stop(graceMs: number): Promise<void> {
    const session = this.#session
    if (!session || this.#exited) return
    session.retire()
    // Cancel first: the runtime ends its own shells and writes the session to disk.
    if (session.busy && graceMs >= CANCEL_MS) {
      await within(session.interrupt(), CANCEL_MS)
      for (let waited = 0; session.busy && waited < CANCEL_MS; waited += 20) await Bun.sleep(20)
    }
    await session.close(graceMs)
  }

  #running(): Session {
    if (!this.#session) throw new RuntimeFailure('internal', 'The runtime has not been started.')
    if (this.#exited || this.#stopped) throw new RuntimeFailure('killed', 'The runtime is not running any more.')
    return this.#session
  }
}
