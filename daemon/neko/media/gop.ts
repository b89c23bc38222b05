import { errorText, NekodeError } from '@shared/errors'
import { createDecoder, type Decoder, type I420, type Plane } from './codecs/decoder'
import type { EncodedFrame, VideoCodec } from './depacketize/frame'

export interface VideoPicture {
  planes: I420
  /** When the frame arrived, in Unix milliseconds. */
  at: number
}

export interface PictureOptions {
  /** Only from a frame that arrived after this time (Unix milliseconds). Default: the newest frame that there is. */
  after?: number
  timeoutMs: number
  signal?: AbortSignal | undefined
}

export interface DecodingOptions {
  /** The stream is of no use before the next keyframe. */
  onNeedKeyframe?(): void
  /** How many frames of the stream are passed over before the first picture. Default 0. */
  skipInitial?: number
}

/** Frames that may wait before they are decoded though nobody asked: what a picture costs stays bounded then. */
const MAX_BACKLOG = 60
const MAX_BACKLOG_BYTES = 4 << 20
/** Past this the computer cannot keep up, and all is dropped until the next keyframe. */
const MAX_WAITING = 600
const MAX_WAITING_BYTES = 32 << 20
/** Who asked for a picture asks for more: so long afterwards frames are decoded as they come, so that the next one is there at once. */
const INTEREST_MS = 10_000
/** A stream with fewer frames than are to be passed over gives its pictures after this time. */
const SKIP_MS = 2_000
/** Of RTP's timestamps of video. */
const CLOCK_KHZ = 90
/** A burst is over when frames have come as they were made, give or take so much, for so long. */
const JITTER_MS = 15
const STEADY_MS = 150
/** Frames in a row that cannot be decoded, each with a keyframe between it and the next. */
const MAX_FAILED = 5
const MIN_EDGE = 32
const MAX_EDGE = 8192

interface Waiter {
  /** Satisfied by the frame of this number, or a later one. */
  from: number
  done(picture: VideoPicture): void
  fail(error: unknown): void
}

/**
 * Pictures of a stream when somebody wants them. Frames depend on those before them, so what was not decoded is kept as it
 * came, compressed, until the next keyframe makes it needless.
 */
export class PictureStream {
  readonly stats = { frames: 0, decoded: 0, decodeMs: 0, damaged: 0, dropped: 0 }
  /** When the newest frame arrived. */
  newestAt = 0
  /** Sees each frame as it comes, compressed: for recording. */
  tap: ((frame: EncodedFrame) => void) | undefined
  private waiting: (EncodedFrame & { number: number })[] = []
  private waitingBytes = 0
  private hasBegun = false
  private firstAt = 0
  private readonly lag = new Lag()
  /** The first frame that came when it was made. What came in a burst before it shows how the screen was some time ago. */
  private liveFrom = Number.POSITIVE_INFINITY
  private decoder: Decoder | undefined
  private current: (VideoPicture & { number: number }) | undefined
  private isRunning = false
  private isClosed = false
  private wantedUntil = 0
  private failedInRow = 0
  private failure: unknown
  private readonly waiters = new Set<Waiter>()

  constructor(
    readonly codec: VideoCodec,
    private readonly options: DecodingOptions = {},
  ) {}

  push(frame: EncodedFrame): void {
    this.tap?.(frame)
    if (this.isClosed || this.failure !== undefined) return
    if (frame.key) {
      this.clear()
      this.hasBegun = true
    } else if (!this.hasBegun) return
    this.stats.frames++
    this.firstAt ||= performance.now()
    this.newestAt = frame.at
    if (this.liveFrom > this.stats.frames && this.lag.isOver(frame)) this.liveFrom = this.stats.frames
    this.waiting.push({ ...frame, number: this.stats.frames })
    this.waitingBytes += frame.data.length
    if (this.waiting.length > MAX_WAITING || this.waitingBytes > MAX_WAITING_BYTES) this.breakOff()
    else if (this.isWanted) void this.run()
  }

  /** Frames come, but those that they depend on are not there. */
  get needsKeyframe(): boolean {
    return !this.hasBegun && this.failure === undefined && !this.isClosed
  }

  private get isWanted(): boolean {
    return (
      this.waiters.size > 0 ||
      performance.now() < this.wantedUntil ||
      this.waiting.length > MAX_BACKLOG ||
      this.waitingBytes > MAX_BACKLOG_BYTES
    )
  }

  private clear(): void {
    this.stats.dropped += this.waiting.length
    this.waiting = []
    this.waitingBytes = 0
  }

  private breakOff(): void {
    this.clear()
    this.hasBegun = false
    this.options.onNeedKeyframe?.()
  }

