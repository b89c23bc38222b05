export const VIDEO_CODECS = ['vp8', 'vp9', 'h264', 'av1'] as const
export type VideoCodec = (typeof VIDEO_CODECS)[number]

/** One compressed picture. H.264 with start codes, AV1 as OBUs with their sizes. */
export interface EncodedFrame {
  data: Uint8Array
  /** Can be decoded without those before it. */
  key: boolean
  /** Of RTP, 90 kHz. */
  timestamp: number
  /** When the last of it arrived, in Unix milliseconds. */
  at: number
}

/** What one packet has of a frame. */
export interface Part {
  /** Whether a frame may begin with it. */
  start: boolean
  bytes: Uint8Array
}

/** How a codec's frames lie in RTP packets. */
export interface Format {
  /** undefined: nothing of a frame is in it. */
  part(payload: Uint8Array): Part | undefined
  frame(parts: Uint8Array[]): { data: Uint8Array; key: boolean }
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const all = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}
