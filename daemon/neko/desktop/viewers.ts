import { errorText } from '@shared/errors'
import type { Logger } from '@shared/log'
import type { Machine, Unlisten } from '../machine/machine'
import type { Point } from '../geometry'
import { encodeServerMessage } from '../protocol/channel'
import type { Candidate, ClientPayload } from '../protocol/events'
import type { AudioRequest, PeerVideo, Settings, VideoRequest } from '../protocol/types'
import type { Control } from './control'
import { readMessage } from './data'
import type { Packetizer } from './packetize'
import type { Session } from './session'
import type { Sessions } from './sessions'
import { type IceOptions, Viewer } from './viewer'

/** The one stream that there is. */
const STREAM = 'main'
/** How often it is told where the pointer is. */
const POINTER_MS = 40

/** What is needed of the room. */
interface Room {
  readonly machine: Machine
  readonly log: Logger
  readonly sessions: Sessions
  readonly control: Control
  readonly settings: Settings
  isShutOut(session: Session): boolean
}

/** Those who see and hear the machine, each by a connection of its own. */
export class Viewers {
  private readonly open = new Map<Session, Viewer>()
  private image: Uint8Array | undefined
  private position: Point | undefined
  private readonly endCursor: Unlisten
  private pointerTimer: ReturnType<typeof setInterval> | undefined
  private isLooking = false
  /** Of the microphones the one that began last is heard. */
  private speaker: Viewer | undefined
  private readonly spoken = new WeakSet<Viewer>()

  constructor(
    private readonly room: Room,
    private readonly options: { ice: IceOptions; packetizer: Packetizer },
  ) {
    this.endCursor = room.machine.onCursor((cursor) => {
      const { x: hotX, y: hotY } = cursor.hotspot
      const { width, height, png } = cursor
      const image = encodeServerMessage({ kind: 'image', width, height, hotX, hotY, png: new Uint8Array(png) })
      this.image = image
      for (const viewer of this.open.values()) viewer.write(image)
    })
  }

  list(): [Session, Viewer][] {
    return [...this.open]
  }

  /** Makes a new connection, in the place of the one before. The client has to answer what it is sent. */
  async request(session: Session, { video, audio }: ClientPayload<'signal/request'>): Promise<void> {
    if (!session.profile.can_watch) return
    await this.close(session)
    const viewer = this.make(session)
    this.open.set(session, viewer)
    session.viewer = viewer
    viewer.setPaused(this.room.isShutOut(session))
    const isVideoOff = viewer.setVideo(video?.disabled ?? false)
    const isAudioOff = viewer.setAudio(audio?.disabled ?? false)
    this.tunePointer()
    const sdp = await viewer.offer().catch((error) => viewer.fail(`it cannot be offered: ${errorText(error)}`))
    if (sdp === undefined || this.open.get(session) !== viewer) return
    const iceservers = this.options.ice.servers
    session.send('signal/provide', { sdp, iceservers, video: peerVideo(isVideoOff), audio: { disabled: isAudioOff } })
  }

  private make(session: Session): Viewer {
    const { machine, log } = this.room
    const isCurrent = () => session.viewer === viewer
    const viewer: Viewer = new Viewer({
      machine,
      packetizer: this.options.packetizer,
      ice: this.options.ice,
      log,
      send: (event, payload) => session.send(event, payload),
      onOpen: () => {
        if (this.image) viewer.write(this.image)
        this.tellPointer(session, viewer)
      },
      onMessage: (message) => readMessage(message, this.room, session, viewer),
      onWatching: (is) => {
        // The one that was replaced says that it has gone when the next one is there already.
        if (!is && session.viewer !== undefined && !isCurrent()) return
        session.setWatching(is)
        this.room.sessions.tellState(session)
      },
      onMicrophone: (packet) => this.hear(session, viewer, packet),
      onClosed: (why) => {
        log.info('a viewer is gone', { session: session.id, why })
        this.forget(session, viewer)
        session.send('signal/close', null)
      },
    })
    return viewer
  }

  private hear(session: Session, viewer: Viewer, packet: Uint8Array): void {
    if (!session.profile.can_share_media || packet.length === 0) return
    if (this.speaker === undefined || !this.spoken.has(viewer)) this.speaker = viewer
    this.spoken.add(viewer)
    if (this.speaker === viewer) this.room.machine.microphone(packet)
  }

  async answer(session: Session, sdp: string): Promise<void> {
    await session.viewer?.answer(sdp)
  }

  async accept(session: Session, sdp: string): Promise<void> {
    const answer = await session.viewer?.accept(sdp)
    if (answer !== undefined) session.send('signal/answer', { sdp: answer })
  }

  /** Not waited for: the name that a browser hides its address behind takes seconds to look up. */
  candidate(session: Session, candidate: Candidate): void {
    session.viewer?.addCandidate(candidate).catch((error) => {
      this.room.log.debug('a candidate was of no use', { session: session.id, error: errorText(error) })
    })
  }

  async restart(session: Session): Promise<void> {
    const sdp = await session.viewer?.offer(true)
    if (sdp !== undefined) session.send('signal/restart', { sdp })
  }

  setVideo(session: Session, { disabled }: VideoRequest): void {
    const { viewer } = session
    if (viewer) session.send('signal/video', peerVideo(viewer.setVideo(disabled)))
  }

  setAudio(session: Session, { disabled }: AudioRequest): void {
    const { viewer } = session
    if (viewer) session.send('signal/audio', { disabled: viewer.setAudio(disabled) })
  }

  /** After the private mode or somebody's profile has changed. */
  pauseSome(): void {
    for (const [session, viewer] of this.open) viewer.setPaused(this.room.isShutOut(session))
  }

  private show(point: Point): void {
    if (point.x === this.position?.x && point.y === this.position.y) return
    this.position = point
    for (const [session, viewer] of this.open) this.tellPointer(session, viewer)
  }

  private tellPointer(session: Session, viewer: Viewer): void {
    if (!this.position || this.room.control.isHost(session)) return
    const { x, y } = this.position
    viewer.write(encodeServerMessage({ kind: 'cursor', x, y }), true)
  }
  /** Programs move the pointer too; it is looked for only while somebody sees it. */
  private tunePointer(): void {
    if (this.open.size === 0) {
      clearInterval(this.pointerTimer)
      this.pointerTimer = undefined
    } else this.pointerTimer ??= setInterval(() => void this.look(), POINTER_MS)
  }

  private async look(): Promise<void> {
    const { control, machine, log } = this.room
    const isWanted = [...this.open.keys()].some((session) => !control.isHost(session))
    if (this.isLooking || !isWanted) return
    this.isLooking = true
    try {
      this.show(await machine.pointer())
    } catch (error) {
      log.debug('the pointer was not found', { error: errorText(error) })
    } finally {
      this.isLooking = false
    }
  }

  private forget(session: Session, viewer: Viewer): void {
    if (this.open.get(session) === viewer) this.open.delete(session)
    if (session.viewer === viewer) session.viewer = undefined
    if (this.speaker === viewer) this.speaker = undefined
    this.tunePointer()
  }

  async close(session: Session): Promise<void> {
    const { viewer } = session
    if (!viewer) return
    this.forget(session, viewer)
    await viewer.close()
  }

  async closeAll(): Promise<void> {
    this.endCursor()
    const all = [...this.open.keys()]
    await Promise.all(all.map((session) => this.close(session)))
  }
}

const peerVideo = (disabled: boolean): PeerVideo => ({ disabled, id: STREAM, video: STREAM, auto: false })
