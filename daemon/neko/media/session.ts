import { EventEmitter } from 'node:events'
import { errorText, NekodeError } from '@shared/errors'
import type { Logger } from '@shared/log'
import type { Room } from '../client/room'
import { type ClientMessage, decodeServerMessage, encodeClientMessage, type ServerMessage } from '../protocol/channel'
import type { ServerPayload } from '../protocol/events'
import type { VideoRequest } from '../protocol/types'
import type { PictureOptions, PictureStream, VideoPicture } from './gop'
import { type IcePolicy, iceServers } from './ice'
import { Microphone } from './microphone'
import { unknownVideo } from './offer'
import { type AudioPacket, Peer } from './peer'
import type { ConnectionOptions } from './werift'

export interface MediaOptions {
  ice: IcePolicy
  /** What to ask for of the picture; false: none. Default: the server's first stream. */
  video?: boolean | VideoRequest
  /** Whether the room's sound is wanted. Default false. */
  audio?: boolean
  log: Logger
  /** Frames of each new stream that are passed over. Default 0. */
  skipInitial?: number
  connection?: ConnectionOptions
  timing?: Partial<MediaTiming>
}

/** All in milliseconds. */
export interface MediaTiming {
  /** From the request to the server's offer. Default 10 000. */
  provide: number
  /** From the offer to a connection. Default 15 000. */
  connect: number
  /** Until it is tried again; twice as long each time. Default 500. */
  firstRetry: number
  /** And never longer than this. Default 30 000. */
  lastRetry: number
  /** How often it is looked at. Default 1 000. */
  watch: number
  /** Without a packet for so long, the way to the server is looked for anew. Default 5 000. */
  restart: number
  /** And after this, everything is made anew. Default 12 000. */
  renew: number
}

export interface MediaEvents {
  connected: []
  /** It is tried again by itself. */
  lost: [reason: string]
  stream: [PictureStream]
  audio: [AudioPacket]
  /** Of the data channel. */
  message: [ServerMessage]
}

const TIMING: MediaTiming = {
  provide: 10_000,
  connect: 15_000,
  firstRetry: 500,
  lastRetry: 30_000,
  watch: 1_000,
  restart: 5_000,
  renew: 12_000,
}

type State = 'idle' | 'waiting' | 'connecting' | 'connected' | 'retrying'

/**
 * The media of a room. It is asked for with each connection to the room, and again whenever the server ends it or nothing comes
 * any more, until it is closed.
 */
export class MediaSession extends EventEmitter<MediaEvents> {
  readonly microphone = new Microphone()
  private peer: Peer | undefined
  private current: PictureStream | undefined
  private state: State = 'idle'
  private since = 0
  private retryAt = 0
  private retries = 0
  private hasRestarted = false
  private reason = 'it was not asked for yet'
  /** Candidates that came before the offer: a server begins to gather before it sends that. */
  private early: ServerPayload<'signal/candidate'>[] = []
  private ends: (() => void)[] = []
  private timer: ReturnType<typeof setInterval> | undefined
  private readonly timing: MediaTiming
  /** Of the offer that is there: nothing of its video can be decoded here. */
  private unknownVideo: NekodeError | undefined
  private videoRequest: VideoRequest
  private hearsAudio: boolean
  private roundTripMs: number | undefined
  private readonly counts = { requests: 0, restarts: 0, losses: 0 }

  constructor(
    private readonly room: Room,
    private readonly options: MediaOptions,
  ) {
    super()
    // One for each picture that is waited for.
    this.setMaxListeners(0)
    const { video = true } = options
    this.videoRequest = typeof video === 'object' ? video : { disabled: !video }
    this.hearsAudio = options.audio ?? false
    this.timing = { ...TIMING, ...options.timing }
  }

  start(): void {
    if (this.timer) return
    const { room } = this
    this.ends = [
      room.onChange('up', () => this.request()),
      room.onChange('down', ({ reason }) => this.lose(reason)),
      room.on('signal/provide', (payload) => this.provided(payload)),
      room.on('signal/candidate', (payload) => this.candidate(payload)),
      room.on('signal/offer', (payload) => this.peer?.handle({ event: 'signal/offer', payload })),
      room.on('signal/restart', (payload) => this.peer?.handle({ event: 'signal/restart', payload })),
      room.on('signal/answer', (payload) => this.peer?.handle({ event: 'signal/answer', payload })),
      room.on('signal/close', () => this.closedByServer()),
    ]
    this.timer = setInterval(() => this.watch(), this.timing.watch)
    if (room.connected) this.request()
  }

