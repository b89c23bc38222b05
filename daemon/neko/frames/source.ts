import type { Picture } from './picture'

export const DEFAULT_TIMEOUT_MS = 10_000

export interface NextOptions {
  /** Only a picture that arrived after this time (Unix milliseconds). Default: the newest one, also if it is known already. */
  after?: number
  /** Default 10 000. */
  timeoutMs?: number
  signal?: AbortSignal
}

/** Where pictures of the room's screen come from. */
export interface FrameSource {
  readonly kind: 'webrtc' | 'screenshot'
  /**
   * The newest picture.
   *
   * @throws NekodeError unavailable (`no_picture` and more exact codes) when none came in time: it never waits longer
   */
  next(options?: NextOptions): Promise<Picture>
  close(): Promise<void>
}
