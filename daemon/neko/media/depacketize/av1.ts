import { concat, type Format } from './frame'

const SEQUENCE_HEADER = 1
const TEMPORAL_DELIMITER = 2
const PADDING = 15

/** The RTP payload format for AV1 (AOMedia). Frames are temporal units in the low-overhead format: each OBU with its size. */
export const av1: Format = {
  // Z: the first element goes on from the packet before
  part: (payload) => (payload.length ? { start: ((payload[0] ?? 0) & 0x80) === 0, bytes: payload } : undefined),
  frame(payloads) {
    const parts: Uint8Array[] = [Uint8Array.of((TEMPORAL_DELIMITER << 3) | 2, 0)]
    let key = false
    for (const obu of obus(payloads)) {
      const header = obu[0] ?? 0
      const type = (header >> 3) & 15
      if (type === SEQUENCE_HEADER) key = true
      if (type === TEMPORAL_DELIMITER || type === PADDING) continue
      if (header & 2) {
        parts.push(obu)
        continue
      }
      const hasExtension = (header & 4) !== 0
      const body = obu.subarray(hasExtension ? 2 : 1)
      parts.push(
        hasExtension ? Uint8Array.of(header | 2, obu[1] ?? 0) : Uint8Array.of(header | 2),
        leb128(body.length),
        body,
      )
    }
    return { data: concat(parts), key }
  },
}

function obus(payloads: Uint8Array[]): Uint8Array[] {
  const whole: Uint8Array[] = []
  let open: Uint8Array[] | undefined
  for (const payload of payloads) {
    const header = payload[0] ?? 0
    const parts = elements(payload, (header >> 4) & 3)
    for (const [index, part] of parts.entries()) {
      if (index === 0 && header & 0x80) open?.push(part)
      else open = [part]
      // Y: the last element goes on in the next packet
      if (index === parts.length - 1 && header & 0x40) continue
      if (open) whole.push(concat(open))
      open = undefined
    }
  }
  return whole
}

/** @param count of the elements; the last has no length then. 0: each has one */
function elements(payload: Uint8Array, count: number): Uint8Array[] {
  const found: Uint8Array[] = []
  for (let at = 1; at < payload.length;) {
    let length = payload.length - at
    if (count === 0 || found.length < count - 1) [length, at] = readLeb128(payload, at)
    found.push(payload.subarray(at, at + length))
    at += length
  }
  return found
}

function leb128(value: number): Uint8Array {
  const bytes: number[] = []
  let rest = value
  do {
    const low = rest & 0x7f
    rest >>>= 7
    bytes.push(rest ? low | 0x80 : low)
  } while (rest)
  return Uint8Array.from(bytes)
}

function readLeb128(bytes: Uint8Array, from: number): [value: number, next: number] {
  let value = 0
  let at = from
  for (let index = 0; index < 5; index++) {
    const byte = bytes[at++] ?? 0
    value |= (byte & 0x7f) << (7 * index)
    if (!(byte & 0x80)) break
  }
  return [value >>> 0, at]
}
