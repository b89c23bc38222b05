import { constants, closeSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { errorText } from '@shared/errors'
import type { Logger } from '@shared/log'
import { Encoder } from './encoder'
import type { EncodedAudio, Unlisten } from './machine'
import { OggReader } from './ogg'
import type { Family } from './processes'

const SPEAKERS = 'nekode_speakers'
const MICROPHONE = 'nekode_microphone'
/** 20 ms of 48 kHz. */
const SAMPLES = 960
const START_MS = 5000
/** The head and the tags, which are no sound. */
const OGG_HEADERS = 2

/** A sound server of the machine's own: what programs play goes to a sink whose monitor is recorded. */
export class Sound {
  readonly #listeners = new Set<(packet: EncodedAudio) => void>()
  readonly encoder: Encoder
  #timestamp = 0
  #isClosed = false
  #microphone: number | undefined

  private constructor(
    family: Family,
    readonly log: Logger,
    ffmpeg: string,
    readonly server: string,
    microphone: string,
  ) {
    // Not to wait for a reader, and to be told when there is no room.
    this.#microphone = openSync(microphone, constants.O_RDWR | constants.O_NONBLOCK)
    this.encoder = new Encoder({
      family,
      log,
      name: 'sound encoder',
      argv: () => [
        ffmpeg,
        ...words('-nostdin -hide_banner -loglevel error -fflags nobuffer'),
        ...words(`-f pulse -server ${server} -fragment_size ${SAMPLES * 4} -i ${SPEAKERS}.monitor`),
        ...words('-ac 2 -ar 48000 -c:a libopus -b:a 96k -frame_duration 20 -application lowdelay'),
        ...words('-f ogg -page_duration 20000 -flush_packets 1 pipe:1'),
      ],
      reader: () => this.#reader(),
    })
  }

  /**
   * Starts the sound server.
   * @param run the machine's private folder
   * @throws Error when it does not come up
   */
  static async start(
    family: Family,
    log: Logger,
    o: { pulseaudio: string; ffmpeg: string; run: string },
  ): Promise<Sound> {
    const socket = join(o.run, 'pulse.sock')
    const microphone = join(o.run, 'microphone')
    // The folder of the socket is closed to others, so who reaches it needs no cookie.
    const modules = [
      `module-native-protocol-unix socket=${socket} auth-anonymous=1`,
      `module-null-sink sink_name=${SPEAKERS} rate=48000 channels=2`,
      `module-pipe-source source_name=${MICROPHONE} file=${microphone} format=s16le rate=48000 channels=1`,
    ]
    const flags = words('-n --daemonize=no --use-pid-file=no --exit-idle-time=-1 --realtime=no --high-priority=no')
    const program = family.start('pulseaudio', [o.pulseaudio, ...flags, ...modules.flatMap((one) => ['-L', one])])
    const deadline = Date.now() + START_MS
    let hasEnded = false
    void program.exited.then(() => (hasEnded = true))
    // The modules are loaded in order: when the microphone is there, all are.
    while (!(await isFifo(microphone))) {
      if (hasEnded) throw new Error(`PulseAudio ended at once: ${program.lastWords}`)
      if (Date.now() > deadline) throw new Error(`PulseAudio is not there after ${START_MS} ms: ${program.lastWords}`)
      await Bun.sleep(20)
    }
    const sound = new Sound(family, log, o.ffmpeg, `unix:${socket}`, microphone)
    void program.exited.then((code) => {
      if (!sound.#isClosed) log.warn('there is no sound any more: PulseAudio ended', { code, says: program.lastWords })
    })
    return sound
  }

  /** For the programs that play. */
  get env(): Record<string, string> {
    return { PULSE_SERVER: this.server, PULSE_SINK: SPEAKERS, PULSE_SOURCE: MICROPHONE }
  }

  /** For a program that records what is heard. */
  get recorderEnv(): Record<string, string> {
    return { PULSE_SERVER: this.server, PULSE_SOURCE: `${SPEAKERS}.monitor` }
  }

  listen(onPacket: (packet: EncodedAudio) => void): Unlisten {
    const stop = this.encoder.use()
    this.#listeners.add(onPacket)
    return () => {
      this.#listeners.delete(onPacket)
      stop()
    }
  }

  /** @param pcm signed 16 bits, 48 kHz, one channel. What nobody records is thrown away. */
  speak(pcm: Int16Array): void {
    if (this.#microphone === undefined) return
    try {
      writeSync(this.#microphone, new Uint8Array(pcm.buffer, pcm.byteOffset, pcm.byteLength))
    } catch (error) {
      // No program records, so the pipe is full.
      if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return
      this.log.warn(`the microphone takes no more sound: ${errorText(error)}`)
      this.#closeMicrophone()
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#closeMicrophone()
    await this.encoder.close()
  }

  #closeMicrophone(): void {
    if (this.#microphone !== undefined) closeSync(this.#microphone)
    this.#microphone = undefined
  }

  #reader(): (chunk: Uint8Array) => void {
    const ogg = new OggReader()
    let headers = 0
    return (chunk) => {
      for (const data of ogg.push(chunk)) {
        if (headers++ < OGG_HEADERS) continue
        const packet = { data, timestamp: this.#timestamp }
        this.#timestamp += SAMPLES
        for (const listener of this.#listeners) listener(packet)
      }
    }
  }
}

async function isFifo(path: string): Promise<boolean> {
  try {
    return (await Bun.file(path).stat()).isFIFO()
  } catch {
    // Not made yet.
    return false
  }
}

const words = (line: string): string[] => line.split(' ')
