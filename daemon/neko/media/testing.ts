import { EventEmitter } from 'node:events'
import { createLogger } from '@shared/log'
import {
  Av1Packetizer,
  H264Packetizer,
  MediaStreamTrack,
  type Packetizer,
  type PeerConfig,
  type RTCDataChannel,
  RTCPeerConnection,
  type RTCRtpSender,
  type RtpPacket,
  useAV1,
  useH264,
  useNACK,
  useOPUS,
  usePLI,
  useVP8,
  useVP9,
  Vp8Packetizer,
  Vp9Packetizer,
} from 'werift'
import type { Room, RoomChanges, RoomState } from '../client/room'
import type { Size } from '../geometry'
import { type ClientEvent, clientEvents, type ServerEvent, type ServerPayload } from '../protocol/events'
import type { Profile, VideoRequest } from '../protocol/types'
import type { VideoCodec } from './depacketize/frame'
import { followRestart } from './werift'

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
const PAYLOAD_TYPE: Record<VideoCodec, number> = { vp8: 96, vp9: 98, av1: 96, h264: 102 }

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

function codecOf(codec: VideoCodec) {
  const use = { vp8: useVP8, vp9: useVP9, av1: useAV1, h264: useH264 }[codec]
  return use({ payloadType: PAYLOAD_TYPE[codec], rtcpFeedback: [useNACK(), usePLI()] })
}

const PROFILE: Profile = {
  name: 'me',
  is_admin: false,
  can_login: true,
  can_connect: true,
  can_watch: true,
  can_host: true,
  can_share_media: true,
  can_access_clipboard: true,
  sends_inactive_cursor: true,
  can_see_inactive_cursors: false,
}

/** A session in a room whose server is in this process. */
export class TestRoom implements Room {
  connected = true
  screencast = false
  isAdmin = false
  readonly isHost = true
  readonly size = { width: 320, height: 176 }
  readonly sent: { event: ClientEvent; payload: unknown }[] = []
  onSend: (event: ClientEvent, payload: unknown) => void = () => undefined
  private readonly events = new EventEmitter<Record<string, [unknown]>>()

  get state(): RoomState {
    const profile = { ...PROFILE, is_admin: this.isAdmin }
    const me = { id: 'me', profile, state: { is_connected: true, is_watching: true } }
    return {
      sessionId: 'me',
      screen: { ...this.size, rate: 15 },
      hostId: 'me',
      settings: {
        private_mode: false,
        locked_logins: false,
        locked_controls: false,
        control_protection: false,
        implicit_hosting: true,
        inactive_cursors: false,
        merciful_reconnect: true,
        heartbeat_interval: 10,
      },
      sessions: new Map([['me', me]]),
      touch: false,
      screencast: this.screencast,
      videos: ['main'],
    }
  }

  send(event: ClientEvent, payload?: unknown): void {
    if (!this.connected) throw new Error('not connected')
    const sent = clientEvents[event].parse(payload)
    this.sent.push({ event, payload: sent })
    setImmediate(() => this.onSend(event, sent))
  }

  /** Says something as the server. */
  say<E extends ServerEvent>(event: E, payload: ServerPayload<E>): void {
    setImmediate(() => this.events.emit(event, payload))
  }

  /** The connection comes or goes. */
  change<C extends keyof RoomChanges>(change: C, what: RoomChanges[C]): void {
    if (change === 'up') this.connected = true
    if (change === 'down') this.connected = false
    this.events.emit(`change ${change}`, what)
  }

  on<E extends ServerEvent>(event: E, handler: (payload: ServerPayload<E>) => void): () => void {
    return this.listen(event, handler)
  }

  onChange<C extends keyof RoomChanges>(change: C, handler: (what: RoomChanges[C]) => void): () => void {
    return this.listen(`change ${change}`, handler)
  }

  private listen<T>(name: string, handler: (what: T) => void): () => void {
    const listener = (what: unknown) => handler(what as T)
    this.events.on(name, listener)
    return () => void this.events.off(name, listener)
  }

  async acquire(): Promise<void> {}
  release(): void {}
}

