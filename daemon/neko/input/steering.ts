import { NekodeError } from '@shared/errors'
import type { Room } from '../client/room'

/**
 * Whether the server would take an input from this session: it steers, or would at its first input. A server drops all other
 * input without a word.
 * @throws NekodeError forbidden `may_not_host`, `private_mode`, `controls_locked`; conflict `not_host`; unavailable without a connection
 */
export function checkSteering(room: Room): void {
  const { settings, sessions, sessionId, hostId } = room.state
  const profile = sessions.get(sessionId)?.profile
  if (profile?.can_host === false) {
    throw new NekodeError('forbidden', 'This session may watch, but not steer.', {
      code: 'may_not_host',
      next: 'Ask an administrator of the server for the right to host.',
    })
  }
  const isAdmin = profile?.is_admin === true
  if (settings.private_mode && !isAdmin) {
    throw new NekodeError('forbidden', 'The room is in private mode: only administrators steer.', {
      code: 'private_mode',
      next: 'Wait until an administrator ends it.',
    })
  }
  if (room.isHost) return
  if (settings.locked_controls && !isAdmin) {
    throw new NekodeError('forbidden', 'The controls are locked: only administrators steer.', {
      code: 'controls_locked',
      next: 'Wait until an administrator unlocks them.',
    })
  }
  if (hostId === null || settings.implicit_hosting) return
  const name = sessions.get(hostId)?.profile.name ?? hostId
  throw new NekodeError('conflict', `${name} steers at the moment.`, {
    code: 'not_host',
    next: 'Ask for it with “host” and wait until it is let go of; an administrator takes it with “force-take”.',
    data: { hostId },
  })
}
