import type { ServerEvent, ServerPayload } from '../protocol/events'
import type { Profile } from '../protocol/types'
import { GRACE_MS, SESSIONS } from './limits'
import { randomText } from './members'
import { Refusal } from './refusal'
import { envelope, type Outlet, Session } from './session'

/** What the rest of the desktop does when somebody comes or goes. Each is called after the change. */
export interface SessionHooks {
  connected(session: Session): void
  disconnected(session: Session): void
  /** It is no longer in the list. */
  deleted(session: Session): void
  profileChanged(session: Session): void
}

/** Everybody who logged in, and is told what happens. */
export class Sessions {
  private readonly byId = new Map<string, Session>()
  private readonly byToken = new Map<string, Session>()
  private readonly leaving = new Map<Session, ReturnType<typeof setTimeout>>()
  private lastLeft: { user?: Date; admin?: Date } = {}

  constructor(private readonly hooks: SessionHooks) {}

  list(): Session[] {
    return [...this.byId.values()]
  }

  get(id: string): Session | undefined {
    return this.byId.get(id)
  }

  withToken(token: string): Session | undefined {
    return this.byToken.get(token)
  }

  /** Numbers of those who are connected, and when the last of each kind left. */
  counts(): { users: number; admins: number; userLeft?: string; adminLeft?: string } {
    const connected = this.list().filter(({ isConnected }) => isConnected)
    const admins = connected.filter(({ profile }) => profile.is_admin).length
    const users = connected.length - admins
    const { user, admin } = this.lastLeft
    return {
      users,
      admins,
      ...(users === 0 && user ? { userLeft: user.toISOString() } : {}),
      ...(admins === 0 && admin ? { adminLeft: admin.toISOString() } : {}),
    }
  }

  /** @param name of whoever logs in; each login makes a session of its own */
  create(name: string, profile: Profile): Session {
    this.makeRoom()
    const session = new Session(`${name}-${randomText(5)}`, randomText(64), profile)
    this.byId.set(session.id, session)
    this.byToken.set(session.token, session)
    this.broadcast('session/created', session.info)
    return session
  }

  private makeRoom(): void {
    if (this.byId.size < SESSIONS) return
    const away = this.list().filter(({ isConnected }) => !isConnected)
    const oldest = away.reduce<Session | undefined>(
      (least, one) => (least === undefined || one.leftAtMs < least.leftAtMs ? one : least),
      undefined,
    )
    if (oldest === undefined) throw new Refusal(503, 'too many sessions')
    this.remove(oldest)
  }

  /** Logs it out: the token is worth nothing any more. */
  remove(session: Session): void {
    if (!this.byId.delete(session.id)) return
    this.byToken.delete(session.token)
    this.end(session, 'session deleted')
    this.broadcast('session/deleted', { id: session.id })
    this.hooks.deleted(session)
  }

  /** A client has connected; one that was connected as the same session is cut off. */
  connect(session: Session, outlet: Outlet): void {
    this.stay(session)
    const former = session.outlet
    session.outlet = outlet
    if (former) dismiss(former, 'connection replaced')
    session.setConnected(true)
    this.hooks.connected(session)
  }

  /**
   * The connection of a client is gone.
   * @param isMeant it said goodbye: then it is not waited for
   */
  lost(session: Session, outlet: Outlet, isMeant: boolean): void {
    if (session.outlet !== outlet || !session.isConnected) return
    if (isMeant) return this.leave(session)
    this.stay(session)
    this.leaving.set(
      session,
      setTimeout(() => this.leave(session), GRACE_MS),
    )
  }

  /** Ends the connection, if there is one, and says why. */
  end(session: Session, message: string): void {
    const { outlet } = session
    if (outlet) dismiss(outlet, message)
    this.leave(session)
  }

  setProfile(session: Session, profile: Profile): void {
    session.profile = profile
    this.hooks.profileChanged(session)
    this.broadcast('session/profile', { ...profile, id: session.id })
    if (!profile.can_connect || !profile.can_login) this.end(session, 'profile changed')
  }

  tellState(session: Session): void {
    this.broadcast('session/state', { ...session.state, id: session.id })
  }

  /** To all who are connected, or those of them who are chosen. */
  broadcast<E extends ServerEvent>(
    event: E,
    payload: ServerPayload<E>,
    chosen: (session: Session) => boolean = () => true,
  ): void {
    let text: string | undefined
    for (const session of this.byId.values()) {
      if (session.outlet && chosen(session)) session.outlet.send((text ??= envelope(event, payload)))
    }
  }

  close(): void {
    for (const session of this.byId.values()) {
      this.stay(session)
      if (session.outlet) dismiss(session.outlet, 'connection shutdown')
      session.outlet = undefined
    }
  }

  private stay(session: Session): void {
    clearTimeout(this.leaving.get(session))
    this.leaving.delete(session)
  }

  private leave(session: Session): void {
    this.stay(session)
    session.outlet = undefined
    if (!session.isConnected) return
    session.setConnected(false)
    this.lastLeft[session.profile.is_admin ? 'admin' : 'user'] = new Date()
    this.hooks.disconnected(session)
    this.tellState(session)
  }
}

/** Says why, and cuts off. */
export function dismiss(outlet: Outlet, message: string): void {
  outlet.send(envelope('system/disconnect', { message }))
  outlet.end()
}
