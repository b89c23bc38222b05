import { ByteQueue } from './bytequeue'

const FILE_HEADER = 32
const FRAME_HEADER = 12

export interface IvfFrame {
  data: Uint8Array
  /** Seconds since the first picture. */
  seconds: number
}

/** Takes an IVF file apart while it is written: bytes in, whole frames out. */
export class IvfReader {
  readonly #bytes = new ByteQueue()
  #secondsPerTick = 0

  /** @throws Error when it is no IVF */
  push(chunk: Uint8Array): IvfFrame[] {
    this.#bytes.push(chunk)
    if (!this.#secondsPerTick && !this.#readHeader()) return []
    const frames: IvfFrame[] = []
    for (;;) {
      const header = this.#bytes.peek(FRAME_HEADER)
      if (!header) return frames
      const length = header.getUint32(0, true)
      if (this.#bytes.length < FRAME_HEADER + length) return frames
      const seconds = Number(header.getBigUint64(4, true)) * this.#secondsPerTick
      this.#bytes.take(FRAME_HEADER)
      frames.push({ data: this.#bytes.take(length), seconds })
    }
  }

  #readHeader(): boolean {
    const header = this.#bytes.peek(FILE_HEADER)
    if (!header) return false
    if (header.getUint32(0) !== 0x444b4946) throw new Error('the encoder wrote something that is not IVF')
    const ticksPerSecond = header.getUint32(16, true)
    this.#secondsPerTick = header.getUint32(20, true) / ticksPerSecond
    this.#bytes.take(FILE_HEADER)
    return true
  }
}

/** VP8: the lowest bit of the frame tag says that it builds on others (RFC 6386, 9.1). */
export const isVp8Key = (frame: Uint8Array): boolean => ((frame[0] ?? 1) & 1) === 0
