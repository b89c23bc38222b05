import { NekodeError } from '@shared/errors'

/*
 * Messages in the bytes of an exchange, which has no ends of messages of its own: four bytes of length, one that says what it is, and the
 * message.
 */

export type Packet = { kind: 'text'; text: string } | { kind: 'binary'; bytes: Uint8Array<ArrayBuffer> }

const HEAD = 5
const TEXT = 0
const BINARY = 1

export function packet(content: string | Uint8Array): Uint8Array<ArrayBuffer> {
  const body = typeof content === 'string' ? new TextEncoder().encode(content) : content
  const bytes = new Uint8Array(HEAD + body.length)
  new DataView(bytes.buffer).setUint32(0, body.length)
  bytes[4] = typeof content === 'string' ? TEXT : BINARY
  bytes.set(body, HEAD)
  return bytes
}

/** The messages of one side of an exchange, each when it is complete; ends with it. @throws the reason when it was cut off */
export async function* packets(
  from: { read(): Promise<Uint8Array | undefined> },
  limits: { textBytes: number; binaryBytes: number },
): AsyncGenerator<Packet> {
  let held: Uint8Array[] = []
  let size = 0
  const take = (): Uint8Array => {
    const whole = held.length === 1 && held[0] ? held[0] : Buffer.concat(held)
    held = [whole]
    return whole
  }
  for (;;) {
    // What has come so far is looked at as a whole only when a message can be complete: pictures come in many pieces.
    const needed = size < HEAD ? HEAD : HEAD + lengthOf(take(), limits)
    if (size < needed) {
      for (; size < needed;) {
        const chunk = await from.read()
        if (!chunk) return
        held.push(chunk)
        size += chunk.length
      }
      continue
    }
    const bytes = take()
    const body = bytes.slice(HEAD, needed)
    held = size === needed ? [] : [bytes.subarray(needed)]
    size -= needed
    yield bytes[4] === TEXT ? { kind: 'text', text: decode(body) } : { kind: 'binary', bytes: body }
  }
}

function lengthOf(bytes: Uint8Array, { textBytes, binaryBytes }: { textBytes: number; binaryBytes: number }): number {
  const length = new DataView(bytes.buffer, bytes.byteOffset, HEAD).getUint32(0)
  const kind = bytes[4]
  if ((kind !== TEXT && kind !== BINARY) || length > (kind === TEXT ? textBytes : binaryBytes))
    throw new NekodeError('invalid', 'A message is too large, or of an unknown kind.', { code: 'invalid_request' })
  return length
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new NekodeError('invalid', 'A message is not valid UTF-8.', { code: 'invalid_request', cause })
  }
}
