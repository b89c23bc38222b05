/** What a sequence parameter set of H.264 (7.3.2.1) says of its pictures. */
export interface Sps {
  /** 66: baseline, 77: main, 100: high. */
  profile: number
  width: number
  height: number
}

/** Profiles whose parameter sets say more of chroma and scaling. */
const HIGH_PROFILES = new Set([100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135])

class Bits {
  private at = 0
  constructor(private readonly bytes: Uint8Array) {}

  bit(): number {
    const value = ((this.bytes[this.at >> 3] ?? 0) >> (7 - (this.at & 7))) & 1
    this.at++
    return value
  }

  bits(count: number): number {
    let value = 0
    for (let index = 0; index < count; index++) value = value * 2 + this.bit()
    return value
  }

  /** An unsigned number in Exp-Golomb code. */
  ue(): number {
    let zeros = 0
    while (zeros < 32 && this.at < this.bytes.length * 8 && this.bit() === 0) zeros++
    return 2 ** zeros - 1 + this.bits(zeros)
  }
}

/** Without the bytes that keep start codes from appearing (00 00 03). */
function unescape(unit: Uint8Array): Uint8Array {
  const bytes: number[] = []
  for (const [at, byte] of unit.entries())
    if (!(byte === 3 && unit[at - 1] === 0 && unit[at - 2] === 0)) bytes.push(byte)
  return Uint8Array.from(bytes)
}

/**
 * @param unit the NAL unit with its header
 * @returns without a size when the profile is one of those that nothing here decodes
 */
export function readSps(unit: Uint8Array): Sps {
  const profile = unit[1] ?? 0
  if (HIGH_PROFILES.has(profile)) return { profile, width: 0, height: 0 }
  const bits = new Bits(unescape(unit.subarray(4)))
  // seq_parameter_set_id, log2_max_frame_num_minus4
  bits.ue()
  bits.ue()
  const orderType = bits.ue()
  if (orderType === 0) bits.ue()
  else if (orderType === 1) {
    bits.bit()
    // Signed numbers, but as long as unsigned ones.
    bits.ue()
    bits.ue()
    for (let count = Math.min(bits.ue(), 255); count > 0; count--) bits.ue()
  }
  // max_num_ref_frames, gaps_in_frame_num_value_allowed_flag
  bits.ue()
  bits.bit()
  const columns = bits.ue() + 1
  const rows = bits.ue() + 1
  const onlyFrames = bits.bit()
  if (!onlyFrames) bits.bit()
  bits.bit()
  const [left, right, top, bottom] = bits.bit() ? [bits.ue(), bits.ue(), bits.ue(), bits.ue()] : [0, 0, 0, 0]
  const step = 2 * (2 - onlyFrames)
  return {
    profile,
    width: columns * 16 - 2 * (left + right),
    height: rows * 16 * (2 - onlyFrames) - step * (top + bottom),
  }
}
