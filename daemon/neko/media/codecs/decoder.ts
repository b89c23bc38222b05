import type { Size } from '../../geometry'
import type { EncodedFrame, VideoCodec } from '../depacketize/frame'

/** Samples of one kind: rows of `stride` bytes, of which the first ones count. */
export interface Plane {
  bytes: Uint8Array
  stride: number
}

/** A decoded picture: brightness for each pixel, colour for each four (4:2:0), BT.601 in limited range. */
export interface I420 extends Size {
  y: Plane
  u: Plane
  v: Plane
}

export interface Decoder {
  /**
   * Decodes the frame that follows the one before; the first has to be a keyframe.
   *
   * @returns what is valid until the next call; undefined when the frame shows nothing
   * @throws NekodeError unimplemented for a stream that this decoder cannot ever decode, internal for a damaged frame
   */
  decode(frame: EncodedFrame): I420 | undefined
  close(): void
}

/** Each decoder is loaded with the first stream that needs it. */
export async function createDecoder(codec: VideoCodec): Promise<Decoder> {
  switch (codec) {
    case 'vp8':
      return (await import('./vp8')).createVp8()
    case 'vp9':
      return (await import('./vp9')).createVp9()
    case 'av1':
      return (await import('./av1')).createAv1()
    case 'h264':
      return (await import('./h264')).createH264()
  }
}
