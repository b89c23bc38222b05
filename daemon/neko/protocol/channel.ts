/**
 * Messages of the data channel, both ways: one byte that says what it is, two of length, then the fields, big-endian. A client counts the fields as the
 * length, a server all of the message; nobody goes by it but for the old form of a scroll.
 */

type Bytes = Uint8Array<ArrayBuffer>

/** What a client sends. A host steers with it; from anybody else `move` is a cursor that others may see. */
export type ClientMessage =
  | { kind: 'move'; x: number; y: number }
  /** Notches: up and left are positive. */
  | { kind: 'scroll'; dx: number; dy: number; control: boolean }
  | { kind: 'keydown' | 'keyup'; keysym: number }
  | { kind: 'buttondown' | 'buttonup'; code: number }
  /** `sentAt`: epoch milliseconds. */
  | { kind: 'ping'; sentAt: number }
  /** `pressure`: 0 to 255. */
  | { kind: 'touchbegin' | 'touchupdate' | 'touchend'; id: number; x: number; y: number; pressure: number }

/** What a server sends. */
export type ServerMessage =
  /** Where the mouse is; the host is not told. */
  | { kind: 'cursor'; x: number; y: number }
  | { kind: 'image'; width: number; height: number; hotX: number; hotY: number; png: Bytes }
  | { kind: 'pong'; sentAt: number; serverAt: number }

const HEADER = 3
/** What both sides split a time in milliseconds by: not 2^32, but one less. */
const SPLIT = 2 ** 32 - 1

const CLIENT_CODES = {
  move: 0x01,
  scroll: 0x02,
  keydown: 0x03,
  keyup: 0x04,
  buttondown: 0x05,
  buttonup: 0x06,
  ping: 0x07,
  touchbegin: 0x08,
  touchupdate: 0x09,
  touchend: 0x0a,
} as const satisfies Record<ClientMessage['kind'], number>

const SERVER_CODES = { cursor: 0x01, image: 0x02, pong: 0x03 } as const satisfies Record<ServerMessage['kind'], number>

/** Numbers that do not fit become the nearest that do. */
export function encodeClientMessage(message: ClientMessage): Bytes {
  const { kind } = message
  switch (kind) {
    case 'move':
      return write(CLIENT_CODES[kind], 4, (at) => at.u16(message.x).u16(message.y)).counted(HEADER)
    case 'scroll':
      return write(CLIENT_CODES[kind], 5, (at) =>
        at
          .i16(message.dx)
          .i16(message.dy)
          .u8(message.control ? 1 : 0),
      ).counted(HEADER)
    case 'keydown':
    case 'keyup':
      return write(CLIENT_CODES[kind], 4, (at) => at.u32(message.keysym)).counted(HEADER)
    case 'buttondown':
    case 'buttonup':
      return write(CLIENT_CODES[kind], 4, (at) => at.u32(message.code)).counted(HEADER)
    case 'ping':
      return write(CLIENT_CODES[kind], 8, (at) => at.time(message.sentAt)).counted(HEADER)
    default:
      return write(CLIENT_CODES[kind], 13, (at) =>
        at.u32(message.id).i32(message.x).i32(message.y).u8(message.pressure),
      ).counted(HEADER)
  }
}

/** undefined: it is none, or is cut off. */
export function decodeClientMessage(bytes: Uint8Array): ClientMessage | undefined {
  if (bytes.length < HEADER) return undefined
  const at = new Reader(bytes)
  const fits = (length: number): boolean => bytes.length >= HEADER + length
  switch (bytes[0]) {
    case CLIENT_CODES.move:
      return fits(4) ? { kind: 'move', x: at.u16(), y: at.u16() } : undefined
    case CLIENT_CODES.scroll:
      // Old clients do not say whether Control is held.
      return fits(at.length === 4 ? 4 : 5)
        ? { kind: 'scroll', dx: at.i16(), dy: at.i16(), control: at.length !== 4 && at.u8() !== 0 }
        : undefined
    case CLIENT_CODES.keydown:
      return fits(4) ? { kind: 'keydown', keysym: at.u32() } : undefined
    case CLIENT_CODES.keyup:
      return fits(4) ? { kind: 'keyup', keysym: at.u32() } : undefined
    case CLIENT_CODES.buttondown:
      return fits(4) ? { kind: 'buttondown', code: at.u32() } : undefined
    case CLIENT_CODES.buttonup:
      return fits(4) ? { kind: 'buttonup', code: at.u32() } : undefined
    case CLIENT_CODES.ping:
      return fits(8) ? { kind: 'ping', sentAt: at.time() } : undefined
    case CLIENT_CODES.touchbegin:
      return fits(13) ? { kind: 'touchbegin', ...touch(at) } : undefined
    case CLIENT_CODES.touchupdate:
      return fits(13) ? { kind: 'touchupdate', ...touch(at) } : undefined
    case CLIENT_CODES.touchend:
      return fits(13) ? { kind: 'touchend', ...touch(at) } : undefined
    default:
      return undefined
  }
}

