import { errorText } from '@shared/errors'
import type { Logger } from '@shared/log'
import type { Machine, ScreenSize, Unlisten } from '../machine/machine'
import type { Settings } from '../protocol/types'
import { Broadcast } from './broadcast'
import { Chat } from './chat'
import { Control } from './control'
import { Files } from './files'
import { CURSORS_MS } from './limits'
import type { Passwords } from './members'
import { Packetizer } from './packetize'
import { Pictures } from './pictures'
import type { Session } from './session'
import { Sessions } from './sessions'
import { DEFAULT_SETTINGS } from '../protocol/defaults'
import { Viewers } from './viewers'
import type { IceOptions } from './viewer'

export interface DeskOptions {
  machine: Machine
  passwords: Passwords
  ice: IceOptions
  log: Logger
  /** Folder of the file transfer; undefined: there is none. */
  files: string | undefined
  settings: Partial<Settings>
}

/** One room: a machine, and those who see and steer it. */
export class Desk {
  readonly machine: Machine
  readonly log: Logger
  readonly passwords: Passwords
  readonly sessions: Sessions
  readonly control: Control
  readonly viewers: Viewers
  readonly pictures: Pictures
  readonly chat: Chat
  readonly files: Files
  readonly broadcast: Broadcast
  readonly startedAt = new Date()
  settings: Settings
  private readonly ends: Unlisten[] = []
  private cursorsTimer: ReturnType<typeof setInterval> | undefined
  private hadCursors = false

  constructor(o: DeskOptions) {
    this.machine = o.machine
    this.log = o.log
    this.passwords = o.passwords
    this.settings = { ...DEFAULT_SETTINGS, ...o.settings }
    this.sessions = new Sessions({
      connected: (session) => this.welcome(session),
      disconnected: (session) => this.left(session),
      deleted: (session) => void this.viewers.close(session),
      profileChanged: (session) => this.profileChanged(session),
    })
    this.control = new Control({
      machine: o.machine,
      settings: () => this.settings,
      changed: (actor, host) => this.hostChanged(actor, host),
    })
    this.viewers = new Viewers(this, { ice: o.ice, packetizer: new Packetizer() })
    this.pictures = new Pictures(o.machine)
    this.chat = new Chat(this)
    this.files = new Files(this, o.files)
    this.broadcast = new Broadcast(o.machine, o.log, (status) =>
      this.sessions.broadcast('broadcast/status', status, ({ profile }) => profile.is_admin),
    )
    this.listen()
  }

  private listen(): void {
    this.ends.push(
      this.machine.onClipboard(() => void this.tellClipboard()),
      this.machine.onChooser((isOpen) => {
        const id = this.control.host?.id ?? ''
        if (isOpen) this.sessions.broadcast('file_chooser_dialog/opened', { id })
        else this.sessions.broadcast('file_chooser_dialog/closed', { id: '' })
      }),
    )
    this.tuneCursors()
  }

  /** Whether it may neither see nor steer because of the private mode. */
  isShutOut(session: Session): boolean {
    return this.settings.private_mode && !session.profile.is_admin
  }

  /** @param actor who changed them */
  async setSettings(actor: Session, settings: Settings): Promise<void> {
    const before = this.settings
    if (settings.private_mode && !before.private_mode) await this.pictures.keep()
    this.settings = settings
    this.sessions.broadcast('system/settings', { ...settings, id: actor.id })
    if (settings.private_mode !== before.private_mode) this.viewers.pauseSome()
    if (settings.inactive_cursors !== before.inactive_cursors) this.tuneCursors()
    if (JSON.stringify(settings.plugins) !== JSON.stringify(before.plugins)) void this.files.tellAll()
  }

  /** @returns what the screen is now */
  async setScreen(actor: Session, wanted: ScreenSize): Promise<ScreenSize> {
    const screen = await this.machine.resize(wanted)
    this.pictures.forget()
    this.sessions.broadcast('screen/updated', { ...screen, id: actor.id })
    return screen
  }

  get host(): { has_host: boolean; host_id?: string } {
    const { host } = this.control
    return host ? { has_host: true, host_id: host.id } : { has_host: false }
  }

  private welcome(session: Session): void {
    session.send('system/init', {
      session_id: session.id,
      control_host: { id: '', ...this.host },
      screen_size: { ...this.machine.size },
      sessions: Object.fromEntries(this.sessions.list().map((one) => [one.id, one.info])),
      settings: this.settings,
      touch_events: false,
      screencast_enabled: true,
      webrtc: { videos: ['main'] },
    })
    if (session.profile.is_admin) {
      session.send('system/admin', {
        screen_sizes_list: this.machine.sizes().map((size) => ({ ...size })),
        broadcast_status: this.broadcast.status,
      })
      this.protectControls(session, false)
    }
    this.sessions.tellState(session)
    this.chat.welcome(session)
    void this.files.tell(session)
    session.send('openinapp/init', { enabled: false })
  }

  private left(session: Session): void {
    if (this.control.isHost(session)) this.control.release(session)
    void this.viewers.close(session)
    const isLastAdmin = session.profile.is_admin && this.sessions.counts().admins === 0
    if (isLastAdmin) this.protectControls(session, true)
  }

  /** With control protection nobody steers unless an admin is there. */
  private protectControls(actor: Session, isLocked: boolean): void {
    if (!this.settings.control_protection || this.settings.locked_controls === isLocked) return
    void this.setSettings(actor, { ...this.settings, locked_controls: isLocked })
  }

  private profileChanged(session: Session): void {
    if (!session.profile.can_host && this.control.isHost(session)) this.control.release(session)
    if (!session.profile.can_watch) void this.viewers.close(session)
    this.viewers.pauseSome()
  }

  private hostChanged(actor: Session, host: Session | undefined): void {
    this.sessions.broadcast('control/host', {
      id: actor.id,
      has_host: host !== undefined,
      ...(host ? { host_id: host.id } : {}),
    })
  }

  /** Only the host hears what was copied. */
  private async tellClipboard(): Promise<void> {
    const { host } = this.control
    if (!host?.profile.can_access_clipboard) return
    try {
      const { text } = await this.machine.clipboard()
      if (text !== undefined && this.control.isHost(host)) host.send('clipboard/updated', { text })
    } catch (error) {
      this.log.debug('the clipboard could not be read', { error: errorText(error) })
    }
  }

  private tuneCursors(): void {
    clearInterval(this.cursorsTimer)
    this.cursorsTimer = this.settings.inactive_cursors ? setInterval(() => this.tellCursors(), CURSORS_MS) : undefined
  }

  private tellCursors(): void {
    const cursors = this.sessions
      .list()
      .map((session) => ({ id: session.id, cursors: session.takeCursors().map((point) => ({ ...point })) }))
      .filter((one) => one.cursors.length > 0)
    // Once more when there are none: then those that were drawn are to go.
    if (cursors.length === 0 && !this.hadCursors) return
    this.hadCursors = cursors.length > 0
    this.sessions.broadcast('session/cursors', cursors, ({ profile }) => profile.can_see_inactive_cursors)
  }

  async close(): Promise<void> {
    clearInterval(this.cursorsTimer)
    for (const end of this.ends) end()
    this.files.close()
    this.sessions.close()
    await Promise.all([this.viewers.closeAll(), this.broadcast.stop()])
  }
}
