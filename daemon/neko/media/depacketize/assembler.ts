import { av1 } from './av1'
import { type EncodedFrame, type Format, type VideoCodec } from './frame'
import { h264 } from './h264'
import { vp8 } from './vp8'
import { vp9 } from './vp9'

const FORMATS: Record<VideoCodec, Format> = { vp8, vp9, h264, av1 }

export interface VideoPacket {
  /** 16 bits, as it came. */
  sequence: number
  timestamp: number
  /** The last of its frame. */
  marker: boolean
  payload: Uint8Array
}

export interface AssemblerOptions {
  onFrame(frame: EncodedFrame): void
  /** A loss was not repaired: nothing comes until the next keyframe. */
  onBroken?(): void
  /** How long to wait for packets to be sent again: two round trips of a slow line. Default 600. */
  maxWaitMs?: number
  now?: () => number
}

/** Packets that wait for one before them. */
const MAX_HELD = 1024
const MAX_FRAME_BYTES = 16 << 20
/** So many packets in a row from behind: the sender counts anew. */
const MAX_LATE = 64

/**
 * Puts packets in order, waits a while for those that are sent again, and gives whole frames. After a loss that is not
 * repaired it drops frames until the next keyframe.
 */
export class FrameAssembler {
  readonly stats = { packets: 0, frames: 0, keyframes: 0, late: 0, gaps: 0, dropped: 0 }
  private readonly format: Format
  private readonly held = new Map<number, VideoPacket & { at: number }>()
  /** Highest sequence number so far, and the one to go on with; counted on past 16 bits. */
  private last: number | undefined
  private next = 0
  private lateInRow = 0
  private parts: Uint8Array[] = []
  private bytes = 0
  private timestamp = 0
  private broken = true

  constructor(
    readonly codec: VideoCodec,
    private readonly options: AssemblerOptions,
  ) {
    this.format = FORMATS[codec]
  }

  /** Whether frames are dropped because a keyframe is missing. */
  get waitsForKeyframe(): boolean {
    return this.broken
  }

  push(packet: VideoPacket): void {
    this.stats.packets++
    const sequence = this.unwrap(packet.sequence)
    if (sequence === undefined) return
    const now = (this.options.now ?? Date.now)()
    this.held.set(sequence, { ...packet, at: now })
    this.drain()
    const [oldest] = this.held.size ? [Math.min(...this.held.keys())] : []
    if (oldest === undefined) return
    const waited = now - (this.held.get(oldest)?.at ?? now)
    if (waited <= (this.options.maxWaitMs ?? 600) && this.held.size <= MAX_HELD) return
    this.stats.gaps++
    this.lose()
    this.next = oldest
    this.drain()
  }

  /** @returns undefined for a packet that comes too late */
  private unwrap(sequence: number): number | undefined {
    if (this.last === undefined) {
      this.last = sequence
      this.next = sequence
      return sequence
    }
    const distance = ((sequence - (this.last & 0xffff) + 0x18000) & 0xffff) - 0x8000
    const unwrapped = this.last + distance
    if (unwrapped < this.next) {
      this.stats.late++
      if (++this.lateInRow < MAX_LATE) return undefined
      this.held.clear()
      this.lose()
      this.last = unwrapped
      this.next = unwrapped
    }
    this.lateInRow = 0
    this.last = Math.max(this.last, unwrapped)
    return unwrapped
  }

  private lose(): void {
    this.parts = []
    this.bytes = 0
    if (this.broken) return
    this.broken = true
    this.options.onBroken?.()
  }

  private drain(): void {
    for (let packet = this.held.get(this.next); packet; packet = this.held.get(this.next)) {
      this.held.delete(this.next)
      this.next++
      this.take(packet)
    }
  }

  private take(packet: VideoPacket & { at: number }): void {
    // Nothing is missing in between: what there is of the frame before is all of it.
    if (this.parts.length && packet.timestamp !== this.timestamp) this.finish(packet.at)
    const part = this.format.part(packet.payload)
    if (part && (this.parts.length || part.start)) {
      this.parts.push(part.bytes)
      this.bytes += part.bytes.length
      this.timestamp = packet.timestamp
      if (this.bytes > MAX_FRAME_BYTES) this.lose()
    }
    if (packet.marker) this.finish(packet.at)
  }

  private finish(at: number): void {
    const { parts, timestamp } = this
    this.parts = []
    this.bytes = 0
    if (parts.length === 0) return
    const { data, key } = this.format.frame(parts)
    if (key) {
      this.broken = false
      this.stats.keyframes++
    }
    if (this.broken) {
      this.stats.dropped++
      return
    }
    this.stats.frames++
    this.options.onFrame({ data, key, timestamp, at })
  }
}
