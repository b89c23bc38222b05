import { NekodeError } from '@shared/errors'
import type { Principal } from '../access/principal'
import type { Credentials } from '../auth/credentials'

export const COOKIE = 'nekode_session'
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Whom a request stands for: a bearer token, or the browser's session cookie. A cookie alone changes nothing: a mutating
 * request has to repeat the session's CSRF token, which only our own pages can read.
 */
export async function authenticate(request: Request, credentials: Credentials): Promise<Principal> {
  const bearer = bearerOf(request.headers.get('authorization'))
  if (bearer !== undefined) return credentials.resolve(bearer)
  const cookie = cookieOf(request.headers.get('cookie'))
  if (cookie === undefined) return { kind: 'guest' }
  const principal = await credentials.resolve(cookie)
  if (principal.kind !== 'user' || principal.csrf === null)
    throw new NekodeError('unauthenticated', 'A token cannot be used as a session cookie.', { code: 'token_invalid' })
  if (!SAFE.has(request.method) && request.headers.get('x-csrf-token') !== principal.csrf)
    throw new NekodeError('forbidden', 'The request did not come from the console.', {
      code: 'csrf',
      next: 'Reload the page. Programs send “Authorization: Bearer …” instead of a cookie.',
    })
  return principal
}

export function bearerOf(header: string | null): string | undefined {
  if (header === null) return undefined
  const match = /^bearer +(\S+)$/i.exec(header)
  if (!match?.[1])
    throw new NekodeError('unauthenticated', 'The Authorization header is not “Bearer” and a token.', {
      code: 'token_invalid',
    })
  return match[1]
}

export const cookieOf = (header: string | null): string | undefined =>
  header
    ?.split(';')
    .map((part) => part.trim())
    .find((part) => part.startsWith(`${COOKIE}=`))
    ?.slice(COOKIE.length + 1)
