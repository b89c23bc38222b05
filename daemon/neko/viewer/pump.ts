import { type ScreenPicture, encodePicture } from '@shared/contract/screens'
import { errorText } from '@shared/errors'
import type { Logger } from '@shared/log'
import { type LivePixels, differs } from './differ'
import type { LivePicture, LivePictures } from './live'

export const PICTURES = {
  /** Milliseconds from one picture to the next at the least: while somebody steers, and while people only watch. */
  steeredMs: 80,
  watchedMs: 160,
  /** How rarely a screen is looked at that does not change. */
  stillSteeredMs: 200,
  stillWatchedMs: 500,
  /** A picture is waited for this long before it is tried again. */
  waitMs: 10_000,
  retryMs: 500,
  /** A screen that stayed the same this long is sent once more, as good as it gets. */
  sharpenMs: 1000,
  best: 80,
  worst: 30,
  /** Of the size that the viewer shows. */
  smallest: 0.35,
  /** How long a viewer takes to have and show a picture: above, pictures get smaller, below, better. */
  slowMs: 350,
  fastMs: 120,
} as const

interface Look {
  edge: number
  quality: number
}

/** One viewer's pictures: each goes when the last was acknowledged, in a size and quality that their line carries. */
export class Seat {
  /** Longest edge of what the viewer shows; 0 while they do not look. */
  #edge = 0
  #quality = 70
  #scale = 1
  #number = 0
  /** The number that is waited for. */
  #awaited: number | undefined
  #sentAt = 0
  #sent: { encoded: Encoded; look: Look; sharp: boolean; since: number } | undefined

  constructor(
    private readonly send: (picture: Uint8Array<ArrayBuffer>) => void,
    private readonly changed: () => void,
  ) {}

  get wants(): boolean {
    return this.#edge > 0 && this.#awaited === undefined
  }

  get isNew(): boolean {
    return this.#sent === undefined
  }

  view(width: number, height: number): void {
    this.#edge = Math.max(width, height)
    this.changed()
  }

