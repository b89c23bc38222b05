import { closeSync, openSync, writeSync } from 'node:fs'
import { extname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { errorText, NekodeError } from '@shared/errors'
import type { Frames } from '../frames/frames'
import type { Size } from '../geometry'
import type { EncodedFrame, VideoCodec } from '../media/depacketize/frame'
import type { PictureStream } from '../media/gop'
import type { AudioPacket } from '../media/peer'
import type { MediaSession } from '../media/session'
import { avcConfig, withLengths } from './avc'
import { Matroska, type Track } from './matroska'

export interface RecordOptions {
  frames: Frames
  /** `.webm` or `.mkv`. */
  path: string
  size: Size
  /** Ends it; the file plays. */
  signal: AbortSignal
  /** How long it may be, from its first picture on. */
  limitMs?: number | undefined
  /** Whether the room's sound is received. */
  audio: boolean
}

export interface Recording {
  path: string
  codec: string
  seconds: number
  frames: number
  sizeBytes: number
}

/** After this time without a keyframe one is asked for. */
const KEYFRAME_MS = 1500
const VIDEO_MS = 15_000
const SHOT_MS = 250
const CODECS: Partial<Record<VideoCodec, string>> = { vp8: 'V_VP8', vp9: 'V_VP9', h264: 'V_MPEG4/ISO/AVC' }

/**
 * Records what is received, as it is received, until it is told to end: VP8, VP9 or H.264, with the room's sound. Where there is no video over
 * WebRTC it takes screenshots (Motion JPEG).
 * @throws NekodeError unavailable `no_picture` when nothing came, precondition when the file cannot be written, or cannot hold the video
 */
export async function record(options: RecordOptions): Promise<Recording> {
  const { limitMs } = options
  const limit = new AbortController()
  let timer: Timer | undefined
  const file = new RecordFile(options.path, () => {
    if (limitMs !== undefined) timer = setTimeout(() => limit.abort(), limitMs)
  })
  const limited = { ...options, signal: AbortSignal.any([options.signal, limit.signal]) }
  try {
    const { media } = options.frames
    if (media) await new VideoRecorder(file, limited, media).run()
    else await recordShots(file, limited)
  } finally {
    clearTimeout(timer)
    file.end()
  }
  if (file.frames === 0) throw nothing('it was ended before the first picture')
  const { codec, seconds, frames, sizeBytes } = file
  return { path: options.path, codec, seconds, frames, sizeBytes }
}

const nothing = (why: string): NekodeError =>
  new NekodeError('unavailable', `There is nothing to record: ${why}.`, { code: 'no_picture' })

/** A file that is begun with the first frame, when its kind is known. */
class RecordFile {
  codec = ''
  frames = 0
  seconds = 0
  sizeBytes = 0
  readonly #path: string
  readonly #isWebm: boolean
  #descriptor: number | undefined
  #muxer: Matroska | undefined
  #startedAt = 0
  readonly #onBegin: () => void

  constructor(path: string, onBegin: () => void) {
    this.#path = path
    this.#onBegin = onBegin
    this.#isWebm = extname(path).toLowerCase() === '.webm'
    try {
      this.#descriptor = openSync(path, 'w', 0o644)
    } catch (cause) {
      throw this.#unwritable(cause)
    }
  }

  get hasBegun(): boolean {
    return this.#muxer !== undefined
  }

  begin(codec: string, tracks: readonly Track[]): void {
    if (this.#isWebm && codec !== 'vp8' && codec !== 'vp9') {
      throw new NekodeError('precondition', `A .webm file cannot hold ${codec}.`, {
        code: 'record_container',
        next: 'Give the file a name that ends in .mkv.',
      })
    }
    this.codec = codec
    this.#startedAt = Date.now()
    this.#onBegin()
    this.#muxer = new Matroska({ write: (bytes, at) => this.#write(bytes, at) }, tracks, this.#isWebm)
  }

  add(track: Track, ms: number, isKey: boolean, data: Uint8Array): void {
    this.#muxer?.frame(track, ms, isKey, data)
    if (track.kind === 'video') this.frames += 1
  }

  end(): void {
    const descriptor = this.#descriptor
    if (descriptor === undefined) return
    try {
      // The last picture stays for as long as nothing changed.
      const ms = this.#muxer ? Date.now() - this.#startedAt : 0
      this.seconds = (this.#muxer?.end(ms) ?? 0) / 1000
    } finally {
      this.#descriptor = undefined
      closeSync(descriptor)
    }
  }

  #write(bytes: Uint8Array, at: number): void {
    if (this.#descriptor === undefined) return
    try {
      writeSync(this.#descriptor, bytes, 0, bytes.length, at)
    } catch (cause) {
      throw this.#unwritable(cause)
    }
    this.sizeBytes = Math.max(this.sizeBytes, at + bytes.length)
  }

  #unwritable = (cause: unknown): NekodeError =>
    new NekodeError('precondition', `${this.#path} cannot be written: ${errorText(cause)}.`, {
      code: 'file_unwritable',
      cause,
    })
}

/** Times of RTP as milliseconds of the recording. Each stream begins its count anywhere, and begins it again after 32 bits. */
class Clock {
  readonly #perMs: number
  #last: number
  #ms: number

  constructor(perMs: number, timestamp: number, ms: number) {
    this.#perMs = perMs
    this.#last = timestamp
    this.#ms = ms
  }

  at(timestamp: number): number {
    this.#ms += ((timestamp - this.#last) | 0) / this.#perMs
    this.#last = timestamp
    return this.#ms
  }
}

class VideoRecorder {
  readonly #file: RecordFile
  readonly #options: RecordOptions
  readonly #media: MediaSession
  readonly #over = Promise.withResolvers<void>()
  #video: Track | undefined
  #audio: Track | undefined
  #codec: VideoCodec | undefined
  #startedAt = 0
  #videoClock: Clock | undefined
  #audioClock: Clock | undefined
  #needsKey = true

  constructor(file: RecordFile, options: RecordOptions, media: MediaSession) {
    this.#file = file
    this.#options = options
    this.#media = media
  }

  async run(): Promise<void> {
    const { signal } = this.#options
    const tapped = new Set<PictureStream>()
    const tap = (stream: PictureStream): void => {
      tapped.add(stream)
      this.#videoClock = undefined
      this.#needsKey = true
      stream.tap = (frame) => this.#trying(() => this.#frame(stream.codec, frame))
    }
    const hear = (packet: AudioPacket): void => this.#trying(() => this.#packet(packet))
    const end = (): void => this.#over.resolve()
    const ask = setInterval(() => this.#askForKey(), KEYFRAME_MS)
    const none = setTimeout(() => {
      if (!this.#file.hasBegun)
        this.#over.reject(nothing(this.#media.isConnected ? 'no video comes' : this.#media.lostBecause))
    }, VIDEO_MS)
    this.#media.on('stream', tap)
    this.#media.on('audio', hear)
    signal.addEventListener('abort', end)
    if (signal.aborted) end()
    if (this.#media.stream) tap(this.#media.stream)
    try {
      await this.#over.promise
    } finally {
      clearInterval(ask)
      clearTimeout(none)
      signal.removeEventListener('abort', end)
      this.#media.off('stream', tap)
      this.#media.off('audio', hear)
      for (const stream of tapped) stream.tap = undefined
    }
  }

  /** What goes wrong in the middle of receiving ends the recording, and nothing else. */
  #trying(what: () => void): void {
    try {
      what()
    } catch (error) {
      this.#over.reject(error)
    }
  }

  #askForKey(): void {
    if (!this.#needsKey || !this.#media.isConnected) return
    // A server gives a keyframe to whoever begins to watch.
    this.#media.setVideo({ disabled: true })
    this.#media.setVideo({ disabled: false })
  }

  #frame(codec: VideoCodec, frame: EncodedFrame): void {
    if (this.#needsKey && !frame.key) return
    this.#needsKey = false
    const video = this.#video ?? this.#begin(codec, frame)
    if (!video) return
    if (codec !== this.#codec) {
      throw new NekodeError(
        'precondition',
        `The server changed from ${this.#codec} to ${codec}: what came before is kept.`,
        {
          code: 'record_changed',
        },
      )
    }
    this.#videoClock ??= new Clock(90, frame.timestamp, Date.now() - this.#startedAt)
    const data = codec === 'h264' ? withLengths(frame.data) : frame.data
    this.#file.add(video, this.#videoClock.at(frame.timestamp), frame.key, data)
  }

  #begin(codec: VideoCodec, frame: EncodedFrame): Track | undefined {
    const name = CODECS[codec]
    if (name === undefined) {
      throw new NekodeError('unimplemented', `Video of the kind ${codec} cannot be recorded.`, {
        code: 'record_codec',
        next: 'Record screenshots instead: start with --no-media.',
      })
    }
    const config = codec === 'h264' ? avcConfig(frame.data) : undefined
    if (codec === 'h264' && !config) {
      this.#needsKey = true
      return undefined
    }
    this.#codec = codec
    this.#startedAt = Date.now()
    this.#video = { kind: 'video', codec: name, ...this.#options.size, ...(config ? { config } : {}) }
    this.#audio = this.#options.audio ? opusTrack() : undefined
    this.#file.begin(codec, [this.#video, ...(this.#audio ? [this.#audio] : [])])
    return this.#video
  }

  #packet({ codec, payload, timestamp }: AudioPacket): void {
    if (!this.#audio || codec !== 'opus') return
    this.#audioClock ??= new Clock(48, timestamp, Date.now() - this.#startedAt)
    this.#file.add(this.#audio, this.#audioClock.at(timestamp), true, payload)
  }
}

/** With OpusHead (RFC 7845): two channels, 48 kHz, nothing to pass over. */
const opusTrack = (): Track => ({
  kind: 'audio',
  codec: 'A_OPUS',
  config: Buffer.concat([Buffer.from('OpusHead'), Uint8Array.of(1, 2, 0, 0, 0x80, 0xbb, 0, 0, 0, 0, 0)]),
  sampleRate: 48_000,
  channels: 2,
})

async function recordShots(file: RecordFile, { frames, signal }: RecordOptions): Promise<void> {
  const startedAt = Date.now()
  let video: Track | undefined
  for (let dueAt = startedAt; !signal.aborted; dueAt += SHOT_MS) {
    try {
      const picture = await frames.next({ after: Date.now(), timeoutMs: VIDEO_MS, signal })
      const data = await picture.jpeg()
      if (!video) {
        video = { kind: 'video', codec: 'V_MJPEG', width: picture.width, height: picture.height }
        file.begin('mjpeg', [video])
      }
      file.add(video, Date.now() - startedAt, true, data)
      await sleep(Math.max(0, dueAt + SHOT_MS - Date.now()), undefined, { signal })
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }
}
