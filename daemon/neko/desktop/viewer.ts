import {
  MediaStreamTrack,
  RTCPeerConnection,
  RtpHeader,
  RtpPacket,
  type RTCDataChannel,
  type RTCRtpSender,
  useNACK,
  useOPUS,
  usePLI,
  useSdesMid,
  useVP8,
} from 'werift'
import { errorText } from '@shared/errors'
import type { Logger } from '@shared/log'
import { mendSockets } from '../media/sockets'
import { followRestart } from '../media/werift'
import type { EncodedAudio, Machine, Unlisten } from '../machine/machine'
import type { Candidate } from '../protocol/events'
import type { IceServer } from '../protocol/types'
import { CANDIDATES } from './limits'
import { Outgoing, type Packet } from './outgoing'
import type { Packetizer } from './packetize'

const VP8 = 96
const OPUS = 111
/** A viewer that asks for a key frame again and again gets one at most so often. */
const REJOIN_MS = 500
/** A client that is not connected by then does not want to be. */
const ANSWER_MS = 30_000
/** For so long a connection may be gone. */
const LOST_MS = 2000
/** Bytes that a data channel may hold back; then what is only the latest is left out. */
const CHANNEL_BYTES = 256 << 10
/** Sound that waits for a slow connection: half a second. */
const AUDIO_PACKETS = 25
/** werift sends by itself again what is among the last so many packets, which is less than a key frame of a large screen. */
const REPEATED_BY_WERIFT = 128

export interface IceOptions {
  /** Named to the clients, and asked by the server: addresses beyond a NAT. */
  servers: IceServer[]
  /** UDP and TCP ports, both included. */
  ports?: [number, number]
  /** Addresses beside those of the network interfaces. */
  addresses: string[]
}

export interface ViewerOptions {
  machine: Machine
  packetizer: Packetizer
  ice: IceOptions
  log: Logger
  send(event: 'signal/candidate', payload: Candidate): void
  onMessage(message: Buffer): void
  /** The data channel can be written to. */
  onOpen(): void
  onWatching(is: boolean): void
  /** A packet of the person's microphone. */
  onMicrophone(packet: Uint8Array): void
  /** It is of no use any more. */
  onClosed(why: string): void
}

/** What one session sees and hears: a WebRTC connection to it. */
export class Viewer {
  private readonly pc: RTCPeerConnection
  private readonly channel: RTCDataChannel
  private readonly video: RTCRtpSender
  private readonly audio: RTCRtpSender
  private readonly outgoing: Outgoing
  private videoOff = false
  private audioOff = false
  private paused = false
  private isConnected = false
  private isClosed = false
  private seeing: Unlisten | undefined
  private hearing: Unlisten | undefined
  private audioSequence = Math.floor(Math.random() * 0x8000)
  private audioWaiting = 0
  private candidates = 0
  /** Of pictures and sound, without headers. */
  bytesSent = 0
  /** Packets that the client missed. */
  nacks = 0
  private joinedAt = 0
  private rejoining: ReturnType<typeof setTimeout> | undefined
  private unsettled: ReturnType<typeof setTimeout> | undefined

  constructor(private readonly o: ViewerOptions) {
    const servers = o.ice.servers.flatMap(({ urls, username, credential }) =>
      urls.map((url) => ({ urls: url, ...(username ? { username } : {}), ...(credential ? { credential } : {}) })),
    )
    mendSockets()
    this.pc = new RTCPeerConnection({
      iceServers: servers,
      // 127.0.0.1 for whoever is on the same machine, which may have no network.
      iceAdditionalHostAddresses: ['127.0.0.1', ...o.ice.addresses],
      ...(o.ice.ports ? { icePortRange: o.ice.ports } : {}),
      iceUseTcp: true,
      // One way for all of it, as Neko offers; otherwise each of the three has sockets of its own until the answer comes.
      bundlePolicy: 'max-bundle',
      iceStunGatherTimeout: 1,
      codecs: {
        audio: [useOPUS({ payloadType: OPUS, parameters: 'minptime=10;useinbandfec=1;stereo=1' })],
        // Without transport-cc: werift's feedback is malformed, and the bit rate is not changed by it.
        video: [useVP8({ payloadType: VP8, rtcpFeedback: [useNACK(), usePLI()] })],
      },
      headerExtensions: { audio: [useSdesMid()], video: [useSdesMid()] },
    })
    this.outgoing = new Outgoing(
      (frame) => o.packetizer.payloads(frame),
      (packet) => this.sendVideo(packet),
    )
    this.audio = this.pc.addTransceiver(new MediaStreamTrack({ kind: 'audio' }), { direction: 'sendrecv' }).sender
    this.video = this.pc.addTransceiver(new MediaStreamTrack({ kind: 'video' }), { direction: 'sendrecv' }).sender
    this.channel = this.pc.createDataChannel('data')
    this.unsettled = setTimeout(() => this.fail('nobody answered'), ANSWER_MS)
    this.listen()
  }

