import type { LocalEvent } from './eventshapes'

export type { LocalEvent }

/** Events that wait for one listener; then the oldest are left out. */
const CAPACITY = 256

/** Tells events to whoever listens. A slow listener holds up nobody: it misses events, and is told how many. */
export class LocalEvents {
  readonly #listeners = new Set<Listener>()

  publish(event: LocalEvent): void {
    for (const listener of this.#listeners) listener.offer(event)
  }

  /** Events from now on, until `signal` ends it. */
  listen(signal: AbortSignal): AsyncIterableIterator<LocalEvent> {
    const listener = new Listener()
    this.#listeners.add(listener)
    const leave = () => {
      this.#listeners.delete(listener)
      listener.close()
    }
    if (signal.aborted) leave()
    else signal.addEventListener('abort', leave, { once: true })
    return listener.events()
  }
}

class Listener {
  #waiting: LocalEvent[] = []
  #missed = 0
  #isClosed = false
  #wake: (() => void) | undefined

  offer(event: LocalEvent): void {
    if (this.#waiting.length >= CAPACITY) {
      this.#waiting.shift()
      this.#missed++
    }
    this.#waiting.push(event)
    this.#wake?.()
  }

  close(): void {
    this.#isClosed = true
    this.#wake?.()
  }

  async *events(): AsyncIterableIterator<LocalEvent> {
    while (!this.#isClosed) {
      if (this.#missed > 0) {
        const missed = this.#missed
        this.#missed = 0
        yield { type: 'LaggedBehind', missed }
      }
      const event = this.#waiting.shift()
      if (event) yield event
      else {
        await new Promise<void>((resolve) => (this.#wake = resolve))
        this.#wake = undefined
      }
    }
  }
}