export interface TestServerOptions {
  film: Film
  config?: Partial<PeerConfig>
  /** Whether it listens to PLI. Neko does not. */
  obeysPli?: boolean
  /** Which candidates, its own and the client's, there are. Default: all. */
  allows?(candidate: string): boolean
  /**
   * It has only candidates to which the client connects. werift gives up at once when it has nothing to check itself, and so waits for the client's
   * checks here; Pion goes on waiting by itself.
   */
  isPassive?: boolean
  /** Every packet of video of this many gets lost when it is sent first. */
  losesEvery?: number
  iceServers?: { urls: string[]; username?: string; credential?: string }[]
}

/** The media side of a Neko server, with the habits of the real one, on werift. It sends a film round and round. */
export class TestServer {
  readonly microphone: RtpPacket[] = []
  readonly data: Buffer[] = []
  /** Candidates that came before the answer, which Pion refuses. */
  refused = 0
  requests = 0
  plis = 0
  /** Packets that were asked for again. */
  repeated = 0
  sentPackets = 0
  channel: RTCDataChannel | undefined
  pc: RTCPeerConnection | undefined
  /** When it is not undefined, nothing is sent. */
  isMuted = false
  private video = new MediaStreamTrack({ kind: 'video' })
  private audio = new MediaStreamTrack({ kind: 'audio' })
  private packets: Packetizer
  private film: Film
  private frame = 0
  private clock = 0
  private isDisabled = false
  private isAnswered = false
  private timer: ReturnType<typeof setInterval> | undefined
  private work: Promise<void> = Promise.resolve()

  constructor(
    readonly room: TestRoom,
    private readonly options: TestServerOptions,
  ) {
    this.film = options.film
    this.packets = packetizer(options.film.codec)
    room.onSend = (event, payload) => {
      this.work = this.work.then(() => this.take(event, payload as never)).catch((e) => console.error(e))
    }
    this.timer = setInterval(() => this.tick(), 1000 / options.film.fps)
  }

  private async take(event: ClientEvent, payload: { sdp: string; candidate: string } & VideoRequest): Promise<void> {
    switch (event) {
      case 'signal/request':
        return this.provide(payload)
      case 'signal/answer':
        if (this.options.isPassive) await this.isChecked()
        await this.pc?.setRemoteDescription({ type: 'answer', sdp: this.allowed(payload.sdp) })
        this.isAnswered = true
        // Pion begins its checks by itself.
        if (this.pc) followRestart(this.pc).catch(console.error)
        return
      case 'signal/candidate':
        if (!this.isAnswered) {
          this.refused++
          return
        }
        return this.isAllowed(payload.candidate) ? this.pc?.addIceCandidate(payload) : undefined
      case 'signal/restart':
        return this.offer('signal/restart', true)
      case 'signal/video':
        this.isDisabled = payload.disabled ?? false
        if (!this.isDisabled) this.frame -= this.frame % this.film.each
        return
    }
  }

  private async provide(payload: object): Promise<void> {
    this.requests++
    this.isAnswered = false
    this.isDisabled = 'video' in payload && (payload.video as VideoRequest | undefined)?.disabled === true
    await this.pc?.close()
    const pc = new RTCPeerConnection({
      iceServers: [],
      iceAdditionalHostAddresses: ['127.0.0.1'],
      bundlePolicy: 'max-bundle',
      codecs: { audio: [useOPUS({ payloadType: 111 })], video: [codecOf(this.film.codec)] },
      ...this.options.config,
    })
    this.pc = pc
    this.video = new MediaStreamTrack({ kind: 'video' })
    this.audio = new MediaStreamTrack({ kind: 'audio' })
    pc.addTransceiver(this.audio, { direction: 'sendrecv' })
    const { sender } = pc.addTransceiver(this.video, { direction: 'sendrecv' })
    sender.onPictureLossIndication.subscribe(() => {
      this.plis++
      if (this.options.obeysPli) this.frame -= this.frame % this.film.each
    })
    this.lose(sender)
    sender.onGenericNack.subscribe(({ lost }) => {
      this.repeated += lost.length
    })
    pc.onTrack.subscribe((track) => {
      if (track.kind === 'audio') track.onReceiveRtp.subscribe((packet) => void this.microphone.push(packet))
    })
    const channel = pc.createDataChannel('data')
    // Pion begins SCTP whatever its ICE role is; werift goes by that.
    if (pc.sctpTransport) Object.defineProperty(pc.sctpTransport, 'isServer', { value: false, configurable: true })
    this.channel = channel
    channel.onMessage.subscribe((message) => {
      const bytes = Buffer.from(message)
      this.data.push(bytes)
      if (bytes[0] === 7) channel.send(Buffer.concat([Buffer.from([3, 0, 19]), bytes.subarray(3, 11), Buffer.alloc(8)]))
    })
    // Neko's candidates come before its offer.
    pc.onIceCandidate.subscribe((candidate) => {
      if (candidate && this.isAllowed(candidate.candidate))
        this.room.say('signal/candidate', {
          ...candidate.toJSON(),
          usernameFragment: null,
          candidate: candidate.candidate,
        })
    })
    await this.offer('signal/provide')
  }

