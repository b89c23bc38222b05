import type { EncodedVideo } from '../machine/machine'

/** Bytes of an RTP payload: with the headers of RTP, SRTP and UDP it fits into the 1200 bytes that every path carries. */
const PAYLOAD = 1150
/** Of the descriptor below. */
const DESCRIPTOR = 4

/**
 * VP8 as RTP payloads (RFC 7741), with a picture id of 15 bits. A frame is cut once, however many viewers there are: they share the
 * payloads, as each has its own sequence numbers and keys.
 */
export class Packetizer {
  private picture = Math.floor(Math.random() * 0x8000)
  private readonly known = new WeakMap<EncodedVideo, Buffer[]>()

  payloads(frame: EncodedVideo): Buffer[] {
    const known = this.known.get(frame)
    if (known) return known
    const cut = cutVp8(frame.data, this.picture)
    this.picture = (this.picture + 1) & 0x7fff
    this.known.set(frame, cut)
    return cut
  }
}

/** Payloads of about equal length. */
export function cutVp8(data: Uint8Array, picture: number): Buffer[] {
  const count = Math.max(1, Math.ceil(data.length / (PAYLOAD - DESCRIPTOR)))
  const length = Math.ceil(data.length / count)
  return Array.from({ length: count }, (_, index) => {
    const part = data.subarray(index * length, (index + 1) * length)
    const payload = Buffer.allocUnsafe(DESCRIPTOR + part.length)
    // X: an extension follows; S: the beginning of partition 0.
    payload[0] = 0x80 | (index === 0 ? 0x10 : 0)
    // I: of which the picture id is all, and M: that has 15 bits.
    payload[1] = 0x80
    payload.writeUInt16BE(0x8000 | picture, 2)
    payload.set(part, DESCRIPTOR)
    return payload
  })
}
