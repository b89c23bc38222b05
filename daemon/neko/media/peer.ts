import { errorText } from '@shared/errors'
import type { Logger } from '@shared/log'
import type { MediaStreamTrack, RTCDataChannel, RTCIceCandidate, RTCPeerConnection } from 'werift'
import type { Room } from '../client/room'
import type { ServerPayload } from '../protocol/events'
import { FrameAssembler } from './depacketize/assembler'
import { VIDEO_CODECS, type VideoCodec } from './depacketize/frame'
import { PictureStream } from './gop'
import type { IceUrl } from './ice'
import { type ConnectionOptions, followRestart, newConnection, prepareAnswer, withoutIdleSources } from './werift'

export interface AudioPacket {
  /** In lower case, e.g. `opus`. */
  codec: string
  payload: Uint8Array
  /** Of RTP; 48 kHz for Opus. */
  timestamp: number
  sequence: number
}

export interface PeerOptions {
  send: Room['send']
  servers: readonly IceUrl[]
  /** For the microphone. Nothing is sent on it until somebody speaks. */
  microphone: MediaStreamTrack
  log: Logger
  skipInitial?: number | undefined
  /** Whether video was asked for: without it a keyframe is not missing. */
  wantsVideo(): boolean
  connection?: ConnectionOptions | undefined
  /** Pictures come from this stream from now on. */
  onStream(stream: PictureStream): void
  onAudio(packet: AudioPacket): void
  onData(message: Buffer): void
  onConnected(): void
  /** It is of no use any more; a new one has to be asked for. */
  onFailed(reason: string): void
}

/** A signal of the server that concerns a peer that is there. */
export type PeerSignal = {
  [E in 'signal/provide' | 'signal/offer' | 'signal/restart' | 'signal/answer' | 'signal/candidate']: {
    event: E
    payload: ServerPayload<E>
  }
}['signal/provide' | 'signal/offer' | 'signal/restart' | 'signal/answer' | 'signal/candidate']

/** How often a missing keyframe is asked for. */
const KEYFRAME_MS = 500
/** So many times by the book (PLI); real Neko does not listen to that, but gives one to whoever begins to watch. */
const PLI_TRIES = 3
/** Then the video is stopped and begun again, every so many times. */
const REJOIN_TRIES = 10

/** One connection to the room's server: answers its offers, receives video and audio, speaks its data channel. */
export class Peer {
  readonly stats = { pli: 0, rejoined: 0, audioPackets: 0, signalErrors: 0 }
  /** When anything came last, by `performance.now()`: the clock of the computer may be set meanwhile. */
  lastPacketAt = 0
  private readonly connection: RTCPeerConnection
  private assembler: FrameAssembler | undefined
  private stream: PictureStream | undefined
  private videoTrack: MediaStreamTrack | undefined
  private channel: RTCDataChannel | undefined
  private hasMicrophone = false
  private isAnswered = false
  private isClosed = false
  private candidates: RTCIceCandidate[] = []
  private signals: Promise<void> = Promise.resolve()
  private keyframeTries = 0
  private readonly keyframes: ReturnType<typeof setInterval>
  private readonly watched = new WeakSet<object>()

  constructor(private readonly options: PeerOptions) {
    this.connection = newConnection(options.servers, options.connection)
    this.connection.onIceCandidate.subscribe((candidate) => candidate && this.tell(candidate))
    this.connection.connectionStateChange.subscribe((state) => {
      options.log.debug('the connection for media changed', { state })
      if (state === 'connected') options.onConnected()
      if (state === 'failed') this.fail('no way to the server was found, or it was lost')
      if (state === 'disconnected') this.fail('the server does not answer')
    })
    this.connection.onTrack.subscribe((track) => this.receive(track))
    this.connection.onDataChannel.subscribe((channel) => {
      if (channel.label !== 'data') return
      this.channel = channel
      channel.onMessage.subscribe((message) => typeof message !== 'string' && options.onData(message))
    })
    this.keyframes = setInterval(() => this.wantKeyframe(), KEYFRAME_MS)
  }

  get isConnected(): boolean {
    return this.connection.connectionState === 'connected'
  }

  /** Signals are dealt with in the order in which they are given. */
  handle(signal: PeerSignal): void {
    this.signals = this.signals
      .then(() => (this.isClosed ? undefined : this.take(signal)))
      .catch((e: unknown) => {
        this.stats.signalErrors++
        this.options.log.warn(`${signal.event} of the server was of no use`, { error: errorText(e) })
        if (signal.event === 'signal/provide') this.fail(`its offer cannot be answered: ${errorText(e)}`)
      })
  }

  private async take(signal: PeerSignal): Promise<void> {
    switch (signal.event) {
      case 'signal/provide':
      case 'signal/offer':
      case 'signal/restart':
        return this.accept(signal.payload.sdp)
      case 'signal/answer':
        return this.connection.setRemoteDescription({ type: 'answer', sdp: signal.payload.sdp })
      case 'signal/candidate': {
        const { candidate, sdpMid, sdpMLineIndex } = signal.payload
        return this.connection.addIceCandidate({
          candidate,
          ...(sdpMid == null ? {} : { sdpMid }),
          ...(sdpMLineIndex == null ? {} : { sdpMLineIndex }),
        })
      }
    }
  }

