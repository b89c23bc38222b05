/** Longest answer that is kept, in bytes; a longer one is passed on only. */
export const MAX_ANSWER = 8 * 1024 * 1024
/** How much of a longer one may wait for its slowest reader. */
const MAX_AHEAD = 1024 * 1024

/** What came first of an answer. */
export interface Head {
  status: number
  headers: Headers
}

export interface FlightOptions {
  /** Calls the endpoint. */
  call(signal: AbortSignal): Promise<Response>
  /** The answer has come to its end, as far as the connection is concerned. */
  onWhole(head: Head, body: Uint8Array<ArrayBuffer>): void
  /** It is over, however that came. */
  onOver(): void
}

/**
 * One call of an endpoint with all that wait for its answer. Each reads the whole of it, from the beginning, as it comes. When the last of
 * them is gone before its end, the call is canceled.
 */
export class Flight {
  readonly head: Promise<Head>
  readonly #abort = new AbortController()
  readonly #options: FlightOptions
  readonly #readers = new Set<Reader>()
  /** What has come; of a long answer only what some reader still has to read. */
  #pieces: Uint8Array<ArrayBuffer>[] = []
  /** Number of the first of them. */
  #first = 0
  #bytes = 0
  #waiting = 0
  #isTooLong = false
  #state: 'open' | 'whole' | { error: unknown } = 'open'
  #roomWanted: (() => void) | undefined

  constructor(options: FlightOptions) {
    this.#options = options
    const response = options.call(this.#abort.signal)
    this.head = response.then(({ status, headers }) => ({ status, headers }))
    // Everybody who waits is told; when nobody does any more there is nobody to tell.
    this.head.catch(() => undefined)
    void this.#run(response)
  }

  /** Whether one more can have the whole answer. */
  get isOpen(): boolean {
    return !this.#isTooLong && this.#state === 'open' && !this.#abort.signal.aborted
  }

  /** Takes a place. Who does not want to read any more must leave it. */
  join(): Reader {
    const reader: Reader = {
      at: 0,
      wake: undefined,
      leave: () => {
        if (!this.#readers.delete(reader)) return
        this.#release()
        reader.wake?.()
        if (this.#readers.size === 0 && this.#state === 'open') this.#abort.abort()
      },
      stream: () => this.#stream(reader),
    }
    this.#readers.add(reader)
    return reader
  }

  async #run(response: Promise<Response>): Promise<void> {
    try {
      const { status, headers, body } = await response
      for await (const piece of body ?? []) await this.#take(piece)
      this.#abort.signal.throwIfAborted()
      this.#state = 'whole'
      if (!this.#isTooLong) this.#options.onWhole({ status, headers }, Buffer.concat(this.#pieces))
    } catch (error) {
      this.#state = { error }
    }
    this.#wakeAll()
    this.#options.onOver()
  }

  async #take(piece: Uint8Array<ArrayBuffer>): Promise<void> {
    this.#pieces.push(piece)
    this.#bytes += piece.length
    this.#waiting += piece.length
    if (this.#bytes > MAX_ANSWER) this.#isTooLong = true
    this.#wakeAll()
    this.#release()
    while (this.#isTooLong && this.#waiting > MAX_ANSWER + MAX_AHEAD && this.#readers.size > 0)
      await new Promise<void>((resolve) => (this.#roomWanted = resolve))
  }

  /** Lets go of what everybody has read of an answer that is not kept. */
  #release(): void {
    if (!this.#isTooLong) return
    const least = Math.min(...[...this.#readers].map(({ at }) => at))
    while (this.#first < least) {
      const piece = this.#pieces.shift()
      if (!piece) break
      this.#first++
      this.#waiting -= piece.length
    }
    this.#roomWanted?.()
    this.#roomWanted = undefined
  }

  #wakeAll(): void {
    for (const { wake } of this.#readers) wake?.()
  }

  #stream(reader: Reader): ReadableStream<Uint8Array<ArrayBuffer>> {
    return new ReadableStream<Uint8Array<ArrayBuffer>>({
      pull: async (controller) => {
        for (;;) {
          const piece = this.#pieces[reader.at - this.#first]
          if (piece) {
            reader.at++
            this.#release()
            return controller.enqueue(piece)
          }
          if (this.#state === 'whole') {
            reader.leave()
            return controller.close()
          }
          if (this.#state !== 'open') {
            reader.leave()
            return controller.error(this.#state.error)
          }
          await new Promise<void>((resolve) => (reader.wake = resolve))
          reader.wake = undefined
          if (!this.#readers.has(reader)) return
        }
      },
      cancel: () => reader.leave(),
    })
  }
}

/** One that waits for an answer. */
export interface Reader {
  /** Number of the piece that it reads next. */
  at: number
  wake: (() => void) | undefined
  leave(): void
  /** The body. Read once. */
  stream(): ReadableStream<Uint8Array<ArrayBuffer>>
}
