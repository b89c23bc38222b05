import { NekodeError } from '@shared/errors'
import type { Room, RoomChanges, RoomState } from '../client/room'
import type { Size } from '../geometry'
import type { ClientEvent } from '../protocol/events'
import { DEFAULT_SETTINGS, profileOf } from '../protocol/defaults'
import type { Profile, SessionInfo } from '../protocol/types'

const session = (id: string, profile: Profile): SessionInfo => ({
  id,
  profile,
  state: { is_connected: true, is_watching: false },
})

/** A room for a test: it writes down what is sent. `me` is this session, `ada` another one. */
export class RecordedRoom implements Room {
  readonly sent: [event: ClientEvent, payload?: unknown][] = []
  connected = true
  profile = profileOf('me')
  hostId: string | null = 'me'
  touch = true
  screen = { width: 1280, height: 720, rate: 30 }
  settings = { ...DEFAULT_SETTINGS }
  /** Called after each event, with its number: the place to let things happen in the middle. */
  after: (count: number) => void = () => undefined
  readonly #listeners = new Set<[string, (what: never) => void]>()

  get state(): RoomState {
    const { screen, hostId, settings, touch } = this
    const sessions = new Map([
      ['me', session('me', this.profile)],
      ['ada', session('ada', profileOf('Ada'))],
    ])
    return { sessionId: 'me', screen, hostId, settings, sessions, touch, screencast: true, videos: ['main'] }
  }

  get isHost(): boolean {
    return this.hostId === 'me'
  }

  get size(): Size {
    return this.screen
  }

  send(event: ClientEvent, ...[payload]: unknown[]): void {
    if (!this.connected) throw new NekodeError('unavailable', 'There is no connection to the server.')
    this.sent.push(payload === undefined ? [event] : [event, payload])
    this.after(this.sent.length)
  }

  on(): () => void {
    return () => undefined
  }

  onChange<C extends keyof RoomChanges>(change: C, handler: (what: RoomChanges[C]) => void): () => void {
    const entry: [string, (what: never) => void] = [change, handler]
    this.#listeners.add(entry)
    return () => void this.#listeners.delete(entry)
  }

  /** Another session takes over, in the way in which the server tells it. */
  steal(): void {
    this.hostId = 'ada'
    this.#emit('host', { mine: false, hostId: 'ada' })
  }

  drop(): void {
    this.connected = false
    this.#emit('down', { reason: 'cut', final: false })
  }

  get listening(): number {
    return this.#listeners.size
  }

  acquire(): Promise<void> {
    this.hostId = 'me'
    return Promise.resolve()
  }

  release(): void {
    this.send('control/release')
    this.hostId = null
  }

  #emit<C extends keyof RoomChanges>(change: C, what: RoomChanges[C]): void {
    for (const [name, handler] of this.#listeners) if (name === change) handler(what as never)
  }
}
