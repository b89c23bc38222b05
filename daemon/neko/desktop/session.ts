import type { ServerEvent, ServerPayload } from '../protocol/events'
import type { Profile, SessionInfo, SessionState } from '../protocol/types'
import type { Point } from '../geometry'
import { CURSORS } from './limits'
import type { Viewer } from './viewer'

/** A WebSocket of a client. */
export interface Outlet {
  send(text: string): void
  /** Cuts it off, after what was sent. */
  end(): void
}

export const envelope = (event: string, payload?: unknown): string => JSON.stringify({ event, payload })

/** Somebody who logged in. */
export class Session {
  /** Connected, or broken off for less than the time of grace. */
  outlet: Outlet | undefined
  viewer: Viewer | undefined
  private connectedAt: Date | undefined
  private leftAt: Date | undefined
  private watchingAt: Date | undefined
  private blindAt: Date | undefined
  private isIn = false
  private isWatching = false
  private cursors: Point[] = []

  constructor(
    readonly id: string,
    readonly token: string,
    public profile: Profile,
  ) {}

  get isConnected(): boolean {
    return this.isIn
  }

  get leftAtMs(): number {
    return this.leftAt?.getTime() ?? 0
  }

  get state(): SessionState {
    return {
      is_connected: this.isIn,
      ...(this.connectedAt ? { connected_since: this.connectedAt.toISOString() } : {}),
      ...(this.leftAt ? { not_connected_since: this.leftAt.toISOString() } : {}),
      is_watching: this.isWatching,
      ...(this.watchingAt ? { watching_since: this.watchingAt.toISOString() } : {}),
      ...(this.blindAt ? { not_watching_since: this.blindAt.toISOString() } : {}),
    }
  }

  get info(): SessionInfo {
    return { id: this.id, profile: this.profile, state: this.state }
  }

  setConnected(is: boolean): void {
    this.isIn = is
    if (is) [this.connectedAt, this.leftAt] = [new Date(), undefined]
    else [this.connectedAt, this.leftAt] = [undefined, new Date()]
  }

  setWatching(is: boolean): void {
    this.isWatching = is
    if (is) [this.watchingAt, this.blindAt] = [new Date(), undefined]
    else [this.watchingAt, this.blindAt] = [undefined, new Date()]
  }

  /** To nobody while it is not connected. */
  send<E extends ServerEvent>(
    event: E,
    ...payload: undefined extends ServerPayload<E> ? [ServerPayload<E>?] : [ServerPayload<E>]
  ): void {
    this.outlet?.send(envelope(event, payload[0]))
  }

  /** Where the pointer of somebody is who does not steer. */
  putCursor(point: Point): void {
    if (this.cursors.length === CURSORS) this.cursors.shift()
    this.cursors.push(point)
  }

  takeCursors(): Point[] {
    const taken = this.cursors
    this.cursors = []
    return taken
  }
}
