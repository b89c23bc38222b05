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

/** How long the screen is given after an action, in milliseconds of pictures: a slow computer has fewer of them, not less time. */
export interface Patience {
  /** To begin to change. Default 1000. */
  changeMs?: number
  /** For more to come after a slight change, as a page after the mark of its link. Default 350. */
  slightMs?: number
  /** To come to rest. Default 2500. */
  settleMs?: number
  /** Between two looks. Default 20. */
  lookMs?: number
}

const DEFAULTS = { changeMs: 1000, slightMs: 350, settleMs: 2500, lookMs: 20 }
/** All that takes no longer than so many times as it should, however slow the pictures come. */
const SLOW = 4
const PICTURE_MS = 10_000
const TRIES = 3
const TRY_MS = 1000
/** Smaller or larger is no screen. */
const SIDE = { least: 32, most: 8192 }

/** So long, in milliseconds, after video was seen to be behind the screen, screenshots are taken in its place. */
const DISTRUST_MS = 15_000
const SHOT_MS = 3000
/** So long, in milliseconds, a video that alone is wanted may take to show what a screenshot showed. */
const CATCH_UP_MS = 10_000

/** The connection went while the screen was looked at: it has to be looked at anew. */
export class Disturbed extends Error {}

export interface EyesOptions {
  room: Room
  frames: FrameSource
  /**
   * Screenshots, where the session may take them: a video that comes late (a slow line, a busy server) looks like a screen on which nothing
   * happens.
   */
  proof?: FrameSource | undefined
  /** Only the video is shown to the model: one that is behind is waited for. */
  videoOnly?: boolean
  log: Logger
  metrics: Metrics
  patience?: Patience | undefined
}

/** Looks at a room's screen, and at what becomes of it. */
export class Eyes {
  readonly #options: EyesOptions
  readonly #patience: Required<Patience>
  #proof: FrameSource | undefined
  #distrustUntil = 0

  constructor(options: EyesOptions) {
    this.#options = options
    this.#patience = { ...DEFAULTS, ...options.patience }
    this.#proof = options.proof
  }

  /**
   * A picture newer than `after` (Unix milliseconds).
   * @param isProved whether it is held against a screenshot
   * @throws TaskEnd no_picture when none comes; Disturbed when the connection went; the signal's reason
   */
  async look(after: number, signal: AbortSignal, isProved = false): Promise<Picture> {
    const { room, log, metrics } = this.#options
    for (let attempt = 1; ; attempt++) {
      try {
        const picture = await this.#next(after, PICTURE_MS, signal)
        metrics.frames.add()
        return (isProved && (await this.#proven(picture, signal))) || picture
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
    const { changeMs, slightMs, settleMs, lookMs } = this.#patience
    const end = performance.now() + SLOW * settleMs
    let newest: Picture | null = null
    let last = before
    let change: Change = 'none'
    for (let from = after; performance.now() < end;) {
      const picture = await this.#glance(from, end - performance.now(), signal)
      if (!picture) break
      const now = thumbnail(await picture.pixels(), point)
      const isStill = newest !== null && compare(last, now) !== 'much'
      change = compare(before, now)
      newest = picture
      last = now
      // What arrives just after the action may have been drawn before it.
      const passed = picture.at - after
      const enough = change === 'none' ? changeMs : change === 'slight' ? slightMs : 0
      if (passed > settleMs || (passed >= enough && (isStill || change === 'none'))) break
      from = picture.at
      await pause(lookMs, signal)
    }
    const proof = newest && change === 'none' ? await this.#proven(newest, signal) : null
    return proof ? { picture: proof, change: 'much' } : { picture: newest, change }
  }

  /** @returns a better picture, when the screen is another than this one of a video shows */
  async #proven(picture: Picture, signal: AbortSignal): Promise<Picture | null> {
    if (!this.#proof || picture.source === 'screenshot') return null
    try {
      const shot = await this.#proof.next({ timeoutMs: SHOT_MS, signal })
      const shown = thumbnail(await shot.pixels())
      if (compare(thumbnail(await picture.pixels()), shown) !== 'much') return null
      // Perhaps it changed only now.
      const later = await this.#caughtUp(shown, shot.at, signal)
      if (later || this.#options.videoOnly) return later
      this.#options.log.warn('the video is behind the screen; screenshots are taken for a while')
      this.#distrustUntil = Date.now() + DISTRUST_MS
      return shot
    } catch (error) {
      signal.throwIfAborted()
      // It may not take any, mostly; the video has to do.
      this.#options.log.debug('no screenshot to hold the video against', { error })
      this.#proof = undefined
      return null
    }
  }

  /** @returns the picture of the video that shows what the screenshot did, when one comes in time */
  async #caughtUp(shown: Thumbnail, since: number, signal: AbortSignal): Promise<Picture | null> {
    const end = performance.now() + (this.#options.videoOnly ? CATCH_UP_MS : 0)
    for (let after = since; ;) {
      const picture = await this.#glance(after, SHOT_MS, signal)
      if (!picture) return null
      if (compare(thumbnail(await picture.pixels()), shown) !== 'much') return picture
      if (performance.now() > end) return null
      after = picture.at
      await pause(this.#patience.lookMs, signal)
    }
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
    const isBehind = this.#proof !== undefined && Date.now() < this.#distrustUntil
    const source = isBehind ? (this.#proof ?? this.#options.frames) : this.#options.frames
    const picture = await source.next({ after, timeoutMs, signal })
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
