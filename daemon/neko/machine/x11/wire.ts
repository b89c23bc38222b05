/** Writes one request of the X protocol, little-endian: opcode, a byte, the length in units of 4 bytes, fields. */
export class Request {
  #bytes = new Uint8Array(64)
  #view = new DataView(this.#bytes.buffer)
  #length = 4

  /** @param data the second byte: of a core request a small field, of an extension the minor opcode */
  constructor(opcode: number, data = 0) {
    this.#bytes[0] = opcode
    this.#bytes[1] = data
  }

  u8(...values: number[]): this {
    for (const value of values) this.#view.setUint8(this.#grow(1), value)
    return this
  }

  u16(...values: number[]): this {
    for (const value of values) this.#view.setUint16(this.#grow(2), value, true)
    return this
  }

  /** Signed values too. */
  u32(...values: number[]): this {
    for (const value of values) this.#view.setUint32(this.#grow(4), value, true)
    return this
  }

  bytes(values: Uint8Array): this {
    const at = this.#grow(values.length)
    this.#bytes.set(values, at)
    return this
  }

  /** Bytes of zero. */
  skip(count: number): this {
    this.#grow(count)
    return this
  }

  end(): Uint8Array {
    this.#grow(-this.#length & 3)
    this.#view.setUint16(2, this.#length / 4, true)
    return this.#bytes.subarray(0, this.#length)
  }

  #grow(count: number): number {
    const at = this.#length
    this.#length += count
    if (this.#length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(this.#length, this.#bytes.length * 2))
      larger.set(this.#bytes)
      this.#bytes = larger
      this.#view = new DataView(larger.buffer)
    }
    return at
  }
}

/** Reads a reply, error or event from its beginning. */
export class Message {
  readonly #view: DataView
  at = 0

  constructor(readonly bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** The second byte. */
  get detail(): number {
    return this.#view.getUint8(1)
  }

  get sequence(): number {
    return this.#view.getUint16(2, true)
  }

  from(at: number): this {
    this.at = at
    return this
  }

  u8(): number {
    return this.#view.getUint8(this.#step(1))
  }

  u16(): number {
    return this.#view.getUint16(this.#step(2), true)
  }

  i16(): number {
    return this.#view.getInt16(this.#step(2), true)
  }

  u32(): number {
    return this.#view.getUint32(this.#step(4), true)
  }

  u32s(count: number): number[] {
    return Array.from({ length: count }, () => this.u32())
  }

  take(count: number): Uint8Array {
    const at = this.#step(count)
    return this.bytes.subarray(at, at + count)
  }

  skip(count: number): this {
    this.#step(count)
    return this
  }

  #step(count: number): number {
    const at = this.at
    this.at += count
    return at
  }
}

const encoder = new TextEncoder()
export const utf8 = (text: string): Uint8Array => encoder.encode(text)
