import { errorText, NekodeError } from '@shared/errors'
import { formatDuration } from '@shared/duration'
import type { Room } from '../client/room'
import { TaskEnd, type Waiting } from './outcome'

export interface Waits {
  /** Until a lost connection is there again. Default a minute. */
  reconnectMs?: number
  /** Until whoever steers lets go. Default ten minutes. */
  hostMs?: number
  /** Until a person lets a paused task go on. Default an hour. */
  resumeMs?: number
}

const DEFAULTS = { reconnectMs: 60_000, hostMs: 600_000, resumeMs: 3_600_000 }
/** One request to steer. */
const ASK_MS = 3000
/** Between two tries to steer that failed for another reason than somebody who steers. */
const RETRY_MS = 500

export interface GateOptions {
  room: Room
  waits?: Waits | undefined
  /** Takes the control away from whoever has it; used only when a person said so. */
  take?: (() => Promise<void>) | undefined
  onWait(kind: Waiting, message: string, taken: boolean): void
  onPass(): void
  onDisturbed(): void
}

/**
 * Whether a task may act now: it is connected, it steers, and nobody holds it up. What comes in between is a disturbance, after which
 * the screen has to be looked at anew.
 */
export class Gate {
  readonly #options: GateOptions
  readonly #waits: Required<Waits>
  /** Who holds it up, in both ways. */
  readonly #holders = { paused: new Set<string>(), 'took over': new Set<string>() }
  readonly #ends: (() => void)[]
  #disturbances = 0
  #final: string | undefined
  /** The control was asked for, or taken away: it is not asked for again until it is free or somebody says so. */
  #isAsked = false
  #wasHost = false
  #isTold = false
  #insists = false
  #change = Promise.withResolvers<void>()

  constructor(options: GateOptions) {
    this.#options = options
    this.#waits = { ...DEFAULTS, ...options.waits }
    const { room } = options
    this.#ends = [
      room.onChange('down', ({ reason, final }) => {
        if (final) this.#final = reason
        this.#disturb()
      }),
      room.onChange('up', () => this.#disturb()),
      room.onChange('host', ({ mine, hostId }) => {
        if (mine) return this.#tell()
        // It is free: whoever wants to goes first.
        this.#isAsked = hostId !== null && (this.#wasHost || this.#isAsked)
        this.#disturb()
      }),
    ]
  }

  /** Grows with each thing after which an older picture of the screen is worth nothing. */
  get disturbances(): number {
    return this.#disturbances
  }

  get isHeld(): boolean {
    return this.#holders.paused.size + this.#holders['took over'].size > 0
  }

  hold(person: string, how: 'paused' | 'took over'): void {
    this.#holders[how].add(person)
    this.#disturb()
  }

  /** A person hands back what they took over. */
  handBack(person: string): void {
    this.#holders['took over'].delete(person)
    this.#disturb()
  }

  /** A person wants the task to go on, whoever paused it or steers; who has taken over from it keeps that. */
  insist(): void {
    this.#holders.paused.clear()
    this.#insists = !this.#options.room.isHost
    this.#disturb()
  }

  /** A new task asks for the control anew. */
  begin(): void {
    this.#isAsked = false
    this.#wasHost = false
  }

