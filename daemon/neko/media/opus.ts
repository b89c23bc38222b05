import { NekodeError } from '@shared/errors'
import wasm from '@evan/opus/wasm/simd.wasm'
import { z } from 'zod'
import { wasmBytes } from './codecs/wasm'

/** Of the C functions that are used here; all numbers are 32 bit integers or addresses. */
const fn = z.custom<(...numbers: number[]) => number>((value) => typeof value === 'function')
const Exports = z.object({
  memory: z.instanceof(WebAssembly.Memory),
  malloc: fn,
  free: fn,
  opus_encoder_get_size: fn,
  opus_encoder_init: fn,
  opus_encoder_ctl_set: fn,
  opus_encode: fn,
  opus_decoder_get_size: fn,
  opus_decoder_init: fn,
  opus_decode: fn,
})
type Exports = z.infer<typeof Exports>

let loaded: Promise<Exports> | undefined
/** libopus of @evan/opus. Its own loader looks for the file beside itself, which there is not in a bundle. */
const library = (): Promise<Exports> => (loaded ??= load())

async function load(): Promise<Exports> {
  const none = () => 0
  const { instance } = await WebAssembly.instantiate(await wasmBytes(wasm), {
    wasi_snapshot_preview1: { fd_seek: none, fd_write: none, fd_close: none, proc_exit: none },
    env: { emscripten_notify_memory_growth: none },
  })
  return Exports.parse(instance.exports)
}

/** opus_defines.h */
const VOIP = 2048
const SETTINGS = { bitrate: 4002, complexity: 4010, inbandFec: 4012, expectedLossPercent: 4014 } as const
const MAX_PACKET = 1276
/** Samples of the longest packet there may be, 120 ms. */
const MAX_FRAME = 5760
export const SAMPLE_RATE = 48_000

const failed = (what: string, code: number): NekodeError =>
  new NekodeError('internal', `Opus: ${what} failed (${code})`)

/** Samples are 16 bits at 48 kHz, channels interleaved. */
export class OpusEncoder {
  private constructor(
    private readonly opus: Exports,
    private readonly state: number,
    private readonly input: number,
    private readonly output: number,
    readonly channels: number,
  ) {}

  static async create(channels: 1 | 2 = 1, bitrate = 32_000): Promise<OpusEncoder> {
    const opus = await library()
    const state = opus.malloc(opus.opus_encoder_get_size(channels))
    const result = opus.opus_encoder_init(state, SAMPLE_RATE, channels, VOIP)
    if (result !== 0) throw failed('making an encoder', result)
    opus.opus_encoder_ctl_set(state, SETTINGS.bitrate, bitrate)
    opus.opus_encoder_ctl_set(state, SETTINGS.complexity, 8)
    opus.opus_encoder_ctl_set(state, SETTINGS.inbandFec, 1)
    opus.opus_encoder_ctl_set(state, SETTINGS.expectedLossPercent, 5)
    return new OpusEncoder(opus, state, opus.malloc(MAX_FRAME * 2 * channels), opus.malloc(MAX_PACKET), channels)
  }

  /** @param samples of one packet: 960 a channel for 20 ms */
  encode(samples: Int16Array): Buffer {
    new Int16Array(this.opus.memory.buffer, this.input, samples.length).set(samples)
    const length = this.opus.opus_encode(
      this.state,
      this.input,
      samples.length / this.channels,
      this.output,
      MAX_PACKET,
    )
    if (length < 0) throw failed('encoding', length)
    return Buffer.from(new Uint8Array(this.opus.memory.buffer, this.output, length))
  }

  close(): void {
    for (const address of [this.state, this.input, this.output]) this.opus.free(address)
  }
}

/** Samples are 16 bits at 48 kHz, channels interleaved. */
export class OpusDecoder {
  private constructor(
    private readonly opus: Exports,
    private readonly state: number,
    private readonly input: number,
    private readonly output: number,
    readonly channels: number,
  ) {}

  static async create(channels: 1 | 2 = 2): Promise<OpusDecoder> {
    const opus = await library()
    const state = opus.malloc(opus.opus_decoder_get_size(channels))
    const result = opus.opus_decoder_init(state, SAMPLE_RATE, channels)
    if (result !== 0) throw failed('making a decoder', result)
    return new OpusDecoder(opus, state, opus.malloc(MAX_PACKET), opus.malloc(MAX_FRAME * 2 * channels), channels)
  }

  /** @throws NekodeError invalid for a packet that is longer than Opus packets are */
  decode(packet: Uint8Array): Int16Array {
    if (packet.length > MAX_PACKET) throw new NekodeError('invalid', `Opus: a packet of ${packet.length} bytes`)
    new Uint8Array(this.opus.memory.buffer, this.input, packet.length).set(packet)
    const samples = this.opus.opus_decode(this.state, this.input, packet.length, this.output, MAX_FRAME, 0)
    if (samples < 0) throw failed('decoding', samples)
    return new Int16Array(this.opus.memory.buffer, this.output, samples * this.channels).slice()
  }

  close(): void {
    for (const address of [this.state, this.input, this.output]) this.opus.free(address)
  }
}
