import type { Logger } from '@shared/log'
import type { Size } from '../geometry'
import { Encoder } from './encoder'
import { IvfReader, isVp8Key } from './ivf'
import type { EncodedVideo, Unlisten } from './machine'
import type { Family } from './processes'

const CLOCK = 90_000
/** Seconds between key frames: who joins waits for none (see `listen`), and a lost one is soon made good. */
const KEY_SECONDS = 2
/** More than two groups: the encoder has made no key frame for a long time, and nobody decodes that many to see one. */
const MAX_GROUP = 300

export interface VideoOptions {
  family: Family
  log: Logger
  ffmpeg: string
  display: string
  size: () => Size
  /** Pictures a second. */
  rate: number
  /** Kilobits a second. */
  kilobits: number
  /** Milliseconds since the machine started. */
  now: () => number
  lingerMs?: number
}

/** The screen as VP8, encoded once for all who watch. */
export class VideoStream {
  readonly encoder: Encoder
  readonly #options: VideoOptions
  readonly #listeners = new Set<(frame: EncodedVideo) => void>()
  /** Since the last key frame. */
  #group: EncodedVideo[] = []
  #timestamp = 0

  constructor(options: VideoOptions) {
    this.#options = options
    const { family, log, lingerMs } = options
    this.encoder = new Encoder({
      family,
      log,
      name: 'video encoder',
      argv: () => this.#argv(),
      reader: () => this.#reader(),
      ...(lingerMs === undefined ? {} : { lingerMs }),
    })
  }

  listen(onFrame: (frame: EncodedVideo) => void): Unlisten {
    const stop = this.encoder.use()
    // Later, but before any new frame: whoever listens has what ends it by then.
    queueMicrotask(() => {
      if (isOver) return
      for (const frame of this.#group) onFrame(frame)
      this.#listeners.add(onFrame)
    })
    let isOver = false
    return () => {
      isOver = true
      this.#listeners.delete(onFrame)
      stop()
    }
  }

  #argv(): string[] {
    const { ffmpeg, display, rate, kilobits } = this.#options
    const { width, height } = this.#options.size()
    return [
      ffmpeg,
      ...words('-nostdin -hide_banner -loglevel error -fflags nobuffer -probesize 32'),
      ...words(`-f x11grab -draw_mouse 0 -framerate ${rate} -video_size ${width}x${height} -i ${display} -an`),
      // A negative speed is a fixed one; positive ones follow the clock, and get slower while others use the processor. One thread:
      // two wait for each other by spinning, which on busy cores takes ten times the work of the encoding itself.
      ...words('-c:v libvpx -deadline realtime -cpu-used -6 -threads 1 -pix_fmt yuv420p'),
      ...words(`-lag-in-frames 0 -auto-alt-ref 0 -error-resilient 1 -g ${rate * KEY_SECONDS}`),
      ...words(`-b:v ${kilobits}k -maxrate ${kilobits * 2}k -bufsize ${kilobits}k -qmin 2 -qmax 48`),
      ...words('-f ivf -flush_packets 1 pipe:1'),
    ]
  }

  #reader(): (chunk: Uint8Array) => void {
    const { width, height } = this.#options.size()
    const ivf = new IvfReader()
    // Its pictures count from 0 again.
    let base: number | undefined
    this.#group = []
    return (chunk) => {
      for (const { data, seconds } of ivf.push(chunk)) {
        base ??= Math.max(this.#timestamp + 1, Math.round((this.#options.now() / 1000 - seconds) * CLOCK))
        const timestamp = base + Math.round(seconds * CLOCK)
        this.#timestamp = timestamp
        const frame: EncodedVideo = { codec: 'vp8', data, key: isVp8Key(data), timestamp, size: { width, height } }
        if (frame.key || this.#group.length >= MAX_GROUP) this.#group = []
        this.#group.push(frame)
        for (const listener of this.#listeners) listener(frame)
      }
    }
  }
}

const words = (line: string): string[] => line.split(' ')
