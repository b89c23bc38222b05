import type { Machine } from '../machine/machine'
import { CAST_MS } from './limits'

const CAST_QUALITY = 60

/** Pictures of the screen over HTTP. Whoever asks while one is made gets that one. */
export class Pictures {
  private cast: { at: number; jpeg: Promise<Uint8Array> } | undefined
  private readonly shots = new Map<number, Promise<Uint8Array>>()
  private still: Uint8Array | undefined

  constructor(private readonly machine: Machine) {}

  /** The screen as it was a moment ago. */
  latest(): Promise<Uint8Array> {
    if (this.cast && performance.now() - this.cast.at < CAST_MS) return this.cast.jpeg
    const made = { at: performance.now(), jpeg: this.machine.screenshot(CAST_QUALITY) }
    this.cast = made
    // One that failed is not given to the next.
    made.jpeg.catch(() => {
      if (this.cast === made) this.cast = undefined
    })
    return made.jpeg
  }

  /** The screen as it is now. */
  async now(quality: number): Promise<Uint8Array> {
    const running = this.shots.get(quality)
    // What is being made may show the screen before what the caller has just done: it gets the next one.
    if (running) await running.catch(() => undefined)
    const next = this.shots.get(quality) ?? this.machine.screenshot(quality).finally(() => this.shots.delete(quality))
    this.shots.set(quality, next)
    return next
  }

  /** Keeps a picture, for those who may not see what comes now. */
  async keep(): Promise<void> {
    this.still = await this.machine.screenshot(CAST_QUALITY).catch(() => undefined)
  }

  get kept(): Uint8Array | undefined {
    return this.still
  }

  forget(): void {
    this.cast = undefined
  }
}
