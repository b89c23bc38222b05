import { MediaStreamTrack, RtpHeader, RtpPacket } from 'werift'
import { OpusEncoder } from './opus'

/** Samples of 20 ms. */
const FRAME = 960
const FRAME_MS = 20
/** 200 ms: the far end needs a moment before it plays, and cuts off what is in its buffer when nothing more comes. */
const SILENT_FRAMES = 10
/** A minute: who plays faster than time goes by has to wait. */
const MAX_QUEUED = 3_000

/** Sends sound as 20 ms packets of Opus, as fast as time goes by, and nothing while it is silent. */
export class Microphone {
  readonly stats = { packets: 0, bytes: 0 }
  private track = new MediaStreamTrack({ kind: 'audio' })
  private queue: { samples: Int16Array; sent: (() => void) | undefined }[] = []
  private running: Promise<void> | undefined
  private encoder: Promise<OpusEncoder> | undefined
  private sequence = Math.floor(Math.random() * 0x10000)
  private timestamp = Math.floor(Math.random() * 0x100000000)
  private lastSent = 0
  private isClosed = false

  /** A track for a new connection: what is played goes there from now on. One that was stopped with its connection cannot be used again. */
  newTrack(): MediaStreamTrack {
    this.track = new MediaStreamTrack({ kind: 'audio' })
    return this.track
  }

  /**
   * Plays after all that was given before.
   *
   * @param samples 16 bits, one channel, 48 kHz
   * @returns when they were sent, or will not be
   */
  async play(samples: Int16Array): Promise<void> {
    while (this.queue.length > MAX_QUEUED) await this.running
    if (this.isClosed) return
    const all = new Int16Array(Math.ceil(samples.length / FRAME + 2 * SILENT_FRAMES) * FRAME)
    all.set(samples, SILENT_FRAMES * FRAME)
    const { promise, resolve } = Promise.withResolvers<void>()
    for (let at = 0; at < all.length; at += FRAME) {
      const isLast = at + FRAME >= all.length
      this.queue.push({ samples: all.subarray(at, at + FRAME), sent: isLast ? resolve : undefined })
    }
    this.running ??= this.run().finally(() => {
      this.running = undefined
    })
    await Promise.race([promise, this.running])
  }

  private async run(): Promise<void> {
    const encoder = await (this.encoder ??= OpusEncoder.create())
    // The clock went on while nothing was said.
    const idle = this.lastSent ? performance.now() - this.lastSent : 0
    this.timestamp = (this.timestamp + Math.round(idle / FRAME_MS) * FRAME) >>> 0
    const started = performance.now()
    for (let count = 0; ; count++) {
      const next = this.queue.shift()
      if (!next) return
      const wait = started + count * FRAME_MS - performance.now()
      if (wait > 1) await Bun.sleep(wait)
      if (this.isClosed) return
      this.send(encoder.encode(next.samples), count === 0)
      next.sent?.()
    }
  }

  private send(payload: Buffer, marker: boolean): void {
    // werift puts in the negotiated payload type and its own source.
    const header = new RtpHeader({ sequenceNumber: this.sequence, timestamp: this.timestamp, marker, payloadType: 111 })
    this.track.writeRtp(new RtpPacket(header, payload))
    this.sequence = (this.sequence + 1) & 0xffff
    this.timestamp = (this.timestamp + FRAME) >>> 0
    this.lastSent = performance.now()
    this.stats.packets++
    this.stats.bytes += payload.length
  }

  /** What was not said yet is not said any more. */
  async close(): Promise<void> {
    this.isClosed = true
    for (const { sent } of this.queue.splice(0)) sent?.()
    await this.running
    ;(await this.encoder)?.close()
    this.track.stop()
  }
}
