import type { ScreenRefusal, ScreenReport, ScreenState, ScreenWish } from '@shared/contract/screens'
import { errorText, NekodeError } from '@shared/errors'
import type { Logger } from '@shared/log'
import { Hands } from './hands'
import type { HandBack, LiveScreen, LiveScreens } from './live'
import { Pump, Seat } from './pump'

export interface StageOptions {
  agentId: string
  screens: LiveScreens
  log: Logger
  /** How long somebody who steers is waited for when their connection is gone. Default 30 s. */
  graceMs?: number
  /** After so long without an input somebody does not steer any more. Default 15 min. */
  idleMs?: number
}

export interface Visitor {
  /** Of the person, whichever page they look from. */
  userId: string
  name: string
  mayTakeOver: boolean
  report(report: ScreenReport): void
  picture(picture: Uint8Array<ArrayBuffer>): void
}

const GRACE_MS = 30_000
const IDLE_MS = 15 * 60_000
/** From saying that something did not get there to saying it again. */
const REFUSED_MS = 2000

interface Guest {
  visitor: Visitor
  seat: Seat
}

interface Steering {
  userId: string
  name: string
  /** Undefined while their connection is gone. */
  guest: Guest | undefined
  ready: boolean
  hands: Hands
  timer: Timer | undefined
}

/** A visitor's way to the stage. */
export interface Visit {
  wish(wish: ScreenWish): void
  rights(mayTakeOver: boolean): void
  leave(): void
}

/** One agent's screen and everybody who looks at it. One person at a time steers, and an agent never waits for somebody who is gone. */
export class Stage {
  readonly #guests = new Set<Guest>()
  readonly #graceMs: number
  readonly #idleMs: number
  #live: LiveScreen | undefined
  #pump: Pump | undefined
  #ends: (() => void)[] = []
  #steering: Steering | undefined
  #refusedAt = 0
  #unwatch: () => void

  constructor(private readonly options: StageOptions) {
    this.#graceMs = options.graceMs ?? GRACE_MS
    this.#idleMs = options.idleMs ?? IDLE_MS
    this.#unwatch = options.screens.onChange(options.agentId, () => this.#follow())
    this.#follow()
  }

  /** Nobody is here and nobody is waited for. */
  get isEmpty(): boolean {
    return this.#guests.size === 0 && !this.#steering
  }

  close(): void {
    this.#unwatch()
    this.#endSteering('lost')
    this.#leaveSession()
  }

  join(visitor: Visitor): Visit {
    const seat = new Seat(
      (picture) => visitor.picture(picture),
      () => this.#pump?.wake(),
    )
    const guest = { visitor, seat }
    this.#guests.add(guest)
    this.#pump?.add(seat)
    this.#tell()
    return {
      wish: (wish) => this.#wish(guest, wish),
      rights: (may) => {
        visitor.mayTakeOver = may
        if (!may && this.#steering?.guest === guest) this.#endSteering('lost')
      },
      leave: () => this.#leave(guest),
    }
  }

  #leave(guest: Guest): void {
    this.#guests.delete(guest)
    this.#pump?.remove(guest.seat)
    const steering = this.#steering
    if (steering?.guest === guest) {
      steering.guest = undefined
      steering.hands.release()
      this.#countDown(steering)
    }
    this.#tell()
  }

  /** The agent's session begins, ends or is another one. */
  #follow(): void {
    const live = this.options.screens.get(this.options.agentId)
    if (live === this.#live) return
    this.#leaveSession()
    this.#live = live
    if (live) {
      this.#pump = new Pump(live.frames, this.options.log)
      for (const { seat } of this.#guests) {
        seat.restart()
        this.#pump.add(seat)
      }
      const tell = (): void => this.#tell()
      this.#ends = [
        live.task.onChange(tell),
        live.room.onChange('up', tell),
        live.room.onChange('down', tell),
        live.room.onChange('host', ({ mine }) => {
          if (!mine && live.room.connected && this.#steering?.ready) this.#endSteering('taken')
          else this.#tell()
        }),
        live.room.on('screen/updated', tell),
      ]
    }
    this.#tell()
  }

  #leaveSession(): void {
    const steering = this.#steering
    this.#steering = undefined
    if (steering) {
      clearTimeout(steering.timer)
      steering.hands.close()
      steering.guest?.visitor.report({ type: 'handed_back', why: 'ended' })
    }
    for (const end of this.#ends.splice(0)) end()
    this.#pump?.stop()
    this.#pump = undefined
    this.#live = undefined
  }

  #wish(guest: Guest, wish: ScreenWish): void {
    switch (wish.type) {
      case 'view':
        return guest.seat.view(wish.width, wish.height)
      case 'ack':
        return guest.seat.ack(wish.picture, Date.now())
      case 'take_over':
        return void this.#takeOver(guest)
      case 'hand_back':
        if (this.#steering?.guest === guest) this.#endSteering('asked')
        return
      default:
        return this.#act(guest, wish)
    }
  }

