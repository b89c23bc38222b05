import type { Point } from '../geometry'
import type { Machine } from '../machine/machine'
import type { ClientEvent, ClientPayload } from '../protocol/events'
import type { Desk } from './desk'
import type { Session } from './session'

/** An event of a client, which was checked already. What it throws is logged; the client hears nothing of it. */
export type Handler<E extends ClientEvent> = (
  desk: Desk,
  session: Session,
  payload: ClientPayload<E>,
) => void | Promise<void>

interface Placed {
  x?: number | undefined
  y?: number | undefined
}

/** Input that somebody steers with: the first of it makes host when nobody is. */
const steering =
  <P>(act: (machine: Machine, payload: P, desk: Desk) => void) =>
  (desk: Desk, session: Session, payload: P): void => {
    if (desk.control.admits(session)) act(desk.machine, payload, desk)
  }

const goTo = (machine: Machine, { x, y }: Placed): void => {
  if (x !== undefined && y !== undefined) machine.move({ x, y })
}

type Button = ClientPayload<'control/buttondown'>
type Key = ClientPayload<'control/keydown'>

const button = (down: boolean) =>
  steering<Button>((machine, at) => {
    goTo(machine, at)
    machine.button(at.code, down)
  })

const key = (down: boolean) =>
  steering<Key>((machine, at) => {
    goTo(machine, at)
    machine.key(at.keysym, down)
  })

const chord = (name: 'cut' | 'copy' | 'select_all') => steering((_machine, _payload, desk) => desk.control.chord(name))

/** The machine has a pointer only: a finger is its left button. */
export const LEFT = 1

export const inputs = {
  'control/move': steering<Point>((machine, { x, y }) => machine.move({ x, y })),
  'control/scroll': steering<ClientPayload<'control/scroll'>>((machine, given) => {
    const { dx, dy } = wheelOf(given)
    machine.wheel(dx, dy, given.control_key ?? false)
  }),
  'control/buttonpress': steering<Button>((machine, at, desk) => {
    goTo(machine, at)
    desk.control.pressButton(at.code)
  }),
  'control/buttondown': button(true),
  'control/buttonup': button(false),
  'control/keypress': steering<Key>((machine, at, desk) => {
    goTo(machine, at)
    desk.control.pressKey(at.keysym)
  }),
  'control/keydown': key(true),
  'control/keyup': key(false),
  'control/touchbegin': steering<ClientPayload<'control/touchbegin'>>((machine, at) => {
    machine.move(at)
    machine.button(LEFT, true)
  }),
  'control/touchupdate': steering<ClientPayload<'control/touchupdate'>>((machine, at) => machine.move(at)),
  'control/touchend': steering<ClientPayload<'control/touchend'>>((machine, at) => {
    machine.move(at)
    machine.button(LEFT, false)
  }),
  'control/cut': chord('cut'),
  'control/copy': chord('copy'),
  'control/select_all': chord('select_all'),
  'control/paste': async (desk, session, { text }) => {
    if (!desk.control.admits(session)) return
    if (text) {
      if (!session.profile.can_access_clipboard) return
      await desk.machine.setClipboard({ text })
      // Whoever steers may have changed while the clipboard was set.
      if (!desk.control.isHost(session)) return
    }
    desk.control.chord('paste')
  },
} satisfies { [E in ClientEvent]?: Handler<E> }

/** Notches at once: nobody means more of them. */
const NOTCHES = 100

/** Up and left are positive. The `x` and `y` of older clients count when both deltas are 0. */
function wheelOf(given: ClientPayload<'control/scroll'>): { dx: number; dy: number } {
  const { delta_x: dx, delta_y: dy } = given
  const old = (value: unknown) => (typeof value === 'number' ? Math.trunc(value) : 0)
  if (dx === 0 && dy === 0) return { dx: notches(old(given['x'])), dy: notches(old(given['y'])) }
  return { dx: notches(dx), dy: notches(dy) }
}

export const notches = (value: number): number => Math.max(-NOTCHES, Math.min(NOTCHES, value))