  private listen(): void {
    this.pc.onIceCandidate.subscribe((candidate) => {
      if (!candidate || this.isClosed) return
      const { candidate: line, sdpMid, sdpMLineIndex } = candidate.toJSON()
      if (!line) return
      this.o.send('signal/candidate', {
        candidate: line,
        sdpMid: sdpMid ?? '0',
        sdpMLineIndex: sdpMLineIndex ?? 0,
        usernameFragment: null,
      })
    })
    this.pc.connectionStateChange.subscribe((state) => this.onState(state))
    this.pc.onTrack.subscribe((track) => {
      if (track.kind !== 'audio') return
      track.onReceiveRtp.subscribe(({ payload }) => this.o.onMicrophone(payload))
    })
    this.channel.stateChange.subscribe((state) => {
      if (state === 'open') this.o.onOpen()
    })
    this.channel.onMessage.subscribe((message) => {
      if (typeof message !== 'string') this.o.onMessage(message)
    })
    this.video.onPictureLossIndication.subscribe(() => this.rejoin())
    this.video.onGenericNack.subscribe(({ lost }) => {
      this.nacks += lost.length
      for (const sequence of lost.slice(0, 512)) {
        if (this.outgoing.ageOf(sequence) >= REPEATED_BY_WERIFT) void this.repeat(sequence)
      }
    })
  }

  private async repeat(sequence: number): Promise<void> {
    const packet = this.outgoing.sent(sequence)
    const transport = this.video.transport
    if (!packet || !transport || transport.state !== 'connected') return
    const sent = rtpOf(packet, VP8)
    sent.header.ssrc = this.video.ssrc
    await transport.sendRtp(sent.payload, sent.header)
  }

  /** @returns the offer that the client has to answer */
  async offer(isRestart = false): Promise<string> {
    if (isRestart) this.pc.restartIce()
    const offer = await this.pc.createOffer(isRestart ? { iceRestart: true } : {})
    this.withoutStun()
    await this.pc.setLocalDescription(offer)
    return this.pc.localDescription?.sdp ?? offer.sdp
  }

  /** Without a server named werift would ask one of Google's. */
  private withoutStun(): void {
    if (this.o.ice.servers.some(({ urls }) => urls.some((url) => url.startsWith('stun')))) return
    for (const transport of this.pc.iceTransports) Object.assign(transport.connection, { stunServer: undefined })
  }

  async answer(sdp: string): Promise<void> {
    if (this.isClosed || this.pc.signalingState !== 'have-local-offer') return
    await this.pc.setRemoteDescription({ type: 'answer', sdp })
    // Not waited for: the candidates of the client come after its answer.
    followRestart(this.pc).catch((error) => this.fail(`no other way was found: ${errorText(error)}`))
  }

  /** An offer of the client. @returns the answer to it */
  async accept(sdp: string): Promise<string> {
    await this.pc.setRemoteDescription({ type: 'offer', sdp })
    const answer = await this.pc.createAnswer()
    await this.pc.setLocalDescription(answer)
    return this.pc.localDescription?.sdp ?? answer.sdp
  }

  async addCandidate({ candidate, sdpMid, sdpMLineIndex }: Candidate): Promise<void> {
    this.candidates += 1
    if (this.isClosed || this.candidates > CANDIDATES || candidate === '') return
    await this.pc.addIceCandidate({
      candidate,
      ...(sdpMid == null ? {} : { sdpMid }),
      ...(sdpMLineIndex == null ? {} : { sdpMLineIndex }),
    })
  }

  /** @param disabled undefined: as it was. @returns whether it is off now; turning it on gives a key frame at once */
  setVideo(disabled: boolean | undefined): boolean {
    this.videoOff = disabled ?? this.videoOff
    this.tune()
    return this.videoOff
  }