  get isConnected(): boolean {
    return this.state === 'connected'
  }

  /** What pictures come from now; undefined while there is no video. */
  get stream(): PictureStream | undefined {
    return this.current
  }

  /** Whether the data channel is open. */
  get hasChannel(): boolean {
    return this.peer?.hasChannel ?? false
  }

  /** Why there is no connection, for people. */
  get lostBecause(): string {
    return this.reason
  }

  /** Asks for everything anew; what is there ends. */
  request(): void {
    this.dropPeer()
    this.early = []
    this.counts.requests++
    this.hasRestarted = false
    this.enter('waiting')
    this.trySend(() => {
      this.room.send('signal/request', { video: this.videoRequest, audio: { disabled: !this.hearsAudio } })
    })
  }

  private enter(state: State): void {
    this.state = state
    this.since = performance.now()
  }

  private trySend(send: () => void): void {
    try {
      send()
    } catch (e) {
      // The connection to the room is gone: all of it is asked for again with the next one.
      this.lose(errorText(e))
    }
  }

  private provided({ sdp, iceservers, ...rest }: ServerPayload<'signal/provide'>): void {
    this.dropPeer()
    const peer = new Peer({
      send: (...event) => this.room.send(...event),
      servers: iceServers(this.options.ice, iceservers ?? []),
      microphone: this.microphone.newTrack(),
      log: this.options.log,
      skipInitial: this.options.skipInitial,
      connection: this.options.connection,
      wantsVideo: () => this.videoRequest.disabled !== true,
      onStream: (stream) => {
        this.current = stream
        this.emit('stream', stream)
      },
      onAudio: (packet) => this.emit('audio', packet),
      onData: (bytes) => this.received(bytes),
      onConnected: () => this.connected(peer),
      onFailed: (reason) => {
        if (this.peer === peer) this.lose(reason)
      },
    })
    this.peer = peer
    this.unknownVideo = unknownVideo(sdp)
    this.enter('connecting')
    peer.handle({ event: 'signal/provide', payload: { sdp, ...rest } })
    for (const payload of this.early.splice(0)) peer.handle({ event: 'signal/candidate', payload })
  }

  private connected(peer: Peer): void {
    if (this.peer !== peer) return
    peer.lastPacketAt = performance.now()
    this.hasRestarted = false
    this.retries = 0
    if (this.state === 'connected') return
    this.enter('connected')
    this.options.log.debug('media connected')
    this.emit('connected')
  }

  private candidate(payload: ServerPayload<'signal/candidate'>): void {
    if (this.peer && this.state !== 'waiting') this.peer.handle({ event: 'signal/candidate', payload })
    else if (this.early.length < 1000) this.early.push(payload)
  }

  private closedByServer(): void {
    // The one before: a request replaces it.
    if (this.state === 'waiting') return
    this.lose('the server closed it')
  }

  private dropPeer(): void {
    const { peer } = this
    this.peer = undefined
    this.current = undefined
    this.unknownVideo = undefined
    peer?.close().catch((e: unknown) => this.options.log.debug('closing media failed', { error: errorText(e) }))
  }

  private lose(reason: string): void {
    if (this.state === 'idle' || this.state === 'retrying') return
    this.counts.losses++
    this.reason = reason
    this.dropPeer()
    this.enter('retrying')
    const { firstRetry, lastRetry } = this.timing
    this.retryAt = performance.now() + Math.min(lastRetry, firstRetry * 2 ** Math.min(this.retries++, 10))
    this.options.log.info('media lost', { reason })
    this.emit('lost', reason)
  }

  private watch(): void {
    const now = performance.now()
    const inState = now - this.since
    if (this.state === 'retrying' && now >= this.retryAt && this.room.connected) this.request()
    else if (this.state === 'waiting' && inState > this.timing.provide) {
      this.lose('the server gave no answer to the request for media: this session may not be allowed to watch')
    } else if (this.state === 'connecting' && inState > this.timing.connect) {
      this.lose('no connection for media came about: its UDP or TCP ports cannot be reached from here')
    } else if (this.state === 'connected' && this.peer) this.watchSilence(this.peer, now)
  }

  private watchSilence(peer: Peer, now: number): void {
    const silence = now - peer.lastPacketAt
    if (silence > this.timing.renew) this.lose('nothing comes from the server any more')
    else if (silence > this.timing.restart && !this.hasRestarted) this.restart()
    else if (silence > this.timing.watch) this.ping()
  }

  /** Has the server look for a way anew, with the same streams. */
  restart(): void {
    this.hasRestarted = true
    this.counts.restarts++
    this.trySend(() => this.room.send('signal/restart'))
  }

