import { concat, type Format, type Part } from './frame'

/** RFC 9628. */
export const vp9: Format = {
  part(payload): Part | undefined {
    const first = payload[0]
    if (first === undefined) return undefined
    const isFlexible = (first & 0x10) !== 0
    let at = 1
    // I: the picture id, one byte or two
    if (first & 0x80) at += (payload[at] ?? 0) & 0x80 ? 2 : 1
    // L: the layer's indices, with TL0PICIDX unless flexible
    if (first & 0x20) at += isFlexible ? 1 : 2
    // P in flexible mode: reference indices, each with N: another follows
    if (isFlexible && first & 0x40) while (((payload[at++] ?? 0) & 1) !== 0);
    // V
    if (first & 0x02) at = afterScalability(payload, at)
    return { start: (first & 0x08) !== 0, bytes: payload.subarray(at) }
  },
  frame(parts) {
    const data = concat(parts)
    return { data, key: isKey(data[0] ?? 0) }
  },
}

/** The scalability structure: sizes of the layers, and the group of pictures. */
function afterScalability(payload: Uint8Array, from: number): number {
  let at = from
  const structure = payload[at++] ?? 0
  if (structure & 0x10) at += ((structure >> 5) + 1) * 4
  if (structure & 0x08) {
    for (let pictures = payload[at++] ?? 0; pictures > 0; pictures--) at += 1 + (((payload[at] ?? 0) >> 2) & 3)
  }
  return at
}

/** The uncompressed header's first byte: marker 2, profile (0 to 2), then whether it shows a picture that is there, and whether it is no key. */
const isKey = (first: number): boolean => first >> 6 === 2 && (first & 0x0c) === 0