  setAudio(disabled: boolean | undefined): boolean {
    this.audioOff = disabled ?? this.audioOff
    this.tune()
    return this.audioOff
  }

  /** Private mode: neither picture nor sound. */
  setPaused(is: boolean): void {
    this.paused = is
    this.tune()
  }

  /** @param isLatest it may be left out when the client does not keep up: the next one says it anew */
  write(message: Uint8Array, isLatest = false): void {
    if (this.isClosed || this.channel.readyState !== 'open') return
    const waiting = this.channel.bufferedAmount
    if (waiting > CHANNEL_BYTES && isLatest) return
    if (waiting > 8 * CHANNEL_BYTES) return this.fail('the data channel is not read')
    this.channel.send(Buffer.from(message))
  }

  get state(): string {
    return this.pc.connectionState
  }

  private onState(state: string): void {
    if (this.isClosed) return
    if (state === 'connected') {
      clearTimeout(this.unsettled)
      if (!this.isConnected) {
        this.isConnected = true
        this.o.onWatching(true)
      }
      this.tune()
    } else if (state === 'failed' || state === 'closed') {
      this.fail(`the connection is ${state}`)
    } else if (state === 'disconnected') {
      clearTimeout(this.unsettled)
      this.unsettled = setTimeout(() => this.fail('the connection is lost'), LOST_MS)
    }
  }

  /** Joins or leaves the streams of the machine, as is wanted now. */
  private tune(): void {
    const isOn = this.isConnected && !this.isClosed && !this.paused
    if (isOn && !this.videoOff) this.see()
    else this.blind()
    if (isOn && !this.audioOff) this.hearing ??= this.o.machine.audio((packet) => this.sendAudio(packet))
    else {
      this.hearing?.()
      this.hearing = undefined
    }
  }

  private see(): void {
    if (this.seeing) return
    this.joinedAt = performance.now()
    this.seeing = this.o.machine.video((frame) => this.outgoing.push(frame))
  }

  private blind(): void {
    this.seeing?.()
    this.seeing = undefined
    this.outgoing.restart()
  }

  /** The client lost a picture for good: it gets those since the last key frame again. */
  private rejoin(): void {
    if (!this.seeing || this.rejoining) return
    const rest = Math.max(0, this.joinedAt + REJOIN_MS - performance.now())
    this.rejoining = setTimeout(() => {
      this.rejoining = undefined
      if (!this.seeing) return
      this.blind()
      this.tune()
    }, rest)
  }

  private async sendVideo(packet: Packet): Promise<void> {
    this.bytesSent += packet.payload.length
    await this.video.sendRtp(rtpOf(packet, VP8)).catch((error) => this.lose(error))
  }

  private sendAudio({ data, timestamp }: EncodedAudio): void {
    if (this.audioWaiting >= AUDIO_PACKETS) return
    this.audioWaiting += 1
    this.bytesSent += data.length
    this.audioSequence = (this.audioSequence + 1) & 0xffff
    const packet = { payload: Buffer.from(data), sequence: this.audioSequence, timestamp, marker: false }
    void this.audio
      .sendRtp(rtpOf(packet, OPUS))
      .catch((error) => this.lose(error))
      .finally(() => {
        this.audioWaiting -= 1
      })
  }

  /** A packet that was not sent is one that the client misses, like any that is lost on the way. */
  private lose(error: unknown): void {
    this.o.log.debug('a packet was not sent', { error: errorText(error) })
  }

  /** Ends it, and says so. */
  fail(why: string): undefined {
    if (this.isClosed) return
    void this.close()
    this.o.onClosed(why)
  }

  async close(): Promise<void> {
    if (this.isClosed) return
    this.isClosed = true
    clearTimeout(this.rejoining)
    clearTimeout(this.unsettled)
    this.tune()
    this.outgoing.close()
    if (this.isConnected) this.o.onWatching(false)
    await this.pc.close().catch((error) => this.o.log.debug('a peer did not close', { error: errorText(error) }))
  }
}

const rtpOf = ({ payload, sequence, timestamp, marker }: Packet, payloadType: number): RtpPacket =>
  new RtpPacket(
    new RtpHeader({ payloadType, sequenceNumber: sequence, timestamp: timestamp >>> 0, marker, ssrc: 0 }),
    payload,
  )