  async #takeOver(guest: Guest): Promise<void> {
    const { visitor } = guest
    const live = this.#live
    if (!visitor.mayTakeOver) return refuse(guest, 'not_allowed', 'You may watch this screen, but not take it over.')
    if (!live) return refuse(guest, 'no_session', 'The agent has no screen now.')
    const before = this.#steering
    if (before) return this.#takeAlong(before, guest)
    const { userId, name } = visitor
    const hands = new Hands(live.room, (error) => this.#notTyped(error))
    const steering: Steering = { userId, name, guest, ready: false, hands, timer: undefined }
    this.#steering = steering
    this.#tell()
    try {
      await live.task.takeOver(name)
      if (this.#steering !== steering) return
      await live.room.acquire()
      if (this.#steering !== steering) return
      steering.ready = true
      this.#countDown(steering)
      this.#pump?.steered(true)
      this.#tell()
    } catch (error) {
      if (this.#steering !== steering) return
      this.#endSteering('lost')
      if (!(error instanceof NekodeError)) this.options.log.warn('a screen could not be taken over', { error })
      refuse(guest, 'desktop_refused', errorText(error).slice(0, 500))
    }
  }

  /** Who steers, or was waited for, goes on from another page. */
  #takeAlong(steering: Steering, guest: Guest): void {
    if (steering.userId !== guest.visitor.userId)
      return refuse(guest, 'somebody_steers', `${steering.name} steers now.`)
    if (steering.guest === guest) return
    steering.hands.release()
    steering.guest?.visitor.report({ type: 'handed_back', why: 'elsewhere' })
    steering.guest = guest
    this.#countDown(steering)
    this.#tell()
  }

  #act(guest: Guest, wish: Exclude<ScreenWish, { type: 'view' | 'ack' | 'take_over' | 'hand_back' }>): void {
    const steering = this.#steering
    // What was on its way when they handed back.
    if (steering?.guest !== guest || !steering.ready) return
    const { hands } = steering
    this.#countDown(steering)
    if (wish.type === 'move') hands.move(wish)
    else if (wish.type === 'button') hands.button(wish.button, wish.down, wish)
    else if (wish.type === 'wheel') hands.wheel(wish.right, wish.down, wish)
    else if (wish.type === 'key') hands.key(wish.key, wish.code, wish.down)
    else if (wish.type === 'text') hands.text(wish.text)
    else if (wish.type === 'paste') hands.paste(wish.text)
    else hands.release()
    this.#pump?.poke()
  }

  /** Said once, not for each move of a mouse. */
  #notTyped(error: NekodeError): void {
    const guest = this.#steering?.guest
    if (!guest || Date.now() - this.#refusedAt < REFUSED_MS) return
    this.#refusedAt = Date.now()
    refuse(guest, 'not_typed', error.message.slice(0, 500))
  }

  /** Nobody is waited for without an end. */
  #countDown(steering: Steering): void {
    clearTimeout(steering.timer)
    const isAway = steering.guest === undefined
    const end = (): void => {
      if (this.#steering === steering) this.#endSteering(isAway ? 'gone' : 'idle')
    }
    steering.timer = setTimeout(end, isAway ? this.#graceMs : this.#idleMs)
  }

  #endSteering(why: HandBack | 'taken'): void {
    const steering = this.#steering
    if (!steering) return
    this.#steering = undefined
    clearTimeout(steering.timer)
    steering.hands.close()
    this.#pump?.steered(false)
    this.#live?.task.handBack(steering.name, why === 'taken' ? 'lost' : why)
    // Whoever else is at the desktop may steer while the agent has nothing to do.
    if (this.#live?.task.state === 'idle' && this.#live.room.connected) this.#live.room.release()
    steering.guest?.visitor.report({ type: 'handed_back', why })
    this.#tell()
  }

  #tell(): void {
    for (const guest of this.#guests) guest.visitor.report(this.#stateFor(guest))
  }

  #stateFor(guest: Guest): ScreenState {
    const live = this.#live
    // Before the first connection there is nothing to be asked.
    const { width, height } = live?.room.connected ? live.room.size : { width: 0, height: 0 }
    return {
      type: 'state',
      phase: live ? 'live' : 'none',
      reason: live ? '' : this.options.screens.reason(this.options.agentId).slice(0, 500),
      width,
      height,
      connected: live?.room.connected ?? false,
      task: live?.task.state ?? 'idle',
      steering: this.#steeringFor(guest),
      viewers: this.#guests.size,
    }
  }

  #steeringFor(guest: Guest): ScreenState['steering'] {
    const { userId, name, guest: at, ready } = this.#steering ?? {}
    if (userId === undefined || name === undefined) return this.#withoutPerson()
    const you = at === guest
    const phase = !at ? 'away' : ready ? 'steering' : 'taking'
    return { by: 'person', name, you, elsewhere: !you && userId === guest.visitor.userId, phase }
  }

  #withoutPerson(): ScreenState['steering'] {
    const room = this.#live?.room
    if (!room?.connected) return { by: 'nobody' }
    if (room.isHost) return { by: 'agent' }
    return { by: room.state.hostId === null ? 'nobody' : 'other' }
  }
}

const refuse = (guest: Guest, code: ScreenRefusal['code'], message: string): void =>
  guest.visitor.report({ type: 'refused', code, message })
