import type { EncodedVideo } from '../machine/machine'

export interface Packet {
  payload: Buffer
  sequence: number
  timestamp: number
  marker: boolean
}

/** Frames that may wait. More than a viewer takes in is dropped until the next key frame. */
const WAITING_BYTES = 6 << 20
/** Packets without a pause: more at once would overflow the receiver's socket. */
const BURST = 32
const PAUSE_MS = 2
/** Packets that can be sent again: about two seconds. */
const HISTORY = 1024
/** What a frame that is sent again is later than the one before, in ticks of 90 kHz. */
const STEP = 90

interface Waiting {
  payloads: Buffer[]
  timestamp: number
  bytes: number
}

/**
 * The pictures that go to one viewer: numbered, at a pace that the receiver's socket bears, and never more of them in memory than
 * the viewer takes.
 */
export class Outgoing {
  private readonly queue: Waiting[] = []
  private readonly history: (Packet | undefined)[] = []
  private sequence = Math.floor(Math.random() * 0x8000)
  private last: number | undefined
  private isPumping = false
  private needsKey = true
  private isClosed = false
  dropped = 0

  /** @param send resolves when the packet is on its way */
  constructor(
    private readonly payloads: (frame: EncodedVideo) => Buffer[],
    private readonly send: (packet: Packet) => Promise<void>,
  ) {}

  push(frame: EncodedVideo): void {
    if (this.isClosed) return
    if (frame.key) this.needsKey = false
    if (this.needsKey) return
    if (this.waitingBytes + frame.data.length > WAITING_BYTES) {
      this.dropped += 1
      this.needsKey = true
      return
    }
    this.queue.push({
      payloads: this.payloads(frame),
      timestamp: this.monotonic(frame.timestamp),
      bytes: frame.data.length,
    })
    void this.pump()
  }

  get waitingFrames(): number {
    return this.queue.length
  }

  private get waitingBytes(): number {
    return this.queue.reduce((sum, { bytes }) => sum + bytes, 0)
  }

  /** What comes next begins anew, with a key frame: what waited is thrown away. */
  restart(): void {
    this.needsKey = true
    this.queue.length = 0
  }

  /** A packet that was sent not long ago. */
  sent(sequence: number): Packet | undefined {
    const packet = this.history[sequence % HISTORY]
    return packet?.sequence === sequence ? packet : undefined
  }

  /** How many packets were sent after this one. */
  ageOf(sequence: number): number {
    return (this.sequence - sequence) & 0xffff
  }

  close(): void {
    this.isClosed = true
    this.restart()
    this.history.length = 0
  }

  /** A viewer that joins again gets frames from before; its clock must not go back. */
  private monotonic(timestamp: number): number {
    const wanted = timestamp >>> 0
    const ahead = this.last === undefined ? 1 : (wanted - this.last) | 0
    this.last = ahead > 0 || this.last === undefined ? wanted : (this.last + STEP) >>> 0
    return this.last
  }

  private async pump(): Promise<void> {
    if (this.isPumping) return
    this.isPumping = true
    let burst = 0
    for (let frame = this.queue.shift(); frame; frame = this.queue.shift()) {
      for (const [index, payload] of frame.payloads.entries()) {
        await this.send(this.next(payload, frame.timestamp, index === frame.payloads.length - 1))
        burst += 1
        if (burst % BURST === 0) await Bun.sleep(PAUSE_MS)
        if (this.isClosed) return
      }
    }
    this.isPumping = false
  }

  private next(payload: Buffer, timestamp: number, marker: boolean): Packet {
    this.sequence = (this.sequence + 1) & 0xffff
    const packet = { payload, sequence: this.sequence, timestamp, marker }
    this.history[this.sequence % HISTORY] = packet
    return packet
  }
}
