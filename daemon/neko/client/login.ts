import { NekodeError } from '@shared/errors'
import { z } from 'zod'
import { Profile, SessionState } from '../protocol/types'
import { type CallOptions, type Http, parseJson } from './http'

const Answer = z.looseObject({ id: z.string(), token: z.string().optional(), profile: Profile, state: SessionState })

export interface Login {
  /** Usable as bearer and as `?token=`, whichever way it came. */
  token: string
  sessionId: string
  profile: Profile
}

/**
 * Logs in, and gives the token of the new session: out of the answer, or out of its cookie where the server has cookies on.
 * @throws NekodeError unauthenticated `neko_login_failed`; conflict when the user is connected already; forbidden when logins are locked
 */
export async function login(
  http: Http,
  { username, password }: { username: string; password: string },
  options: CallOptions = {},
): Promise<Login> {
  const { body, headers } = await http
    .answer('POST', '/api/login', { ...options, json: { username, password } })
    .catch(explain)
  const { data } = Answer.safeParse(parseJson(body))
  if (!data)
    throw new NekodeError('unavailable', `What answers at ${http.base} is no Neko v3 server.`, {
      code: 'neko_answer',
      next: 'Check the address, and that the server is Neko v3.',
    })
  const token = data.token || cookieToken(headers)
  if (token) return { token, sessionId: data.id, profile: data.profile }
  throw new NekodeError('unavailable', 'The Neko server let us in, but gave no token.', {
    code: 'neko_token_missing',
    next: 'Check what stands between: a proxy may take the cookie out of the answer.',
  })
}

/** Ends the session on the server. */
export async function logout(http: Http, options: CallOptions = {}): Promise<void> {
  await http.done('POST', '/api/logout', options)
}

function explain(error: unknown): never {
  if (!(error instanceof NekodeError) || error.kind !== 'unauthenticated') throw error
  throw new NekodeError('unauthenticated', 'The Neko server does not accept this name and password.', {
    code: 'neko_login_failed',
    next: 'Check NEKO_USER and NEKO_PASS.',
  })
}

/** The cookie's name can be changed on the server; what looks like its tokens is one. */
function cookieToken(headers: Headers): string | undefined {
  const pairs = headers.getSetCookie().map((cookie) => /^\s*([^=;]+)=([^;]*)/.exec(cookie))
  const named =
    pairs.find((pair) => pair?.[1] === 'NEKO_SESSION') ?? pairs.find((pair) => /^[\w-]{64}$/.test(pair?.[2] ?? ''))
  return named?.[2] || undefined
}
