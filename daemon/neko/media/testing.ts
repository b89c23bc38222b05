import { createLogger } from '@shared/log'
import { Av1Packetizer, H264Packetizer, type Packetizer, Vp8Packetizer, Vp9Packetizer } from 'werift'
import type { Size } from '../geometry'
import type { VideoCodec } from './depacketize/frame'

export const quiet = createLogger({ write: () => undefined })

/** A video of one colour after the other, each for as many frames. */
export interface Film extends Size {
  codec: VideoCodec
  frames: Buffer[]
  fps: number
  /** How many frames each colour has. */
  each: number
}

export const COLOURS = ['red', 'lime', 'blue', 'white'] as const
export type Colour = (typeof COLOURS)[number]

const ENCODERS: Record<VideoCodec, string[]> = {
  vp8: ['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-b:v', '1M'],
  vp9: ['-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8', '-b:v', '1M'],
  av1: ['-c:v', 'libaom-av1', '-usage', 'realtime', '-cpu-used', '8', '-b:v', '1M'],
  h264: ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-profile:v', 'baseline', '-b:v', '1M'],
}

export interface FilmOptions extends Partial<Size> {
  fps?: number
  /** Frames from one keyframe to the next. Default 15. */
  group?: number
  each?: number
  colours?: readonly Colour[]
  /** Of ffmpeg, after those of the encoder. */
  args?: string[]
  /** Instead of the colours: what ffmpeg draws, and for how many frames. */
  source?: { filter: string; frames: number }
}

/** A video made by ffmpeg. */
export async function film(codec: VideoCodec, options: FilmOptions = {}): Promise<Film> {
  const { width = 320, height = 176, fps = 15, group = 15, each = 15, colours = COLOURS, args = [], source } = options
  const drawn = colours.map((colour) => `color=${colour}:s=${width}x${height}:r=${fps}:d=${each / fps}`)
  const inputs = source ? [source.filter] : drawn
  const join = source ? [] : ['-filter_complex', `concat=n=${drawn.length}`]
  const count = source?.frames ?? each * drawn.length
  const drawing = [...inputs.flatMap((input) => ['-f', 'lavfi', '-i', input]), ...join, '-frames:v', String(count)]
  const encoding = ['-pix_fmt', 'yuv420p', ...ENCODERS[codec], '-g', String(group), ...args]
  const format = ['-f', codec === 'h264' ? 'h264' : 'ivf', 'pipe:1']
  const ffmpeg = Bun.spawn(['ffmpeg', '-v', 'error', ...drawing, ...encoding, ...format], {
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const [bytes, errors] = await Promise.all([new Response(ffmpeg.stdout).bytes(), new Response(ffmpeg.stderr).text()])
  if ((await ffmpeg.exited) !== 0) throw new Error(`ffmpeg made no video: ${errors}`)
  const file = Buffer.from(bytes)
  return { codec, width, height, fps, each, frames: codec === 'h264' ? accessUnits(file) : readIvf(file) }
}

function readIvf(file: Buffer): Buffer[] {
  const frames: Buffer[] = []
  for (let at = file.readUInt16LE(6); at + 12 <= file.length;) {
    const length = file.readUInt32LE(at)
    frames.push(file.subarray(at + 12, at + 12 + length))
    at += 12 + length
  }
  return frames
}

/** Frames of one slice each, with the parameter sets before them. */
function accessUnits(file: Buffer): Buffer[] {
  const frames: Buffer[] = []
  let from = 0
  let hasSlice = false
  for (let at = 0; at + 4 < file.length; at++) {
    if (file.readUIntBE(at, 3) !== 1) continue
    const start = file[at - 1] === 0 ? at - 1 : at
    const type = (file[at + 3] ?? 0) & 0x1f
    // The first slice of a picture has first_mb_in_slice 0, which is a 1 bit.
    const isFirstSlice = (type === 1 || type === 5) && ((file[at + 4] ?? 0) & 0x80) !== 0
    if (hasSlice && (isFirstSlice || (type >= 6 && type <= 9))) {
      frames.push(file.subarray(from, start))
      from = start
      hasSlice = false
    }
    if (type === 1 || type === 5) hasSlice = true
  }
  frames.push(file.subarray(from))
  return frames
}

/** Payload types as a Neko server has them: AV1 has that of VP8. */
export const PAYLOAD_TYPE: Record<VideoCodec, number> = { vp8: 96, vp9: 98, av1: 96, h264: 102 }

export function packetizer(codec: VideoCodec): Packetizer {
  const options = { payloadType: PAYLOAD_TYPE[codec], maxPayloadSize: 1100 }
  switch (codec) {
    case 'vp8':
      return new Vp8Packetizer(options)
    case 'vp9':
      return new Vp9Packetizer(options)
    case 'av1':
      return new Av1Packetizer(options)
    case 'h264':
      return new H264Packetizer(options)
  }
}

/** Waits until it is so. */
export async function until(what: () => boolean, timeoutMs = 10_000): Promise<void> {
  const end = Date.now() + timeoutMs
  while (!what()) {
    if (Date.now() > end) throw new Error(`not within ${timeoutMs} ms: ${what}`)
    await Bun.sleep(10)
  }
}

/** The colour of the film in the middle of a picture of RGB pixels. */
export function colourAt({ width, height, rgb }: Size & { rgb: Uint8Array }): Colour | 'other' {
  const at = ((height >> 1) * width + (width >> 1)) * 3
  const [red = 0, green = 0, blue = 0] = rgb.subarray(at, at + 3)
  const bits = [red > 200, green > 200, blue > 200, red < 60, green < 60, blue < 60].map(Number).join('')
  return ({ '100011': 'red', '010101': 'lime', '001110': 'blue', '111000': 'white' } as const)[bits] ?? 'other'
}