  /** Asks for a frame that can be decoded without those before it. Real Neko does not listen to that. */
  requestKeyframe(): void {
    this.peer?.requestKeyframe()
  }

  /** So that something comes back when there is nothing to see or hear. */
  private ping(): void {
    this.send({ kind: 'ping', sentAt: Date.now() })
  }

  /** Also without a connection: it holds for the next one. */
  setVideo(request: VideoRequest): void {
    this.videoRequest = { ...this.videoRequest, ...request }
    if (this.peer) this.trySend(() => this.room.send('signal/video', request))
  }

  setAudio(on: boolean): void {
    this.hearsAudio = on
    if (this.peer) this.trySend(() => this.room.send('signal/audio', { disabled: !on }))
  }

  /** @returns whether the data channel took it; else send it as an event of the room */
  send(message: ClientMessage): boolean {
    return this.peer?.sendData(encodeClientMessage(message)) ?? false
  }

  private received(bytes: Buffer): void {
    const message = decodeServerMessage(bytes)
    if (!message) return
    if (message.kind === 'pong') this.roundTripMs = Date.now() - message.sentAt
    this.emit('message', message)
  }

  /**
   * A picture of the video, however the connection comes and goes meanwhile.
   *
   * @throws NekodeError unavailable `no_picture` when none came in time, unimplemented when it cannot be decoded here
   */
  async picture({ timeoutMs, signal, ...rest }: PictureOptions): Promise<VideoPicture> {
    const until = performance.now() + timeoutMs
    for (;;) {
      const stream = await this.anyStream(until - performance.now(), signal)
      try {
        return await stream.picture({ ...rest, signal, timeoutMs: Math.max(1, until - performance.now()) })
      } catch (e) {
        const isGone = stream !== this.current && e instanceof NekodeError && e.code === 'no_picture'
        if (!isGone || performance.now() >= until) throw e
      }
    }
  }

  /**
   * Speaks into the room's microphone, after what was given before. A server has one for everybody: whoever began last is heard.
   *
   * @param samples 16 bits, one channel, 48 kHz
   * @returns when they were sent
   * @throws NekodeError forbidden when this session may not, unavailable without a connection
   */
  async speak(samples: Int16Array): Promise<void> {
    const { sessionId, sessions } = this.room.state
    if (sessions.get(sessionId)?.profile.can_share_media === false) {
      throw new NekodeError('forbidden', 'This session may not be heard in the room.', {
        code: 'cannot_share_media',
        next: 'An administrator of the server has to let it share media.',
      })
    }
    if (!this.isConnected) {
      throw new NekodeError('unavailable', `There is no connection for sound: ${this.reason}.`, { code: 'no_media' })
    }
    await this.microphone.play(samples)
  }

  private async anyStream(timeoutMs: number, signal: AbortSignal | undefined): Promise<PictureStream> {
    if (this.unknownVideo) throw this.unknownVideo
    if (this.current) return this.current
    const limit = AbortSignal.timeout(Math.max(1, timeoutMs))
    const found = Promise.withResolvers<PictureStream>()
    const end = AbortSignal.any(signal ? [signal, limit] : [limit])
    const onAbort = () => found.reject(signal?.aborted ? signal.reason : this.none(timeoutMs))
    end.addEventListener('abort', onAbort)
    this.once('stream', found.resolve)
    try {
      return await found.promise
    } finally {
      end.removeEventListener('abort', onAbort)
      this.off('stream', found.resolve)
    }
  }

  private none(timeoutMs: number): NekodeError {
    const why: Record<State, string> = {
      idle: this.reason,
      waiting: 'the server has not answered the request for it',
      connecting: 'the connection for it is not there yet',
      connected: 'the server sends none',
      retrying: this.reason,
    }
    const message = `no video came within ${Math.round(timeoutMs)} ms: ${why[this.state]}`
    return new NekodeError('unavailable', message, { code: 'no_picture' })
  }

  stats() {
    const { stream, peer, microphone } = this
    return {
      state: this.state,
      ...this.counts,
      roundTripMs: this.roundTripMs,
      codec: stream?.codec,
      received: peer?.videoStats,
      decoded: stream?.stats,
      peer: peer?.stats,
      microphone: microphone.stats,
    }
  }

  async close(): Promise<void> {
    clearInterval(this.timer)
    this.timer = undefined
    for (const end of this.ends.splice(0)) end()
    this.state = 'idle'
    const { peer } = this
    this.peer = undefined
    this.current = undefined
    await this.microphone.close()
    await peer?.close()
  }
}
