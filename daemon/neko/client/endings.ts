import { NekodeError, type ErrorKind } from '@shared/errors'

/** Why a connection ended, and what that means for the next one. */
export interface Ending {
  error: NekodeError
  /**
   * `again`: the same session is tried again. `login`: its token is worth nothing, a login gives another. `never`: somebody meant it to end, and trying
   * again would work against them.
   */
  retry: 'again' | 'login' | 'never'
}

const ending = (retry: Ending['retry'], kind: ErrorKind, code: string, message: string, next: string): Ending => ({
  error: new NekodeError(kind, message, { code, next }),
  retry,
})

/** What a server says before it ends a connection (`system/disconnect`). */
const said: Record<string, () => Ending> = {
  'no authentication provided': () =>
    ending(
      'login',
      'unauthenticated',
      'neko_token_missing',
      'The Neko server got no token.',
      'Check what stands between: a proxy may cut the query off the address.',
    ),
  'session not found': () =>
    ending(
      'login',
      'unauthenticated',
      'neko_session_unknown',
      'The Neko server does not know this session any more.',
      'Get a new token, or give a name and a password, so that a new one is got when it is needed.',
    ),
  'session login disabled': () =>
    ending(
      'never',
      'forbidden',
      'neko_login_disabled',
      'The Neko server does not let this session log in.',
      'An administrator of the server has to allow it.',
    ),
  'connection disabled': () =>
    ending(
      'never',
      'forbidden',
      'neko_connection_disabled',
      'The Neko server does not let this session connect.',
      'An administrator has to allow it; the token of the API cannot connect at all: log in with a name and a password.',
    ),
  'already connected': () =>
    ending(
      'again',
      'conflict',
      'neko_already_connected',
      'This session is connected already.',
      'Close its other connection, or let the server replace it (merciful reconnect).',
    ),
  'connection replaced': () =>
    ending(
      'never',
      'conflict',
      'neko_replaced',
      'Another connection has taken over this session.',
      'Give each connection a login of its own.',
    ),
  'session deleted': () =>
    ending(
      'never',
      'gone',
      'neko_session_deleted',
      'This session was ended: it was logged out, deleted, or its user logged in anew.',
      'Log in again if that was not meant.',
    ),
  'session disconnected': () =>
    ending(
      'never',
      'forbidden',
      'neko_kicked',
      'An administrator disconnected this session.',
      'Ask them, then connect again.',
    ),
  'profile changed': () =>
    ending(
      'never',
      'forbidden',
      'neko_profile_changed',
      'An administrator took the right to connect from this session.',
      'Ask them, then connect again.',
    ),
  'connection shutdown': () =>
    ending(
      'again',
      'unavailable',
      'neko_shutdown',
      'The Neko server is shutting down.',
      'Wait until it is there again.',
    ),
}

export function endingOf(message: string): Ending {
  const known = Object.hasOwn(said, message) ? said[message] : undefined
  return known?.() ?? lost(`the server says: ${message.replace(/\p{Cc}+/gu, ' ').slice(0, 200)}`)
}

/** The end of a connection of which nothing was said. */
export const lost = (why: string): Ending =>
  ending(
    'again',
    'unavailable',
    'neko_connection_lost',
    `The connection to the Neko server is gone: ${why.replace(/\.+$/, '')}.`,
    'Check the server and the network.',
  )
