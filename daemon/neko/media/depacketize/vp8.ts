import { concat, type Format, type Part } from './frame'

/**
 * RFC 7741. Our own, because werift 0.25.2's Vp8RtpPayload takes the byte of TID and KEYIDX to be there with L or K, where it is there
 * with T or K: streams that have one of them without the other come out damaged.
 */
export const vp8: Format = {
  part(payload): Part | undefined {
    const first = payload[0]
    if (first === undefined) return undefined
    let at = 1
    if (first & 0x80) {
      const extension = payload[at++] ?? 0
      // I: the picture id, one byte or two
      if (extension & 0x80) at += (payload[at] ?? 0) & 0x80 ? 2 : 1
      // L
      if (extension & 0x40) at += 1
      // T or K
      if (extension & 0x30) at += 1
    }
    // S with partition 0: the beginning of a frame
    return { start: (first & 0x10) !== 0 && (first & 0x07) === 0, bytes: payload.subarray(at) }
  },
  frame(parts) {
    const data = concat(parts)
    return { data, key: ((data[0] ?? 1) & 1) === 0 }
  },
}
