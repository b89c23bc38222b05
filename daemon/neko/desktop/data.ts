import type { Machine } from '../machine/machine'
import { type ClientMessage, decodeClientMessage, encodeServerMessage } from '../protocol/channel'
import type { Settings } from '../protocol/types'
import type { Control } from './control'
import { LEFT, notches } from './inputs'
import type { Session } from './session'
import type { Viewer } from './viewer'

/** The room, as a message on the data channel sees it. */
export interface DataRoom {
  readonly machine: Machine
  readonly control: Control
  readonly settings: Settings
}

/**
 * A message on the data channel. Only of whoever steers already does it reach the machine: unlike the same event on the WebSocket it makes
 * nobody host. What anybody else moves is a cursor that others may see.
 */
export function readMessage(bytes: Uint8Array, room: DataRoom, session: Session, viewer: Viewer): void {
  const message = decodeClientMessage(bytes)
  if (!message) return
  if (message.kind === 'ping')
    return viewer.write(encodeServerMessage({ kind: 'pong', sentAt: message.sentAt, serverAt: Date.now() }))
  if (room.control.steers(session)) return act(room.machine, message)
  const isSeen = room.settings.inactive_cursors && session.profile.sends_inactive_cursor
  if (message.kind === 'move' && isSeen) session.putCursor({ x: message.x, y: message.y })
}

function act(machine: Machine, message: ClientMessage): void {
  switch (message.kind) {
    case 'move':
    case 'touchupdate':
      return machine.move(message)
    case 'scroll':
      return machine.wheel(notches(message.dx), notches(message.dy), message.control)
    case 'keydown':
    case 'keyup':
      return void machine.key(message.keysym, message.kind === 'keydown')
    case 'buttondown':
    case 'buttonup':
      return void machine.button(message.code, message.kind === 'buttondown')
    case 'touchbegin':
    case 'touchend':
      machine.move(message)
      return void machine.button(LEFT, message.kind === 'touchbegin')
  }
}
