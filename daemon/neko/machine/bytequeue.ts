/** Bytes that come in parts and are wanted in others. */
export class ByteQueue {
  #chunks: Uint8Array[] = []
  #length = 0

  get length(): number {
    return this.#length
  }

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return
    this.#chunks.push(chunk)
    this.#length += chunk.length
  }

  /** The next `count` bytes, which stay; undefined when there are fewer. */
  peek(count: number): DataView | undefined {
    if (this.#length < count) return undefined
    const bytes = this.#joined(count)
    return new DataView(bytes.buffer, bytes.byteOffset, count)
  }

  /** Removes the next `count` bytes, of which there have to be so many. @returns a copy, so that it keeps nothing else alive */
  take(count: number): Uint8Array {
    const bytes = this.#joined(count)
    this.#chunks[0] = bytes.subarray(count)
    if (bytes.length === count) this.#chunks.shift()
    this.#length -= count
    return bytes.slice(0, count)
  }

  /** The first chunk, made to have at least `count` bytes. */
  #joined(count: number): Uint8Array {
    const first = this.#chunks[0] ?? new Uint8Array()
    if (first.length >= count) return first
    const all = Buffer.concat(this.#chunks)
    this.#chunks = [all]
    return all
  }
}
