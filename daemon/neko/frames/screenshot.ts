import { errorText, NekodeError } from '@shared/errors'
import type { NekoRest } from '../client/rest'
import type { Room } from '../client/room'
import { type Picture, pictureOfFile } from './picture'
import { DEFAULT_TIMEOUT_MS, type FrameSource, type NextOptions } from './source'

/** What of a client gives pictures. */
export interface ScreenClient extends Room {
  readonly rest: { readonly screen: Pick<NekoRest['screen'], 'cast' | 'shot'> }
}

/** The screencast has ten pictures a second; so long may the newest one be behind. */
const CAST_BEHIND_MS = 150
const SHOT_QUALITY = 85

/**
 * Pictures that the server makes when it is asked: of its screencast, for every viewer where it is on, or of the screen itself, for
 * administrators.
 */
export class ScreenshotFrames implements FrameSource {
  readonly kind = 'screenshot'

  constructor(private readonly client: ScreenClient) {}

  /** @throws NekodeError forbidden `no_screenshot` when this session may have neither, unavailable `no_picture` when none came in time */
  async next({ after, timeoutMs = DEFAULT_TIMEOUT_MS, signal }: NextOptions = {}): Promise<Picture> {
    const until = Date.now() + timeoutMs
    const ways = this.ways()
    const errors: unknown[] = []
    for (const way of ways) {
      const earliest = after === undefined ? 0 : after + (way === 'cast' ? CAST_BEHIND_MS : 1)
      if (earliest > until) break
      await Bun.sleep(Math.max(0, earliest - Date.now()))
      signal?.throwIfAborted()
      // Asked then: it may show what was there at that moment, whenever it arrives.
      const asked = Date.now()
      const options = { timeoutMs: Math.max(1, until - asked), ...(signal ? { signal } : {}) }
      const { screen } = this.client.rest
      try {
        const file = await (way === 'cast' ? screen.cast(options) : screen.shot(SHOT_QUALITY, options))
        return await pictureOfFile(file, asked)
      } catch (e) {
        signal?.throwIfAborted()
        errors.push(e)
      }
    }
    const why = errors.length
      ? errors.map(errorText).join('; ')
      : `none can be newer than asked for within ${timeoutMs} ms`
    throw new NekodeError('unavailable', `no screenshot came: ${why}`, { code: 'no_picture', cause: errors[0] })
  }

  private ways(): ('cast' | 'shot')[] {
    const { sessionId, sessions, screencast } = this.client.state
    const isAdmin = sessions.get(sessionId)?.profile.is_admin === true
    // An administrator's is exact, and does not depend on a pipeline.
    const ways: ('cast' | 'shot')[] = [...(isAdmin ? ['shot' as const] : []), ...(screencast ? ['cast' as const] : [])]
    if (ways.length) return ways
    throw new NekodeError('forbidden', 'The server gives this session no screenshots.', {
      code: 'no_screenshot',
      next: 'Log in as an administrator, or start the Neko server with NEKO_CAPTURE_SCREENCAST_ENABLED=true.',
    })
  }

  async close(): Promise<void> {}
}
