import type { Picture } from '../frames/picture'
import type { FrameSource, NextOptions } from '../frames/source'

/** Receiving a video takes its share of a core even when nobody looks: after so long it ends. */
const IDLE_MS = 180_000

/** Pictures from a source that is made when one is wanted, and closed when none was for some minutes. */
export class OnDemand implements FrameSource {
  readonly #make: () => FrameSource
  readonly #idleMs: number
  #source: FrameSource | undefined
  #timer: Timer | undefined
  #wanted = 0
  #isClosed = false

  constructor(make: () => FrameSource, idleMs = IDLE_MS) {
    this.#make = make
    this.#idleMs = idleMs
  }

  get kind(): FrameSource['kind'] {
    return this.#source?.kind ?? 'webrtc'
  }

  async next(options?: NextOptions): Promise<Picture> {
    if (this.#isClosed) throw new Error('The pictures were closed.')
    clearTimeout(this.#timer)
    this.#wanted++
    try {
      this.#source ??= this.#make()
      return await this.#source.next(options)
    } finally {
      this.#wanted--
      if (this.#wanted === 0 && !this.#isClosed) this.#timer = setTimeout(() => void this.#end(), this.#idleMs)
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#end()
  }

  async #end(): Promise<void> {
    clearTimeout(this.#timer)
    const source = this.#source
    this.#source = undefined
    await source?.close()
  }
}
