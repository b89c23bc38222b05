/** The units of an H.264 frame with start codes. */
export function unitsOf(frame: Uint8Array): Uint8Array[] {
  const units: Uint8Array[] = []
  let start = -1
  for (let at = 0; at + 2 < frame.length; at++) {
    if (frame[at] !== 0 || frame[at + 1] !== 0 || frame[at + 2] !== 1) continue
    if (start >= 0) units.push(trimmed(frame.subarray(start, at)))
    start = at + 3
    at += 2
  }
  if (start >= 0) units.push(trimmed(frame.subarray(start)))
  return units.filter((unit) => unit.length > 0)
}

/** The zeros before a start code of four bytes belong to that. */
function trimmed(unit: Uint8Array): Uint8Array {
  let end = unit.length
  while (end > 0 && unit[end - 1] === 0) end--
  return unit.subarray(0, end)
}

const typeOf = (unit: Uint8Array): number => (unit[0] ?? 0) & 0x1f

/** What a decoder needs beforehand (`avcC`, ISO/IEC 14496-15); undefined when the frame does not bring it. */
export function avcConfig(frame: Uint8Array): Uint8Array | undefined {
  const units = unitsOf(frame)
  const sps = units.find((unit) => typeOf(unit) === 7)
  const pps = units.find((unit) => typeOf(unit) === 8)
  if (!sps || !pps || sps.length < 4) return undefined
  const [, profile = 0, compatible = 0, level = 0] = sps
  return Buffer.concat([
    Uint8Array.of(1, profile, compatible, level, 0xff, 0xe1, sps.length >> 8, sps.length & 0xff),
    sps,
    Uint8Array.of(1, pps.length >> 8, pps.length & 0xff),
    pps,
  ])
}

/** The frame with the length of each unit before it, as files have it. */
export function withLengths(frame: Uint8Array): Uint8Array {
  const parts = unitsOf(frame).flatMap((unit) => {
    const length = new Uint8Array(4)
    new DataView(length.buffer).setUint32(0, unit.length)
    return [length, unit]
  })
  return Buffer.concat(parts)
}