  private async offer(event: 'signal/provide' | 'signal/restart' | 'signal/offer', iceRestart = false): Promise<void> {
    const { pc } = this
    if (!pc) return
    if (iceRestart) pc.restartIce()
    const offer = await pc.createOffer(iceRestart ? { iceRestart } : {})
    for (const { connection } of pc.iceTransports) Object.assign(connection, { stunServer: undefined })
    await pc.setLocalDescription(offer)
    const sdp = this.allowed(pc.localDescription?.sdp ?? '')
    if (event !== 'signal/provide') this.room.say(event, { sdp })
    else {
      const video = { disabled: this.isDisabled, id: 'main', video: '', auto: false }
      this.room.say(event, { sdp, iceservers: this.options.iceServers ?? [], video, audio: { disabled: true } })
    }
  }

  private lose({ dtlsTransport }: RTCRtpSender): void {
    const { losesEvery } = this.options
    if (!losesEvery) return
    const send = dtlsTransport.sendRtp.bind(dtlsTransport)
    const seen = new Set<number>()
    dtlsTransport.sendRtp = async (payload, header) => {
      const isFirst = header.payloadType < 111 && !seen.has(header.sequenceNumber)
      seen.add(header.sequenceNumber)
      if (isFirst && seen.size % losesEvery === 0) return payload.length
      return send(payload, header)
    }
  }

  private isChecked(): Promise<void> {
    const early = (connection: object): unknown => Reflect.get(connection, 'earlyChecks')
    return until(() => this.pc?.iceTransports.some(({ connection }) => String(early(connection)) !== '') ?? true)
  }

  private isAllowed(candidate: string): boolean {
    return this.options.allows?.(candidate) ?? true
  }

  private allowed(sdp: string): string {
    return sdp.replaceAll(/^a=candidate:.*\r?\n/gm, (line) => (this.isAllowed(line) ? line : ''))
  }

  renegotiate(): Promise<void> {
    return (this.work = this.work.then(() => this.offer('signal/offer')))
  }

  /** Ends the connection as a server does whose ICE failed. */
  async endPeer(): Promise<void> {
    await this.pc?.close()
    this.pc = undefined
    this.room.say('signal/close', null)
  }

  /** Goes on with another film, e.g. of another size. */
  play(next: Film): void {
    this.film = next
    this.frame = 0
  }

  private tick(): void {
    const { frames, fps } = this.film
    this.clock = (this.clock + Math.round(90_000 / fps)) >>> 0
    if (this.isMuted || this.isDisabled || !this.pc) return
    const data = frames[this.frame % frames.length]
    this.frame++
    if (!data) return
    for (const packet of this.packets.packetize(data, this.clock)) {
      this.sentPackets++
      this.video.writeRtp(packet)
    }
  }

  sendAudio(packet: RtpPacket): void {
    this.audio.writeRtp(packet)
  }

  async close(): Promise<void> {
    clearInterval(this.timer)
    await this.work
    await this.pc?.close()
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