  /**
   * @returns a copy that stays as it is
   * @throws NekodeError unavailable `no_picture` when no frame came in time, unimplemented when the stream cannot be decoded
   */
  picture({ after = 0, timeoutMs, signal }: PictureOptions): Promise<VideoPicture> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted()
      if (this.failure !== undefined) throw this.failure
      const end = () => {
        clearTimeout(timer)
        clearTimeout(skip)
        signal?.removeEventListener('abort', onAbort)
        this.waiters.delete(waiter)
        this.wantedUntil = performance.now() + INTEREST_MS
      }
      const waiter: Waiter = {
        from: this.newestAt > after ? this.stats.frames : this.stats.frames + 1,
        done(picture) {
          end()
          resolve({ at: picture.at, planes: copied(picture.planes) })
        },
        fail(error) {
          end()
          reject(error)
        },
      }
      const onAbort = () => waiter.fail(signal?.reason)
      const timer = setTimeout(() => waiter.fail(this.none(timeoutMs)), timeoutMs)
      const skip = setTimeout(() => this.serve(), SKIP_MS)
      signal?.addEventListener('abort', onAbort)
      this.waiters.add(waiter)
      this.serve()
      void this.run()
    })
  }

  private none(timeoutMs: number): NekodeError {
    const what = this.stats.frames === 0 ? 'no video' : this.waiting.length ? 'no decoded picture' : 'no newer picture'
    return new NekodeError('unavailable', `${what} came within ${Math.round(timeoutMs)} ms`, { code: 'no_picture' })
  }

  private serve(): void {
    const { current } = this
    if (!current || this.isSkipping(current.number)) return
    for (const waiter of this.waiters) if (current.number >= waiter.from) waiter.done(current)
  }

  private isSkipping(number: number): boolean {
    if (performance.now() - this.firstAt >= SKIP_MS) return false
    return number < this.liveFrom || this.stats.frames <= (this.options.skipInitial ?? 0)
  }

  private async run(): Promise<void> {
    if (this.isRunning) return
    this.isRunning = true
    try {
      while (!this.isClosed && this.isWanted) {
        const decoder = (this.decoder ??= await createDecoder(this.codec))
        const frame = this.waiting.shift()
        if (!frame) break
        this.waitingBytes -= frame.data.length
        this.decode(decoder, frame)
        // Packets are received in between.
        await new Promise(setImmediate)
      }
    } catch (e) {
      this.fail(e)
    } finally {
      this.isRunning = false
    }
  }

  private decode(decoder: Decoder, frame: EncodedFrame & { number: number }): void {
    const started = performance.now()
    try {
      const planes = decoder.decode(frame) ?? this.current?.planes
      this.stats.decoded++
      this.failedInRow = 0
      if (planes && isPlausible(planes)) this.current = { planes, at: frame.at, number: frame.number }
    } catch (e) {
      if ((e instanceof NekodeError && e.kind === 'unimplemented') || ++this.failedInRow > MAX_FAILED) throw e
      this.stats.damaged++
      // What threw something else may be in any state.
      if (!(e instanceof NekodeError)) this.decoder = undefined
      this.breakOff()
    } finally {
      this.stats.decodeMs += performance.now() - started
    }
    this.serve()
  }

  /** Nothing can be had of the stream any more. */
  private fail(cause: unknown): void {
    this.failure =
      cause instanceof NekodeError
        ? cause
        : new NekodeError('internal', `the ${this.codec} decoder failed: ${errorText(cause)}`, { cause })
    this.clear()
    for (const waiter of this.waiters) waiter.fail(this.failure)
  }

  close(): void {
    this.isClosed = true
    this.fail(new NekodeError('unavailable', 'the video stream ended', { code: 'no_picture' }))
    this.decoder?.close()
    this.decoder = undefined
    this.current = undefined
  }
}

/**
 * Who joins may be sent what was made before, in a burst: each of its frames comes sooner after the one before than it was made. Once that
 * is no longer so, what comes is of now.
 */
class Lag {
  /** Arrival against the time of making, in milliseconds: the least so far, and since when. */
  private least = Number.POSITIVE_INFINITY
  private since = 0
  private made = 0
  private before: number | undefined

  isOver({ at, timestamp }: EncodedFrame): boolean {
    // Timestamps begin anywhere, and begin anew after 32 bits.
    this.made += ((timestamp - (this.before ?? timestamp)) | 0) / CLOCK_KHZ
    this.before = timestamp
    const lag = at - this.made
    if (lag < this.least - JITTER_MS) {
      this.least = lag
      this.since = at
    }
    return at - this.since >= STEADY_MS
  }
}

/** What a room has no screen for is a decoder's or a stream's mistake. */
const isPlausible = ({ width, height }: I420): boolean =>
  Math.min(width, height) >= MIN_EDGE && Math.max(width, height) <= MAX_EDGE

function copied({ width, height, y, u, v }: I420): I420 {
  const rows = (height + 1) >> 1
  const plane = ({ bytes, stride }: Plane, count: number): Plane => ({ bytes: bytes.slice(0, count * stride), stride })
  return { width, height, y: plane(y, height), u: plane(u, rows), v: plane(v, rows) }
}
