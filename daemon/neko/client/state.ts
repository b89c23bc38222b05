import { NekodeError } from '@shared/errors'
import type { ServerEvent, ServerPayload } from '../protocol/events'
import type { ControlHost, Profile, SessionInfo } from '../protocol/types'
import type { Emitter } from './emitter'
import type { RoomState } from './room'

export type ServerEvents = { [E in ServerEvent]: ServerPayload<E> }

interface Known extends RoomState {
  sessions: Map<string, SessionInfo>
}

const hostOf = ({ has_host: hasHost, host_id: hostId }: ControlHost): string | null => (hasHost ? (hostId ?? '') : null)

/** What is known of the room: each connection begins with all of it (`system/init`), later events change parts. */
export class Knowledge {
  #known: Known | undefined

  /** It has to hear of events before everybody who asks it. */
  constructor(events: Emitter<ServerEvents>) {
    events.on('system/init', (init) => (this.#known = begin(init)))
    const change = <E extends ServerEvent>(event: E, apply: (known: Known, payload: ServerEvents[E]) => void): void =>
      void events.on(event, (payload) => {
        if (this.#known) apply(this.#known, payload)
      })
    change('system/admin', (known, { screen_sizes_list: sizes, broadcast_status: broadcast }) => {
      known.screenSizes = sizes ?? []
      known.broadcast = broadcast
    })
    change('system/settings', (known, settings) => (known.settings = settings))
    change('broadcast/status', (known, status) => (known.broadcast = status))
    change('control/host', (known, control) => (known.hostId = hostOf(control)))
    change('screen/updated', (known, { width, height, rate }) => (known.screen = { width, height, rate }))
    change('session/created', (known, session) => known.sessions.set(session.id, session))
    change('session/deleted', (known, { id }) => known.sessions.delete(id))
    change('session/profile', (known, { id, ...profile }) => revise(known, id, (session) => ({ ...session, profile })))
    change('session/state', (known, { id, ...state }) => revise(known, id, (session) => ({ ...session, state })))
    change('chat/init', (known, { enabled }) => (known.chat = enabled))
    change('filetransfer/update', (known, files) => (known.files = files))
    change('file_chooser_dialog/opened', (known) => (known.chooserOpen = true))
    change('file_chooser_dialog/closed', (known) => (known.chooserOpen = false))
  }

  /** @throws NekodeError unavailable `neko_not_connected` before the first connection */
  get state(): RoomState {
    if (this.#known) return this.#known
    throw new NekodeError('unavailable', 'There is no connection to the Neko server yet.', {
      code: 'neko_not_connected',
    })
  }

  get isHost(): boolean {
    return this.#known !== undefined && this.#known.hostId === this.#known.sessionId
  }

  /** What this session may do. */
  get profile(): Profile | undefined {
    return this.#known?.sessions.get(this.#known.sessionId)?.profile
  }
}

function begin(init: ServerPayload<'system/init'>): Known {
  return {
    sessionId: init.session_id,
    screen: init.screen_size,
    hostId: hostOf(init.control_host),
    settings: init.settings,
    sessions: new Map(Object.entries(init.sessions)),
    touch: init.touch_events,
    screencast: init.screencast_enabled,
    videos: init.webrtc.videos ?? [],
    chat: false,
    chooserOpen: false,
  }
}

function revise(known: Known, id: string, change: (session: SessionInfo) => SessionInfo): void {
  const session = known.sessions.get(id)
  if (session) known.sessions.set(id, change(session))
}
