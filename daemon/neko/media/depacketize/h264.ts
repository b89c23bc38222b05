import { concat, type Format, type Part } from './frame'

const START_CODE = Uint8Array.of(0, 0, 0, 1)
const NOTHING = new Uint8Array(0)
const STAP_A = 24
const FU_A = 28
const IDR = 5

/** RFC 6184, packetization modes 0 and 1. Frames are NAL units with start codes (Annex B). */
export const h264: Format = {
  part(payload): Part | undefined {
    const first = payload[0]
    if (first === undefined) return undefined
    const type = first & 0x1f
    if (type === STAP_A) return { start: true, bytes: aggregated(payload) }
    if (type === FU_A) {
      const fragment = payload[1] ?? 0
      if (!(fragment & 0x80)) return { start: false, bytes: payload.subarray(2) }
      const header = Uint8Array.of((first & 0xe0) | (fragment & 0x1f))
      return { start: true, bytes: concat([START_CODE, header, payload.subarray(2)]) }
    }
    if (type >= 1 && type < STAP_A) return { start: true, bytes: concat([START_CODE, payload]) }
    return { start: false, bytes: NOTHING }
  },
  frame(parts) {
    const data = concat(parts)
    return { data, key: nalUnits(data).some((unit) => ((unit[0] ?? 0) & 0x1f) === IDR) }
  },
}

function aggregated(payload: Uint8Array): Uint8Array {
  const units: Uint8Array[] = []
  for (let at = 1; at + 2 <= payload.length;) {
    const length = ((payload[at] ?? 0) << 8) | (payload[at + 1] ?? 0)
    units.push(START_CODE, payload.subarray(at + 2, at + 2 + length))
    at += 2 + length
  }
  return concat(units)
}

/** The NAL units of Annex B bytes, without start codes. */
export function nalUnits(bytes: Uint8Array): Uint8Array[] {
  const starts: number[] = []
  for (let at = 0; at + 2 < bytes.length; at++) {
    if (bytes[at] === 0 && bytes[at + 1] === 0 && bytes[at + 2] === 1) {
      starts.push(at)
      at += 2
    }
  }
  return starts.map((start, index) => {
    const next = starts[index + 1]
    let end = next ?? bytes.length
    // A start code may have four bytes.
    if (next !== undefined && bytes[end - 1] === 0) end--
    return bytes.subarray(start + 3, end)
  })
}
