import { EventEmitter } from 'node:events'
import { errorText, NekodeError } from '@shared/errors'
import type { Logger } from '@shared/log'
import type { IcePolicy } from '../media/ice'
import { MediaSession } from '../media/session'
import type { ConnectionOptions } from '../media/werift'
import type { Picture } from './picture'
import { type ScreenClient, ScreenshotFrames } from './screenshot'
import { DEFAULT_TIMEOUT_MS, type FrameSource, type NextOptions } from './source'
import { WebRtcFrames } from './webrtc'

export interface FramesOptions {
  /** `auto`: WebRTC, and screenshots for as long as it gives none. Default `auto`. */
  prefer?: 'webrtc' | 'screenshot' | 'auto'
  /** Whether the room's sound comes with it, for `media.on('audio')`. Default false. */
  audio?: boolean
  ice: IcePolicy
  log: Logger
  /** Frames of each new stream that are passed over. Default 0; NEKO_SKIP_INITIAL_FRAMES has 5. */
  skipInitial?: number
  connection?: ConnectionOptions
}

export interface FramesEvents {
  source: [{ kind: 'webrtc' | 'screenshot'; reason: string }]
}

/** How long a picture of WebRTC is waited for before a screenshot is taken. */
const FALLBACK_MS = 5_000
/** While screenshots are taken, WebRTC is given so long for each picture, if it seems to work again. */
const RECOVERY_MS = 1_000
const WEBRTC_SHARE = 0.6
/** A stream that had a frame within this time works. */
const FRESH_MS = 2_000

/** Pictures of the room's screen, from wherever they can be had now. */
export class Frames extends EventEmitter<FramesEvents> implements FrameSource {
  /** undefined when only screenshots are wanted. */
  readonly media: MediaSession | undefined
  private readonly webrtc: WebRtcFrames | undefined
  private readonly screenshots: ScreenshotFrames
  private source: 'webrtc' | 'screenshot'
  /** When WebRTC was asked for first since it was there last. */
  private askedAt: number | undefined
  private isClosed = false

  constructor(
    client: ScreenClient,
    private readonly options: FramesOptions,
  ) {
    super()
    const { prefer = 'auto', ice, log, audio, skipInitial, connection } = options
    this.source = prefer === 'screenshot' ? 'screenshot' : 'webrtc'
    this.screenshots = new ScreenshotFrames(client)
    if (prefer === 'screenshot') return
    this.media = new MediaSession(client, {
      ice,
      log,
      audio: audio ?? false,
      ...(skipInitial === undefined ? {} : { skipInitial }),
      ...(connection ? { connection } : {}),
    })
    this.webrtc = new WebRtcFrames(this.media)
    // A new connection begins as the first one did.
    this.media.on('connected', () => {
      this.askedAt = undefined
    })
    this.media.start()
  }

  get kind(): 'webrtc' | 'screenshot' {
    return this.source
  }

  /**
   * @throws NekodeError unavailable `no_picture`, forbidden `no_screenshot`, unimplemented `h264_profile`: what each source said, and what
   * to do
   */
  async next(options: NextOptions = {}): Promise<Picture> {
    if (this.isClosed) throw new NekodeError('unavailable', 'the pictures were closed', { code: 'no_picture' })
    const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS
    const until = performance.now() + timeoutMs
    const { webrtc } = this
    if (!webrtc) return this.screenshots.next(options)
    if (this.options.prefer === 'webrtc') return webrtc.next(options)
    let failure: unknown
    // Some of the time is left for a screenshot.
    const patience = Math.min(this.patience(), timeoutMs * WEBRTC_SHARE)
    if (patience > 0) {
      try {
        const picture = await webrtc.next({
          ...options,
          timeoutMs: Math.min(patience, Math.max(1, until - performance.now())),
        })
        this.use('webrtc', 'video comes')
        return picture
      } catch (e) {
        options.signal?.throwIfAborted()
        failure = e
      }
    }
    return this.fallBack({ ...options, timeoutMs: Math.max(1, until - performance.now()) }, failure)
  }

  /** How long WebRTC is worth waiting for now. */
  private patience(): number {
    const newest = this.media?.stream?.newestAt ?? 0
    if (this.source === 'screenshot') return Date.now() - newest < FRESH_MS ? RECOVERY_MS : 0
    this.askedAt ??= performance.now()
    if (newest) return FALLBACK_MS
    return Math.max(1, FALLBACK_MS - (performance.now() - this.askedAt))
  }

  private async fallBack(options: NextOptions, failure: unknown): Promise<Picture> {
    const reason = failure === undefined ? (this.media?.lostBecause ?? '') : errorText(failure)
    try {
      const picture = await this.screenshots.next(options)
      this.use('screenshot', reason)
      return picture
    } catch (e) {
      options.signal?.throwIfAborted()
      throw both(failure ?? new NekodeError('unavailable', reason, { code: 'no_picture' }), e)
    }
  }

  private use(kind: 'webrtc' | 'screenshot', reason: string): void {
    if (this.source === kind) return
    this.source = kind
    this.askedAt = undefined
    this.options.log.debug(`pictures come from ${kind} now`, { reason })
    this.emit('source', { kind, reason })
  }

  async close(): Promise<void> {
    this.isClosed = true
    await this.media?.close()
  }
}

function both(webrtc: unknown, screenshot: unknown): NekodeError {
  const known = [webrtc, screenshot].filter((e) => e instanceof NekodeError)
  const next = known.map((e) => e.next).find((next) => next !== undefined)
  const [first] = known
  return new NekodeError(
    first?.kind ?? 'unavailable',
    `No picture of the screen. WebRTC: ${errorText(webrtc)}; screenshots: ${errorText(screenshot)}`,
    { code: first?.code ?? 'no_picture', cause: screenshot, ...(next === undefined ? {} : { next }) },
  )
}
