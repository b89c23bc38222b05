import { ByteQueue } from './bytequeue'

const PAGE_HEADER = 27

/** Takes an Ogg file of one stream apart while it is written: bytes in, whole packets out. */
export class OggReader {
  readonly #bytes = new ByteQueue()
  #parts: Uint8Array[] = []

  /** @throws Error when it is no Ogg */
  push(chunk: Uint8Array): Uint8Array[] {
    this.#bytes.push(chunk)
    const packets: Uint8Array[] = []
    for (;;) {
      const fixed = this.#bytes.peek(PAGE_HEADER)
      if (!fixed) return packets
      if (fixed.getUint32(0) !== 0x4f676753) throw new Error('the encoder wrote something that is not Ogg')
      const segments = fixed.getUint8(26)
      const header = this.#bytes.peek(PAGE_HEADER + segments)
      if (!header) return packets
      const lacing = Array.from({ length: segments }, (_, index) => header.getUint8(PAGE_HEADER + index))
      const body = lacing.reduce((sum, length) => sum + length, 0)
      if (this.#bytes.length < PAGE_HEADER + segments + body) return packets
      this.#bytes.take(PAGE_HEADER + segments)
      for (const length of lacing) {
        if (length) this.#parts.push(this.#bytes.take(length))
        // A segment of the full length goes on in the next one (RFC 3533, 5).
        if (length === 255) continue
        packets.push(Buffer.concat(this.#parts))
        this.#parts = []
      }
    }
  }
}
