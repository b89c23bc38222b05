import type { Frames } from '../frames/frames'
import type { Room } from '../client/room'
import type { NekoRest } from '../client/rest'
import type { Input } from '../input/input'

/** The remote side: a room, and its server's REST calls. */
export interface Desk extends Room {
  readonly rest: NekoRest
  /** Sends whatever it is. */
  sendRaw(event: { event: string; payload?: unknown }): void
}

/** The terminal in front of it. */
export interface Face {
  /** A person sits there, and not a script. */
  readonly interactive: boolean
  /** Asks without showing what is typed. @throws NekodeError when nobody can answer */
  secret(question: string): Promise<string>
  /** A remark beside the results. */
  note(text: string): void
  /** Writes to the terminal as it is; undefined: what is written goes elsewhere. */
  readonly screen: Screen | undefined
}

export interface Screen {
  /** What the terminal says of itself. */
  readonly env: Record<string, string | undefined>
  readonly columns: number
  readonly rows: number
  /** Resolves when the terminal has taken it. */
  write(data: string): Promise<void>
  /** Asks the terminal itself, and waits shortly for its answer. @returns empty when it gives none */
  query(sequence: string, until: RegExp): Promise<string>
  /** Resolves at the next key. */
  key(signal: AbortSignal): Promise<string>
}

export type FrameKind = 'still' | 'live'

/** What a command works with. */
export interface Manual {
  readonly desk: Desk
  readonly input: Input
  readonly face: Face
  /** Aborts when the command that runs is to end. */
  readonly signal: AbortSignal
  /** Pictures of the screen: `still` for one at a time, `live` for many of them. Made at the first use. */
  frames(kind: FrameKind): Promise<Frames>
  /** Whether sound is recorded. */
  readonly audio: boolean
  /** No command follows. */
  quit(): void
}