/** Numbers that do not fit become the nearest that do. */
export function encodeServerMessage(message: ServerMessage): Bytes {
  const { kind } = message
  switch (kind) {
    case 'cursor':
      return write(SERVER_CODES[kind], 4, (at) => at.u16(message.x).u16(message.y)).counted(0)
    case 'image':
      return write(SERVER_CODES[kind], 8 + message.png.length, (at) =>
        at.u16(message.width).u16(message.height).u16(message.hotX).u16(message.hotY).bytes(message.png),
      ).counted(0)
    default:
      return write(SERVER_CODES[kind], 16, (at) => at.time(message.sentAt).time(message.serverAt)).counted(0)
  }
}

/** undefined: it is none, or is cut off. */
export function decodeServerMessage(bytes: Uint8Array): ServerMessage | undefined {
  if (bytes.length < HEADER) return undefined
  const at = new Reader(bytes)
  const fits = (length: number): boolean => bytes.length >= HEADER + length
  switch (bytes[0]) {
    case SERVER_CODES.cursor:
      return fits(4) ? { kind: 'cursor', x: at.u16(), y: at.u16() } : undefined
    case SERVER_CODES.image:
      return fits(8)
        ? { kind: 'image', width: at.u16(), height: at.u16(), hotX: at.u16(), hotY: at.u16(), png: at.rest() }
        : undefined
    case SERVER_CODES.pong:
      return fits(16) ? { kind: 'pong', sentAt: at.time(), serverAt: at.time() } : undefined
    default:
      return undefined
  }
}

const touch = (at: Reader): { id: number; x: number; y: number; pressure: number } => ({
  id: at.u32(),
  x: at.i32(),
  y: at.i32(),
  pressure: at.u8(),
})

function write(code: number, length: number, fill: (at: Writer) => Writer): Writer {
  return fill(new Writer(code, length))
}

const within = (value: number, least: number, most: number): number =>
  Math.min(most, Math.max(least, Math.trunc(value) || 0))

class Writer {
  readonly #bytes: Bytes
  readonly #view: DataView
  #offset = HEADER

  constructor(code: number, length: number) {
    this.#bytes = new Uint8Array(HEADER + length)
    this.#view = new DataView(this.#bytes.buffer)
    this.#view.setUint8(0, code)
  }

  u8(value: number): this {
    this.#view.setUint8(this.#take(1), within(value, 0, 0xff))
    return this
  }

  u16(value: number): this {
    this.#view.setUint16(this.#take(2), within(value, 0, 0xffff))
    return this
  }

  i16(value: number): this {
    this.#view.setInt16(this.#take(2), within(value, -0x8000, 0x7fff))
    return this
  }

  u32(value: number): this {
    this.#view.setUint32(this.#take(4), within(value, 0, 0xffffffff))
    return this
  }

  i32(value: number): this {
    this.#view.setInt32(this.#take(4), within(value, -0x80000000, 0x7fffffff))
    return this
  }

  time(ms: number): this {
    return this.u32(Math.floor(ms / SPLIT)).u32(ms % SPLIT)
  }

  bytes(bytes: Uint8Array): this {
    this.#bytes.set(bytes, this.#take(bytes.length))
    return this
  }

  /** The message, whose length is counted from an offset. A picture longer than a u16 leaves what fits. */
  counted(from: number): Bytes {
    this.#view.setUint16(1, (this.#bytes.length - from) & 0xffff)
    return this.#bytes
  }

  #take(length: number): number {
    const at = this.#offset
    this.#offset += length
    return at
  }
}

class Reader {
  /** What the header says. */
  readonly length: number
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #offset = HEADER

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.length = this.#view.getUint16(1)
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1))
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2))
  }

  i16(): number {
    return this.#view.getInt16(this.#take(2))
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4))
  }

  i32(): number {
    return this.#view.getInt32(this.#take(4))
  }

  time(): number {
    return this.u32() * SPLIT + this.u32()
  }

  rest(): Bytes {
    return new Uint8Array(this.#bytes.subarray(this.#offset))
  }

  #take(length: number): number {
    const at = this.#offset
    this.#offset += length
    return at
  }
}
