import { NekodeError } from '@shared/errors'

/** RFC 6455, 5.2. */
export const Opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const

export type Message =
  | { type: 'text' | 'binary'; data: Uint8Array }
  | { type: 'ping' | 'pong'; data: Uint8Array }
  | { type: 'close'; code: number; reason: string }

const bad = (message: string): NekodeError =>
  new NekodeError('unavailable', `The application breaks the WebSocket protocol: ${message}.`, {
    code: 'upstream_failed',
  })

/** Puts together the messages of a WebSocket's server from the bytes of its connection. Extensions are never agreed on. */
export class Decoder {
  #bytes: Uint8Array[] = []
  #size = 0
  #parts: Uint8Array[] = []
  #partsSize = 0
  #type: 'text' | 'binary' | undefined

  /** @param limit of one message, in bytes */
  constructor(private readonly limit: number) {}

  /** The messages that are complete with these bytes. @throws NekodeError for what is no WebSocket, or too large */
  push(bytes: Uint8Array): Message[] {
    this.#bytes.push(bytes)
    this.#size += bytes.length
    const messages: Message[] = []
    for (let frame = this.#frame(); frame; frame = this.#frame()) {
      const message = this.#take(frame)
      if (message) messages.push(message)
    }
    return messages
  }

  #frame(): { final: boolean; opcode: number; data: Uint8Array } | undefined {
    const head = this.#peek(Math.min(this.#size, 10))
    const [first = 0, second = 0] = head
    if (head.length < 2) return undefined
    if (first & 0x70) throw bad('it uses an extension that was not agreed on')
    if (second & 0x80) throw bad('a server must not mask')
    const short = second & 0x7f
    const headSize = short < 126 ? 2 : short === 126 ? 4 : 10
    if (head.length < headSize) return undefined
    const view = new DataView(head.buffer, head.byteOffset, head.length)
    const size = short < 126 ? short : short === 126 ? view.getUint16(2) : Number(view.getBigUint64(2))
    if (size + this.#partsSize > this.limit) throw bad(`a message has more than ${this.limit} bytes`)
    if (this.#size < headSize + size) return undefined
    const whole = this.#shift(headSize + size)
    return { final: (first & 0x80) !== 0, opcode: first & 0x0f, data: whole.subarray(headSize) }
  }

  #take({ final, opcode, data }: { final: boolean; opcode: number; data: Uint8Array }): Message | undefined {
    if (opcode >= Opcode.close) {
      if (!final || data.length > 125) throw bad('a control frame is in pieces, or too long')
      if (opcode === Opcode.ping) return { type: 'ping', data }
      if (opcode === Opcode.pong) return { type: 'pong', data }
      if (opcode !== Opcode.close) throw bad('a frame is of an unknown kind')
      const code = data.length < 2 ? 1005 : new DataView(data.buffer, data.byteOffset).getUint16(0)
      return { type: 'close', code, reason: new TextDecoder().decode(data.subarray(2)) }
    }
    if (opcode === Opcode.continuation ? !this.#type : this.#type || opcode > Opcode.binary)
      throw bad('its frames are out of order')
    this.#type ??= opcode === Opcode.text ? 'text' : 'binary'
    this.#parts.push(data)
    this.#partsSize += data.length
    if (!final) return undefined
    const message = { type: this.#type, data: joined(this.#parts, this.#partsSize) }
    this.#type = undefined
    this.#parts = []
    this.#partsSize = 0
    return message
  }

  #peek(size: number): Uint8Array {
    const [first] = this.#bytes
    if (first && first.length >= size) return first.subarray(0, size)
    this.#bytes = [joined(this.#bytes, this.#size)]
    return this.#bytes[0]?.subarray(0, size) ?? new Uint8Array()
  }

  #shift(size: number): Uint8Array {
    if ((this.#bytes[0]?.length ?? 0) < size) this.#bytes = [joined(this.#bytes, this.#size)]
    const first = this.#bytes[0] ?? new Uint8Array()
    const rest = first.subarray(size)
    if (rest.length) this.#bytes[0] = rest
    else this.#bytes.shift()
    this.#size -= size
    return first.subarray(0, size)
  }
}

const joined = (parts: Uint8Array[], size: number): Uint8Array => {
  if (parts.length === 1 && parts[0]) return parts[0]
  const whole = new Uint8Array(size)
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/** One whole frame as a WebSocket's client sends it: masked (RFC 6455, 5.3). */
export function encode(opcode: number, data: Uint8Array): Uint8Array {
  const extended = data.length < 126 ? 0 : data.length < 65_536 ? 2 : 8
  const frame = new Uint8Array(2 + extended + 4 + data.length)
  const view = new DataView(frame.buffer)
  frame[0] = 0x80 | opcode
  frame[1] = 0x80 | (extended === 0 ? data.length : extended === 2 ? 126 : 127)
  if (extended === 2) view.setUint16(2, data.length)
  if (extended === 8) view.setBigUint64(2, BigInt(data.length))
  const mask = crypto.getRandomValues(new Uint8Array(4))
  const start = 2 + extended + 4
  frame.set(mask, start - 4)
  for (let i = 0; i < data.length; i++) frame[start + i] = (data[i] ?? 0) ^ (mask[i & 3] ?? 0)
  return frame
}

export function encodeClose(code: number, reason: string): Uint8Array {
  // 1005 and 1006 say that there was no code; they are never sent.
  if (code < 1000 || code === 1005 || code === 1006 || code === 1015) return encode(Opcode.close, new Uint8Array())
  const text = new TextEncoder().encode(reason).subarray(0, 120)
  const data = new Uint8Array(2 + text.length)
  new DataView(data.buffer).setUint16(0, code)
  data.set(text, 2)
  return encode(Opcode.close, data)
}

/** What a server answers to a handshake's key (RFC 6455, 4.2.2). */
export const acceptOf = (key: string): string =>
  new Bun.CryptoHasher('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
