/** What is held in memory says how much of it it takes. */
export interface Sized {
  /** Bytes. */
  readonly size: number
}

/** Values in memory, bounded by bytes; the one that was not asked for the longest goes first. */
export class Front<T extends Sized> {
  readonly #values = new Map<string, T>()
  readonly #maxBytes: number
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get bytes(): number {
    return this.#bytes
  }

  get count(): number {
    return this.#values.size
  }

  get(key: string): T | undefined {
    const value = this.#values.get(key)
    if (value === undefined) return undefined
    // A map keeps the order in which keys were put in: the first is the oldest.
    this.#values.delete(key)
    this.#values.set(key, value)
    return value
  }

  /** Keeps a value, unless it would take the place of nearly everything else. */
  set(key: string, value: T): void {
    this.delete(key)
    if (value.size > this.#maxBytes / 4) return
    this.#values.set(key, value)
    this.#bytes += value.size
    for (const oldest of this.#values.keys()) {
      if (this.#bytes <= this.#maxBytes) return
      this.delete(oldest)
    }
  }

  delete(key: string): void {
    const value = this.#values.get(key)
    if (value === undefined) return
    this.#values.delete(key)
    this.#bytes -= value.size
  }

  clear(): void {
    this.#values.clear()
    this.#bytes = 0
  }
}