  ack(number: number, now: number): void {
    if (number !== this.#awaited) return
    this.#awaited = undefined
    if (!this.#sent?.sharp) this.#adapt(now - this.#sentAt)
    this.changed()
  }

  #adapt(ms: number): void {
    if (ms > PICTURES.slowMs) {
      if (this.#quality > PICTURES.worst) this.#quality = Math.max(PICTURES.worst, this.#quality - 10)
      else this.#scale = Math.max(PICTURES.smallest, this.#scale * 0.8)
    } else if (ms < PICTURES.fastMs) {
      if (this.#scale < 1) this.#scale = Math.min(1, this.#scale * 1.25)
      else this.#quality = Math.min(PICTURES.best, this.#quality + 5)
    }
  }

  /** Of another session: nothing of what was seen counts any more. */
  restart(): void {
    this.#sent = undefined
    this.#awaited = undefined
  }

  /** Sends a picture unless the viewer has it already. @returns whether the screen has changed since the last one */
  async offer(encoded: Encoded, now: number): Promise<boolean> {
    const sent = this.#sent
    if (!sent || (await isAnother(sent.encoded, encoded, sent.look))) {
      await this.#give(encoded, this.#look(encoded.picture), false, now)
      return true
    }
    const best = { edge: this.#longest(encoded.picture, 1), quality: PICTURES.best }
    if (now - sent.since > PICTURES.sharpenMs && isBetter(best, sent.look)) await this.#give(encoded, best, true, now)
    return false
  }

  #longest({ width, height }: LivePicture, scale: number): number {
    return Math.max(16, Math.round(Math.min(this.#edge, width, height > width ? height : width) * scale))
  }

  #look(picture: LivePicture): Look {
    return { edge: this.#longest(picture, this.#scale), quality: this.#quality }
  }

  async #give(encoded: Encoded, look: Look, sharp: boolean, now: number): Promise<void> {
    const jpeg = await encoded.at(look)
    // Meanwhile the viewer may have turned away.
    if (!this.wants) return
    const { width, height, at } = encoded.picture
    const number = ++this.#number
    this.#awaited = number
    this.#sentAt = now
    this.#sent = { encoded, look, sharp, since: now }
    const picture: ScreenPicture = { number, width, height, at, jpeg }
    this.send(encodePicture(picture))
  }
}

const isBetter = (one: Look, other: Look): boolean => one.edge > other.edge || one.quality > other.quality

/** So much more or less of a JPEG, as a part of it, is no noise. */
const OTHER_BYTES = 0.04

/** Whether a person who has one picture in some look would see a difference in the other. What is cheap is looked at first. */
async function isAnother(before: Encoded, after: Encoded, look: Look): Promise<boolean> {
  if (before === after) return false
  const [one, other] = await Promise.all([before.at(look), after.at(look)])
  if (Math.abs(one.length - other.length) > OTHER_BYTES * one.length) return true
  if (Buffer.compare(one, other) === 0) return false
  return differs(await before.pixels(), await after.pixels())
}

/** A picture in the looks that viewers want of it: each is made once. */
class Encoded {
  readonly #looks = new Map<string, Promise<Uint8Array<ArrayBuffer>>>()
  #pixels: Promise<LivePixels> | undefined

  constructor(readonly picture: LivePicture) {}

  at({ edge, quality }: Look): Promise<Uint8Array<ArrayBuffer>> {
    const key = `${edge} ${quality}`
    const known = this.#looks.get(key)
    if (known) return known
    const made = this.picture.jpeg({ longestEdge: edge, quality }).then((jpeg) => new Uint8Array(jpeg))
    this.#looks.set(key, made)
    return made
  }

  pixels(): Promise<LivePixels> {
    this.#pixels ??= this.picture.pixels()
    return this.#pixels
  }
}

/** Carries pictures of one session to its viewers. Nothing is asked for while nobody wants one. */
export class Pump {
  readonly #seats = new Set<Seat>()
  readonly #stopped = new AbortController()
  #wake: (() => void) | undefined
  #latest: Encoded | undefined
  /** When the latest picture was asked for, by a clock that only goes on. */
  #askedAt = Number.NEGATIVE_INFINITY
  #intervalMs: number = PICTURES.watchedMs
  #steered = false
  #sharpen: Timer | undefined

  constructor(
    private readonly frames: LivePictures,
    private readonly log: Logger,
  ) {
    void this.#run()
  }

  add(seat: Seat): void {
    this.#seats.add(seat)
    this.wake()
  }

  remove(seat: Seat): void {
    this.#seats.delete(seat)
  }

  /** Somebody steers, or no longer does. */
  steered(is: boolean): void {
    this.#steered = is
    this.poke()
  }

  /** The screen may change soon. */
  poke(): void {
    this.#intervalMs = this.#quickest
    this.wake()
  }

  /** What viewers want has changed. Who has just come gets what is there at once, also when the screen stays as it is. */
  wake(): void {
    if (this.#latest) this.#again([...this.#seats].filter((seat) => seat.isNew))
    this.#wake?.()
  }

  stop(): void {
    this.#stopped.abort()
    clearTimeout(this.#sharpen)
    this.#wake?.()
  }

  get #quickest(): number {
    return this.#steered ? PICTURES.steeredMs : PICTURES.watchedMs
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopped
    while (!signal.aborted) {
      const isWanted = [...this.#seats].some((seat) => seat.wants)
      const waitMs = this.#askedAt + this.#intervalMs - performance.now()
      if (isWanted && waitMs <= 0) await this.#round(signal)
      else await this.#pause(isWanted ? waitMs : undefined)
    }
  }

  async #round(signal: AbortSignal): Promise<void> {
    this.#askedAt = performance.now()
    const after = this.#latest?.picture.at
    try {
      const options = { timeoutMs: PICTURES.waitMs, signal }
      const picture = await this.frames.next(after === undefined ? options : { ...options, after })
      if (signal.aborted) return
      this.#latest = new Encoded(picture)
      const changed = await this.#offer(this.#latest, [...this.#seats])
      if (changed) this.#intervalMs = this.#quickest
      else this.#slowDown()
      clearTimeout(this.#sharpen)
      this.#sharpen = setTimeout(() => this.#again([...this.#seats]), PICTURES.sharpenMs + 100)
    } catch (error) {
      if (signal.aborted) return
      this.log.debug('there is no picture for the viewers', { error: errorText(error) })
      this.#intervalMs = PICTURES.retryMs
    }
  }

  /** @returns whether the screen has changed for one of them */
  async #offer(encoded: Encoded, seats: Seat[]): Promise<boolean> {
    const wanting = seats.filter((seat) => seat.wants)
    const changed = await Promise.all(wanting.map((seat) => seat.offer(encoded, Date.now())))
    return changed.includes(true)
  }

  #again(seats: Seat[]): void {
    if (!this.#latest || this.#stopped.signal.aborted) return
    this.#offer(this.#latest, seats).catch((error: unknown) =>
      this.log.debug('a picture could not be shown again', { error: errorText(error) }),
    )
  }

  #slowDown(): void {
    const most = this.#steered ? PICTURES.stillSteeredMs : PICTURES.stillWatchedMs
    this.#intervalMs = Math.min(most, this.#intervalMs * 1.5)
  }

  /** Until something happens, or for a time. */
  async #pause(ms: number | undefined): Promise<void> {
    if (this.#stopped.signal.aborted) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = ms === undefined ? undefined : setTimeout(resolve, ms)
    this.#wake = resolve
    await promise
    clearTimeout(timer)
    this.#wake = undefined
  }
}
