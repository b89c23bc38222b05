import type { Size } from '../geometry'
import type { ClientEvent, ClientPayload, ServerEvent, ServerPayload } from '../protocol/events'
import type { Broadcast, ScreenSize, SessionInfo, Settings } from '../protocol/types'

/** What is known of the room, always as the server said it last. */
export interface RoomState {
  sessionId: string
  screen: ScreenSize
  /** The session that steers; null: nobody. */
  hostId: string | null
  settings: Settings
  sessions: ReadonlyMap<string, SessionInfo>
  touch: boolean
  /** Whether `cast.jpg` is there for every viewer. */
  screencast: boolean
  /** Ids of the server's video streams; the first is the default one. */
  videos: readonly string[]
  /** Whether there is a chat. */
  chat?: boolean
  /** Whether a page's file dialog waits for files. */
  chooserOpen?: boolean
  /** The server's folder for files, where it has one. */
  files?: ServerPayload<'filetransfer/update'>
  /** What administrators are told besides. */
  screenSizes?: readonly ScreenSize[]
  broadcast?: Broadcast
}

/** What happens to a connection, beside the server's own events. */
export interface RoomChanges {
  /** Connected, at first or again: everything that was made on the old connection has to be made anew. */
  up: RoomState
  /** The connection is gone. `final`: it will not be tried again. */
  down: { reason: string; final: boolean }
  /** This session became host, or no longer is. */
  host: { mine: boolean; hostId: string | null }
}

/** One session in the room of a Neko server, as the parts above it see it: input, media, commands and agents. */
export interface Room {
  /** @throws NekodeError unavailable before the first connection */
  readonly state: RoomState
  readonly connected: boolean
  readonly isHost: boolean
  readonly size: Size
  /**
   * Sends an event. Without a connection it throws (NekodeError unavailable): an input that comes late, on another screen, does harm.
   */
  send<E extends ClientEvent>(
    event: E,
    ...payload: undefined extends ClientPayload<E> ? [ClientPayload<E>?] : [ClientPayload<E>]
  ): void
  /** @returns what ends it */
  on<E extends ServerEvent>(event: E, handler: (payload: ServerPayload<E>) => void): () => void
  onChange<C extends keyof RoomChanges>(change: C, handler: (what: RoomChanges[C]) => void): () => void
  /**
   * Becomes host: asks for it, and waits until the server says so.
   * @throws NekodeError conflict when somebody else steers and does not let go in time, forbidden when this session may not steer
   */
  acquire(options?: { timeoutMs?: number; signal?: AbortSignal }): Promise<void>
  release(): void
}