  private async accept(sdp: string): Promise<void> {
    this.isAnswered = false
    await this.connection.setRemoteDescription({ type: 'offer', sdp })
    prepareAnswer(this.connection, this.options.servers)
    this.watchPackets()
    for (const transceiver of this.connection.getTransceivers()) {
      if (transceiver.kind === 'video') transceiver.direction = 'recvonly'
      else if (!this.hasMicrophone) {
        this.hasMicrophone = true
        transceiver.direction = 'sendrecv'
        await transceiver.sender.replaceTrack(this.options.microphone)
      }
    }
    await this.connection.setLocalDescription(await this.connection.createAnswer())
    const answer = this.connection.localDescription
    if (this.isClosed || !answer) return
    this.options.send('signal/answer', { sdp: withoutIdleSources(answer.sdp) })
    this.isAnswered = true
    for (const candidate of this.candidates.splice(0)) this.tell(candidate)
    // Not waited for: the server's candidates come after it.
    followRestart(this.connection).catch((e: unknown) =>
      this.fail(`no other way to the server was found: ${errorText(e)}`),
    )
  }

  /** Pion refuses candidates before it has the answer that they belong to. */
  private tell(candidate: RTCIceCandidate): void {
    if (!this.isAnswered) {
      this.candidates.push(candidate)
      return
    }
    const { sdpMid, sdpMLineIndex, usernameFragment } = candidate
    this.trySend(() =>
      this.options.send('signal/candidate', {
        candidate: candidate.candidate,
        sdpMid,
        sdpMLineIndex,
        usernameFragment,
      }),
    )
  }

  /** Without a connection to the room all of this is made anew with the next one. */
  private trySend(send: () => void): void {
    try {
      send()
    } catch (e) {
      this.options.log.debug('a signal was not sent', { error: errorText(e) })
    }
  }

  private watchPackets(): void {
    for (const { connection } of this.connection.iceTransports) {
      if (this.watched.has(connection)) continue
      this.watched.add(connection)
      connection.onData.subscribe(() => {
        this.lastPacketAt = performance.now()
      })
    }
  }

  private receive(track: MediaStreamTrack): void {
    const name = track.codec?.mimeType.split('/')[1]?.toLowerCase() ?? ''
    this.options.log.debug('receives', { kind: track.kind, codec: name })
    if (track.kind === 'audio') {
      track.onReceiveRtp.subscribe(({ header, payload }) => {
        this.stats.audioPackets++
        const { timestamp, sequenceNumber } = header
        this.options.onAudio({ codec: name, payload, timestamp, sequence: sequenceNumber })
      })
      return
    }
    const codec = VIDEO_CODECS.find((codec) => codec === name)
    if (codec === undefined) {
      this.fail(`the server sends video as ${name || 'something that it does not name'}, which cannot be decoded`)
      return
    }
    this.receiveVideo(track, codec)
  }

  private receiveVideo(track: MediaStreamTrack, codec: VideoCodec): void {
    this.stream?.close()
    const stream = new PictureStream(codec, {
      onNeedKeyframe: () => this.requestKeyframe(),
      skipInitial: this.options.skipInitial ?? 0,
    })
    const assembler = new FrameAssembler(codec, {
      onFrame: (frame) => stream.push(frame),
      onBroken: () => this.requestKeyframe(),
    })
    this.stream = stream
    this.assembler = assembler
    this.videoTrack = track
    track.onReceiveRtp.subscribe(({ header, payload }) => {
      const { sequenceNumber: sequence, timestamp, marker } = header
      assembler.push({ sequence, timestamp, marker, payload })
    })
    this.options.onStream(stream)
  }

  private wantKeyframe(): void {
    const isMissing = this.assembler?.waitsForKeyframe || this.stream?.needsKeyframe
    if (!isMissing || !this.isConnected || !this.options.wantsVideo()) {
      this.keyframeTries = 0
      return
    }
    this.requestKeyframe()
    this.keyframeTries++
    if (this.keyframeTries % REJOIN_TRIES === PLI_TRIES) this.rejoinVideo()
  }

  /** By PLI, which browsers and our own desktop obey. */
  requestKeyframe(): void {
    const ssrc = this.videoTrack?.ssrc
    const receiver = this.connection.getReceivers().find(({ kind }) => kind === 'video')
    if (ssrc === undefined || !receiver || this.isClosed) return
    this.stats.pli++
    receiver.sendRtcpPLI(ssrc).catch((e: unknown) => this.options.log.debug('no PLI', { error: errorText(e) }))
  }

  /** Neko begins with a keyframe for everybody who begins to watch. */
  private rejoinVideo(): void {
    this.stats.rejoined++
    this.trySend(() => {
      this.options.send('signal/video', { disabled: true })
      this.options.send('signal/video', { disabled: false })
    })
  }

  /** @returns whether it went out: only an open channel takes anything */
  sendData(message: Uint8Array): boolean {
    if (this.channel?.readyState !== 'open') return false
    this.channel.send(Buffer.from(message))
    return true
  }

  get hasChannel(): boolean {
    return this.channel?.readyState === 'open'
  }

  /** What was received, and what of it was lost. */
  get videoStats(): FrameAssembler['stats'] | undefined {
    return this.assembler?.stats
  }

  private fail(reason: string): void {
    if (this.isClosed) return
    void this.close()
    this.options.onFailed(reason)
  }

  async close(): Promise<void> {
    if (this.isClosed) return
    this.isClosed = true
    clearInterval(this.keyframes)
    this.stream?.close()
    await this.connection.close()
  }
}
