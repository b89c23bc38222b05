import { NekodeError } from '@shared/errors'
import type { Logger } from '@shared/log'
import type { Profile } from '../protocol/types'
import type { Room } from './room'

/** What becoming host needs of the connection. */
export interface HostingRoom extends Pick<Room, 'connected' | 'isHost' | 'state'> {
  send(event: 'control/request' | 'control/release'): void
  readonly profile: Profile | undefined
}

export interface HostingOptions {
  /** Becomes host with each connection, and again whenever nobody is. */
  auto: boolean
  log: Logger
  /** Default 500: each request disturbs whoever is host. */
  throttleMs?: number
}

export interface AcquireOptions {
  /** Default 10 s. */
  timeoutMs?: number
  signal?: AbortSignal
}

const ACQUIRE_MS = 10_000
const THROTTLE_MS = 500
/** So often in a minute host was taken from this session: then somebody means it. */
const MAX_LOSSES = 3
const LOSSES_MS = 60_000

/**
 * Who steers, from the view of one session. Somebody else who is host is asked once and then left alone until they let go; nobody is fought with: who takes
 * host back again and again gets it.
 */
export class Hosting {
  readonly #room: HostingRoom
  readonly #options: HostingOptions
  readonly #waiting = new Set<(error?: NekodeError) => void>()
  /** Whether host is to be kept; an explicit release ends it, an explicit request begins it again. */
  #keeps: boolean
  #wasHost = false
  #askedAt = -Infinity
  #timer: Timer | undefined
  #losses: number[] = []
  #ended: NekodeError | undefined

  constructor(room: HostingRoom, options: HostingOptions) {
    this.#room = room
    this.#options = options
    this.#keeps = options.auto
  }

  /** A connection began. */
  up(): void {
    this.#wasHost = this.#room.isHost
    if (this.#wasHost) this.#settle()
    else if (this.#isWanted) this.#ask()
  }

  /** The server said who is host; `actor` is the session that made it so. */
  changed(actor: string): void {
    const { isHost, state } = this.#room
    const isLost = this.#wasHost && !isHost
    this.#wasHost = isHost
    if (isHost) return this.#settle()
    if (isLost && this.#keeps && actor !== state.sessionId) this.#lost()
    if (state.hostId === null && this.#isWanted) this.#ask()
  }

  /** The connection is gone for good. */
  end(error: NekodeError): void {
    clearTimeout(this.#timer)
    this.#ended = error
    this.#keeps = false
    this.#settle(error)
  }

  async acquire({ timeoutMs = ACQUIRE_MS, signal }: AcquireOptions = {}): Promise<void> {
    signal?.throwIfAborted()
    if (this.#ended) throw this.#ended
    const { auto } = this.#options
    this.#keeps = auto
    this.#losses = []
    if (this.#room.isHost && this.#room.connected) return
    this.#refuseWithoutRight()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const settle = (error?: NekodeError): void => (error ? reject(error) : resolve())
    const abort = (): void => reject(signal?.reason)
    const timer = setTimeout(() => reject(this.#tooLate(timeoutMs)), timeoutMs)
    this.#waiting.add(settle)
    signal?.addEventListener('abort', abort)
    this.#ask()
    try {
      await promise
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
      this.#waiting.delete(settle)
    }
  }

  release(): void {
    this.#keeps = false
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#settle(new NekodeError('conflict', 'Control was let go before it was there.', { code: 'neko_host_released' }))
    if (this.#room.isHost && this.#room.connected) this.#room.send('control/release')
  }

  get #isWanted(): boolean {
    return this.#keeps || this.#waiting.size > 0
  }

  #settle(error?: NekodeError): void {
    for (const settle of this.#waiting) settle(error)
  }

  /** Asks now, or as soon as the last time is long enough ago, if it is wanted then. */
  #ask(): void {
    if (this.#timer !== undefined) return
    const { throttleMs = THROTTLE_MS } = this.#options
    const wait = this.#askedAt + throttleMs - performance.now()
    if (wait > 0) {
      this.#timer = setTimeout(() => {
        this.#timer = undefined
        const { connected, isHost, state } = this.#room
        if (connected && !isHost && this.#isWanted && (state.hostId === null || this.#waiting.size > 0)) this.#ask()
      }, wait)
      return
    }
    if (!this.#room.connected) return
    this.#askedAt = performance.now()
    this.#room.send('control/request')
  }

  #lost(): void {
    const now = performance.now()
    this.#losses = [...this.#losses.filter((at) => now - at < LOSSES_MS), now]
    if (this.#losses.length < MAX_LOSSES) return
    this.#keeps = false
    this.#options.log.info('Control was taken away several times: it is not asked for again until somebody wants it.')
  }

  #refuseWithoutRight(): void {
    const { connected, profile, state } = this.#room
    if (!connected || !profile) return
    const why = profile.can_host
      ? profile.is_admin
        ? undefined
        : state.settings.private_mode
          ? 'the room is in private mode'
          : state.settings.locked_controls
            ? 'the controls are locked'
            : undefined
      : 'it has no right to'
    if (why !== undefined)
      throw new NekodeError('forbidden', `This session cannot take control: ${why}.`, {
        code: 'neko_host_forbidden',
        next: 'An administrator of the server has to allow it.',
      })
  }

  #tooLate(timeoutMs: number): NekodeError {
    const { connected, state } = this.#room
    const seconds = `${timeoutMs / 1000} s`
    if (!connected)
      return new NekodeError('unavailable', `The Neko server was not there for ${seconds} to give control.`, {
        code: 'neko_not_connected',
        next: 'Try again when the connection is back.',
      })
    const name = state.hostId === null ? undefined : (state.sessions.get(state.hostId)?.profile.name ?? state.hostId)
    return new NekodeError(
      'conflict',
      name === undefined
        ? `The server did not give control within ${seconds}.`
        : `${name} steers, and did not let go within ${seconds}.`,
      { code: 'neko_host_refused', next: 'Ask whoever steers to let go, or take control as an administrator.' },
    )
  }
}
