import { NekodeError } from '@shared/errors'

/** Longest frame in bytes, its length not counted. */
export const MAX_FRAME = 16 * 1024 * 1024
const HEAD = 4

/** A value as a frame: its length as four bytes, the highest first, and JSON in UTF-8. @throws NekodeError too_large */
export function encodeFrame(value: unknown): Uint8Array {
  const body = new TextEncoder().encode(JSON.stringify(value))
  if (body.length > MAX_FRAME) throw tooLarge(body.length)
  const frame = new Uint8Array(HEAD + body.length)
  new DataView(frame.buffer).setUint32(0, body.length)
  frame.set(body, HEAD)
  return frame
}

/** Puts frames together from the pieces in which they arrive. After an error the stream cannot be read any further. */
export class FrameReader {
  #pieces: Uint8Array[] = []
  #held = 0

  /** Whether a frame has begun and not ended. */
  get isInside(): boolean {
    return this.#held > 0
  }

  /**
   * @returns the values of the frames that are whole now
   * @throws NekodeError too_large before anything of that frame is kept; invalid `frame_malformed`
   */
  *push(piece: Uint8Array): Generator<unknown> {
    if (piece.length > 0) this.#pieces.push(piece)
    this.#held += piece.length
    for (;;) {
      const length = this.#length()
      if (length === undefined || this.#held < HEAD + length) return
      this.#take(HEAD)
      yield decode(this.#take(length))
    }
  }

  /** Length of the frame that comes next, once that has arrived. */
  #length(): number | undefined {
    if (this.#held < HEAD) return undefined
    const head = this.#take(HEAD)
    this.#pieces.unshift(head)
    this.#held += HEAD
    const length = new DataView(head.buffer, head.byteOffset, HEAD).getUint32(0)
    if (length > MAX_FRAME) throw tooLarge(length)
    return length
  }

  #take(count: number): Uint8Array {
    const first = this.#pieces[0]
    this.#held -= count
    if (first && first.length >= count) {
      if (first.length === count) this.#pieces.shift()
      else this.#pieces[0] = first.subarray(count)
      return first.subarray(0, count)
    }
    const whole = new Uint8Array(count)
    for (let at = 0; at < count;) {
      const piece = this.#pieces.shift()
      if (!piece) break
      const part = piece.subarray(0, count - at)
      whole.set(part, at)
      at += part.length
      if (part.length < piece.length) this.#pieces.unshift(piece.subarray(part.length))
    }
    return whole
  }
}

function decode(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch (cause) {
    throw new NekodeError('invalid', 'A frame does not hold JSON in UTF-8.', { code: 'frame_malformed', cause })
  }
}

const tooLarge = (length: number): NekodeError =>
  new NekodeError('too_large', `A frame of ${length} bytes is too long; ${MAX_FRAME} is the most.`, {
    code: 'message_too_large',
  })
