import { NekodeError } from '@shared/errors'
import { H264Decoder } from 'h264decoder'
import type { EncodedFrame } from '../depacketize/frame'
import { nalUnits } from '../depacketize/h264'
import type { Decoder, I420 } from './decoder'
import { readSps } from './sps'

const BASELINE = 66
const PROFILES: Record<number, string> = { 77: 'Main', 88: 'Extended', 100: 'High', 110: 'High 10', 122: 'High 4:2:2' }
/** What h264decoder 1.0.0 has room for. It does not look whether a unit fits. */
const MAX_UNIT = 1 << 20

/** Types of NAL units. */
const LAST_SLICE = 5
const ENHANCEMENT = 6
const SEQUENCE = 7
const DELIMITER = 9
/** What the decoder says of a unit: it completed a picture. 3 (its package calls that an error) is said of each unit that does not. */
const PICTURE = 1
/** Parameters that it does not know, and worse. */
const FAILED = 4

class BaselineDecoder implements Decoder {
  private readonly decoder = new H264Decoder()
  private size = { width: 0, height: 0 }

  decode({ data }: EncodedFrame): I420 | undefined {
    let hasPicture = false
    let hasSlice = false
    for (const unit of nalUnits(data)) {
      const type = (unit[0] ?? 0) & 0x1f
      if (type === ENHANCEMENT || type === DELIMITER) continue
      if (type === SEQUENCE) this.prepare(unit)
      hasSlice ||= type <= LAST_SLICE
      if (unit.length > MAX_UNIT) throw damaged(`is larger than ${MAX_UNIT} bytes`)
      const result = this.decoder.decode(unit)
      if (result >= FAILED) throw damaged('is damaged')
      hasPicture ||= result === PICTURE
    }
    if (hasPicture) return this.picture()
    if (hasSlice) throw damaged('is not all there')
    return undefined
  }

  private prepare(unit: Uint8Array): void {
    const { profile, width, height } = readSps(unit)
    if (profile !== BASELINE) throw unsupportedProfile(profile)
    this.size = { width, height }
  }

  /** The decoder gives whole macroblocks; the parameters say how much of them is the picture. */
  private picture(): I420 {
    const { width: stride, height: rows, pic } = this.decoder
    const luma = stride * rows
    return {
      width: Math.min(this.size.width, stride),
      height: Math.min(this.size.height, rows),
      y: { bytes: pic.subarray(0, luma), stride },
      u: { bytes: pic.subarray(luma, luma * 1.25), stride: stride / 2 },
      v: { bytes: pic.subarray(luma * 1.25), stride: stride / 2 },
    }
  }

  /** Its memory goes with it. */
  close(): void {}
}

const damaged = (what: string): NekodeError =>
  new NekodeError('internal', `a frame of the H.264 stream ${what}`, { code: 'frame_damaged' })

/** Also for the person who sees it: what can be done on the server, or here. */
export const unsupportedProfile = (profile: number): NekodeError =>
  new NekodeError(
    'unimplemented',
    `The room sends H.264 of profile ${PROFILES[profile] ?? profile}, and only Constrained Baseline can be decoded here.`,
    {
      code: 'h264_profile',
      next: 'Let the Neko server send VP8 (its default), or put "video/x-h264,profile=constrained-baseline" behind x264enc in its pipeline. Until then pictures come as screenshots, when the session is an admin or the server has NEKO_CAPTURE_SCREENCAST_ENABLED=true.',
    },
  )

export const createH264 = async (): Promise<Decoder> => new BaselineDecoder()
