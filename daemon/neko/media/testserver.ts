import { profileOf } from '../protocol/defaults'
import {
  MediaStreamTrack,
  type Packetizer,
  type PeerConfig,
  type RTCDataChannel,
  RTCPeerConnection,
  type RTCRtpCodecParameters,
  type RTCRtpSender,
  type RtpPacket,
  useAV1,
  useH264,
  useNACK,
  useOPUS,
  usePLI,
  useVP8,
  useVP9,
} from 'werift'
import { z } from 'zod'
import { Emitter } from '../client/emitter'
import type { Room, RoomChanges, RoomState } from '../client/room'
import type { ServerEvents } from '../client/state'
import { type ClientEvent, clientEvents, type ServerEvent, type ServerPayload } from '../protocol/events'
import { VideoRequest } from '../protocol/types'
import type { VideoCodec } from './depacketize/frame'
import { type Film, packetizer, PAYLOAD_TYPE, until } from './testing'
import { followRestart } from './werift'

function codecOf(codec: VideoCodec) {
  const use = { vp8: useVP8, vp9: useVP9, av1: useAV1, h264: useH264 }[codec]
  return use({ payloadType: PAYLOAD_TYPE[codec], rtcpFeedback: [useNACK(), usePLI()] })
}

/** What of a client's events matters here. */
const Sent = z.looseObject({
  sdp: z.string().default(''),
  candidate: z.string().default(''),
  sdpMid: z.string().default('0'),
  sdpMLineIndex: z.number().default(0),
  disabled: z.boolean().optional(),
  video: VideoRequest.optional(),
})
type Sent = z.infer<typeof Sent>

/** A session in a room whose server is in this process. */
export class TestRoom implements Room {
  connected = true
  screencast = false
  isAdmin = false
  mayBeHeard = true
  readonly isHost = true
  readonly size = { width: 320, height: 176 }
  readonly sent: { event: ClientEvent; payload: unknown }[] = []
  onSend: (event: ClientEvent, payload: unknown) => void = () => undefined
  private readonly events = new Emitter<ServerEvents>((_, error) => console.error(error))
  private readonly changes = new Emitter<RoomChanges>((_, error) => console.error(error))

  get state(): RoomState {
    const profile = { ...profileOf('me'), is_admin: this.isAdmin, can_share_media: this.mayBeHeard }
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
  say<E extends ServerEvent>(event: E, payload: ServerEvents[E]): void {
    setImmediate(() => this.events.emit(event, payload))
  }

  /** The connection comes or goes. */
  change<C extends keyof RoomChanges>(change: C, what: RoomChanges[C]): void {
    if (change === 'up') this.connected = true
    if (change === 'down') this.connected = false
    this.changes.emit(change, what)
  }

  on<E extends ServerEvent>(event: E, handler: (payload: ServerPayload<E>) => void): () => void {
    return this.events.on(event, handler)
  }

  onChange<C extends keyof RoomChanges>(change: C, handler: (what: RoomChanges[C]) => void): () => void {
    return this.changes.on(change, handler)
  }

  async acquire(): Promise<void> {}
  release(): void {}
}

export interface TestServerOptions {
  film: Film
  config?: Partial<PeerConfig>
  /** Instead of the film's: what it says that it sends. */
  codec?: RTCRtpCodecParameters
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
  /** No video is sent. */
  isMuted = false
  /** Requests are not answered, as those of a session that may not watch. */
  isSilent = false
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
      this.work = this.work.then(() => this.take(event, Sent.parse(payload ?? {}))).catch((e) => console.error(e))
    }
    this.timer = setInterval(() => this.tick(), 1000 / options.film.fps)
  }

  private async take(event: ClientEvent, payload: Sent): Promise<void> {
    switch (event) {
      case 'signal/request':
        this.requests++
        return this.isSilent ? undefined : this.provide(payload)
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

  private async provide({ video }: Sent): Promise<void> {
    this.isAnswered = false
    this.isDisabled = video?.disabled ?? false
    await this.pc?.close()
    const pc = new RTCPeerConnection({
      iceServers: [],
      iceAdditionalHostAddresses: ['127.0.0.1'],
      bundlePolicy: 'max-bundle',
      codecs: { audio: [useOPUS({ payloadType: 111 })], video: [this.options.codec ?? codecOf(this.film.codec)] },
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

  /** Nothing gets through any more, either way, until there is another way. */
  cut(): void {
    for (const { connection } of this.pc?.iceTransports ?? []) {
      connection.send = async () => undefined
      connection.onData.allUnsubscribe()
      // A restart has new credentials on the same sockets.
      Object.assign(connection, { checkIncoming: () => undefined })
    }
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
