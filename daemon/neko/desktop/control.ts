import type { Machine } from '../machine/machine'
import type { Settings } from '../protocol/types'
import { REQUEST_MS } from './limits'
import { forbidden, Refusal, unprocessable } from './refusal'
import type { Session } from './session'

/** Keysyms of what a client can ask for by name. */
const CONTROL_L = 0xffe3
const KEYS = { cut: 0x78, copy: 0x63, paste: 0x76, select_all: 0x61 }

export interface ControlOptions {
  machine: Machine
  settings: () => Settings
  /** Tells everybody who steers now. */
  changed(actor: Session, host: Session | undefined): void
}

/** Who steers. One session at a time; every input goes through here. */
export class Control {
  private current: Session | undefined
  /** When the host of now was told last of whom. */
  private asked = new WeakMap<Session, number>()

  constructor(private readonly options: ControlOptions) {}

  get host(): Session | undefined {
    return this.current
  }

  isHost(session: Session): boolean {
    return this.current === session
  }

  /** @throws Refusal 403 or 422 when the session may not steer whatever others do */
  mayHost(session: Session): void {
    if (!session.profile.can_host) throw forbidden('session cannot host')
    if (this.options.settings().private_mode && !session.profile.is_admin)
      throw unprocessable('private mode is enabled')
  }

  /**
   * Becomes host if nobody is, or if that is not asked; else the host hears who wants to be.
   * @param mayTake over REST nobody loses the control, implicit hosting or not
   * @returns whether the session is host now
   * @throws Refusal 403 when controls are locked
   */
  request(session: Session, mayTake = true): boolean {
    this.mayHost(session)
    if (this.current === session) return true
    const { locked_controls: isLocked, implicit_hosting: isImplicit } = this.options.settings()
    if (isLocked && !session.profile.is_admin) throw forbidden('controls are locked')
    if (this.current !== undefined && !(isImplicit && mayTake)) {
      this.tell(this.current, session)
      return false
    }
    this.give(session, session)
    return true
  }

  private tell(host: Session, session: Session): void {
    const now = performance.now()
    if (now - (this.asked.get(session) ?? -REQUEST_MS) < REQUEST_MS) return
    this.asked.set(session, now)
    host.send('control/request', { id: session.id })
  }

  /** Whether an input of the session counts. One that does not is dropped; the host may have been asked. */
  admits(session: Session): boolean {
    if (this.current === session) return this.steers(session)
    try {
      return this.request(session)
    } catch (error) {
      if (error instanceof Refusal) return false
      throw error
    }
  }

  /** Whether it is host, and may be. */
  steers(session: Session): boolean {
    const isBarred = this.options.settings().private_mode && !session.profile.is_admin
    return this.current === session && session.profile.can_host && !isBarred
  }

  give(actor: Session, to: Session): void {
    if (this.current === to) return
    this.options.machine.reset()
    this.asked = new WeakMap()
    this.current = to
    this.options.changed(actor, to)
  }

  /** Nobody steers from now on. */
  release(actor: Session): void {
    this.options.machine.reset()
    if (this.current === undefined) return
    this.current = undefined
    this.options.changed(actor, undefined)
  }

  /** Down and up again; what is held is let go of before and after, as Neko does it. */
  pressButton(code: number): void {
    const { machine } = this.options
    machine.reset()
    machine.button(code, true)
    machine.reset()
  }

  pressKey(...keysyms: number[]): void {
    const { machine } = this.options
    machine.reset()
    for (const keysym of keysyms) machine.key(keysym, true)
    machine.reset()
  }

  chord(name: keyof typeof KEYS): void {
    this.pressKey(CONTROL_L, KEYS[name])
  }
}