  /**
   * Resolves when the task may act.
   * @throws TaskEnd when that does not come to pass in time; the signal's reason
   */
  async pass(signal: AbortSignal): Promise<void> {
    const until = new Map<Waiting, number>()
    const { room } = this.#options
    for (;;) {
      signal.throwIfAborted()
      if (this.#final !== undefined) throw lost(this.#final)
      if (this.isHeld) await this.#wait('person', until, signal)
      else if (!room.connected) await this.#wait('connection', until, signal)
      else if (room.isHost) return this.#open()
      else if (this.#isAsked && !this.#insists) await this.#wait('host', until, signal)
      else await this.#ask(signal)
    }
  }

  close(): void {
    for (const end of this.#ends.splice(0)) end()
  }

  #open(): void {
    this.#wasHost = true
    this.#isAsked = false
    this.#insists = false
    if (!this.#isTold) return
    this.#isTold = false
    this.#options.onPass()
  }

  async #ask(signal: AbortSignal): Promise<void> {
    const { room, take } = this.#options
    const insists = this.#insists
    this.#insists = false
    this.#isAsked = true
    try {
      if (insists && take && isAdmin(room)) await take()
      await room.acquire({ timeoutMs: ASK_MS, signal })
    } catch (error) {
      signal.throwIfAborted()
      const kind = error instanceof NekodeError ? error.kind : undefined
      if (kind === 'forbidden') throw new TaskEnd('host_refused', sentence(error), {})
      if (kind === 'conflict' && room.state.hostId !== null) return
      // It is free again, or the connection went: try once more, a little later.
      this.#isAsked = false
      await this.#changed(RETRY_MS, signal)
    }
  }

  async #wait(kind: Waiting, until: Map<Waiting, number>, signal: AbortSignal): Promise<void> {
    const now = performance.now()
    const end = until.get(kind) ?? now + this.#limit(kind)
    if (!until.has(kind)) {
      this.#isTold = true
      this.#options.onWait(kind, this.#message(kind), kind !== 'host' || this.#wasHost)
    }
    until.set(kind, end)
    if (now >= end) throw this.#tooLate(kind)
    await this.#changed(end - now, signal)
  }

  #limit(kind: Waiting): number {
    const { reconnectMs, hostMs, resumeMs } = this.#waits
    return kind === 'connection' ? reconnectMs : kind === 'host' ? hostMs : resumeMs
  }

  #message(kind: Waiting): string {
    if (kind === 'connection') return 'The connection to the desktop is lost. I wait until it is there again.'
    if (kind === 'host')
      return this.#wasHost
        ? `${this.#steering()} took over. I wait; let go of the control or write /resume, and I go on.`
        : `${this.#steering()} steers. I wait until the control is let go of.`
    const [person] = this.#holders['took over']
    if (person !== undefined) return `${person} took over. I wait until the screen is handed back.`
    const [pauser = 'Somebody'] = this.#holders.paused
    return `${pauser} has paused the task. /resume lets it go on.`
  }

  #tooLate(kind: Waiting): TaskEnd {
    const time = formatDuration(this.#limit(kind))
    if (kind === 'connection') return lost(`It was not there again within ${time}.`)
    if (kind === 'host' && this.#wasHost)
      return new TaskEnd('taken_over', `${this.#steering()} took over and did not hand back within ${time}.`)
    if (kind === 'host')
      return new TaskEnd(
        'host_refused',
        `${this.#steering()} steers and did not let go within ${time}. Ask for the control in the chat of the room, then give the task again.`,
      )
    return new TaskEnd('not_resumed', `The task was held up, and nobody let it go on within ${time}. Give it again.`)
  }

  #steering(): string {
    const { hostId, sessions } = this.#options.room.state
    return hostId === null ? 'Somebody' : (sessions.get(hostId)?.profile.name ?? hostId)
  }

  #disturb(): void {
    this.#disturbances++
    this.#options.onDisturbed()
    this.#tell()
  }

  #tell(): void {
    this.#change.resolve()
    this.#change = Promise.withResolvers()
  }

  /** Resolves when something changed, the time is over or the signal fires. */
  async #changed(ms: number, signal: AbortSignal): Promise<void> {
    const over = Promise.withResolvers<void>()
    const done = () => over.resolve()
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done, { once: true })
    await Promise.race([this.#change.promise, over.promise])
    clearTimeout(timer)
    signal.removeEventListener('abort', done)
  }
}

const isAdmin = ({ state: { sessions, sessionId } }: Room): boolean =>
  sessions.get(sessionId)?.profile.is_admin === true

const lost = (why: string): TaskEnd =>
  new TaskEnd(
    'connection_lost',
    `The connection to the desktop is lost. ${why} Check that the Neko server runs, then give the task again.`,
  )

/** What went wrong, with what to do next. */
export const sentence = (error: unknown): string =>
  error instanceof NekodeError && error.next !== undefined ? `${error.message} ${error.next}` : errorText(error)
