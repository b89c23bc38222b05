import { errorText, NekodeError } from '@shared/errors'
import type { Logger } from '@shared/log'
import { pause } from '../../control/backoff'
import type { Room } from '../client/room'
import type { Picture } from '../frames/picture'
import type { FrameSource } from '../frames/source'
import type { Point } from '../geometry'
import { type Change, compare, type Thumbnail, thumbnail } from './change'
import type { Metrics } from './metrics'
import { TaskEnd } from './outcome'

/** How long the screen is given after an action, in milliseconds. */
export interface Patience {
  /** To begin to change. Default 700. */
  changeMs?: number
  /** To come to rest. Default 2500. */
  settleMs?: number
  /** Between two looks. Default 60. */
  lookMs?: number
}

const DEFAULTS = { changeMs: 700, settleMs: 2500, lookMs: 60 }
const PICTURE_MS = 10_000
const TRIES = 3
const TRY_MS = 1000
/** Smaller or larger is no screen. */
const SIDE = { least: 32, most: 8192 }

/** The connection went while the screen was looked at: it has to be looked at anew. */
export class Disturbed extends Error {}

export interface EyesOptions {
  room: Room
  frames: FrameSource
  log: Logger
  metrics: Metrics
  patience?: Patience | undefined
}

/** Looks at a room's screen, and at what becomes of it. */
export class Eyes {
  readonly #options: EyesOptions
  readonly #patience: Required<Patience>

  constructor(options: EyesOptions) {
    this.#options = options
    this.#patience = { ...DEFAULTS, ...options.patience }
  }

  /**
   * A picture newer than `after` (Unix milliseconds).
   * @throws TaskEnd no_picture when none comes; Disturbed when the connection went; the signal's reason
   */
  async look(after: number, signal: AbortSignal): Promise<Picture> {
    const { room, log, metrics } = this.#options
    for (let attempt = 1; ; attempt++) {
      try {
        const picture = await this.#next(after, PICTURE_MS, signal)
        metrics.frames.add()
        return picture
      } catch (error) {
        signal.throwIfAborted()
        if (!room.connected) throw new Disturbed()
        log.warn('no picture of the screen', { attempt, error: errorText(error) })
        if (attempt >= TRIES) throw noPicture(error)
        await pause(TRY_MS, signal)
      }
    }
  }

  /**
   * Waits until the screen has changed and come to rest, or has had its time.
   * @param before what the action was decided on; `after` when it was done
   * @returns the newest picture, and how it differs; null for a picture when there was none to compare
   */
  async settle(
    before: Thumbnail,
    point: Point | undefined,
    after: number,
    signal: AbortSignal,
  ): Promise<{ picture: Picture | null; change: Change }> {
    const { changeMs, settleMs, lookMs } = this.#patience
    const began = performance.now()
    let newest: Picture | null = null
    let last = before
    let change: Change = 'none'
    for (let from = after; ;) {
      const passed = performance.now() - began
      if (change === 'none' ? passed > changeMs : passed > settleMs) break
      const picture = await this.#glance(from, settleMs, signal)
      if (!picture) break
      const now = thumbnail(await picture.pixels(), point)
      const isStill = newest !== null && compare(last, now) !== 'much'
      change = compare(before, now)
      newest = picture
      last = now
      if (change !== 'none' && isStill) break
      from = picture.at
      await pause(lookMs, signal)
    }
    return { picture: newest, change }
  }

  /** A picture, or none when the source has nothing to give now: the next step sees whether that stays so. */
  async #glance(after: number, timeoutMs: number, signal: AbortSignal): Promise<Picture | null> {
    try {
      return await this.#next(after, timeoutMs, signal)
    } catch {
      signal.throwIfAborted()
      return null
    }
  }

  async #next(after: number, timeoutMs: number, signal: AbortSignal): Promise<Picture> {
    const picture = await this.#options.frames.next({ after, timeoutMs, signal })
    const { width, height } = picture
    if (Math.min(width, height) >= SIDE.least && Math.max(width, height) <= SIDE.most) return picture
    throw new NekodeError('unavailable', `A picture of ${width} by ${height} pixels is none of a screen.`, {
      code: 'no_picture',
    })
  }
}

function noPicture(error: unknown): TaskEnd {
  const next =
    error instanceof NekodeError && error.next !== undefined
      ? error.next
      : 'Check that the desktop sends video (WebRTC), or that screenshots are allowed, then give the task again.'
  return new TaskEnd('no_picture', `There is no picture of the desktop’s screen: ${errorText(error)} ${next}`)
}
