import { COOKIE, cookieOf } from '../http/authenticate'
import type { Addresses } from '../http/address'
import type { Mount, RouteInput } from '../http/route'
import type { AuthService, From, Login } from './service'

const CSRF = 'x-csrf-token'

export function authRoutes(mount: Mount, auth: AuthService, addresses: Addresses): void {
  type Call = Pick<RouteInput<'POST /api/auth/login'>, 'c' | 'address' | 'headers'>
  const from = ({ c, address }: Call): From => ({ address, userAgent: c.req.header('user-agent') ?? '' })

  /** A browser gets its session as a cookie that scripts cannot read, a program as text. */
  const enter = (call: Call, { session, token }: Login, asText: boolean | undefined): Login['session'] => {
    call.headers[CSRF] = session.csrf
    if (asText) return { ...session, token }
    call.headers['set-cookie'] = cookie(call, token, session.expiresAt)
    return session
  }

  const cookie = ({ c }: Call, value: string, expiresAt: number): string =>
    new Bun.Cookie(COOKIE, value, {
      path: '/',
      httpOnly: true,
      sameSite: 'lax',
      secure: addresses.isSecure(c),
      expires: new Date(expiresAt),
    }).toString()

  mount('GET /api/auth/setup-status', async () => auth.setupStatus())
  mount('POST /api/auth/bootstrap', async (call) => {
    const { token, ...input } = call.body
    return enter(call, await auth.bootstrap(input, from(call)), token)
  })
  mount('POST /api/auth/login', async (call) => {
    const { token, ...input } = call.body
    return enter(call, await auth.login(input, from(call)), token)
  })
  mount('POST /api/auth/logout', async (call) => {
    await auth.logout(call.principal)
    call.headers['set-cookie'] = cookie(call, '', 0)
    return { ok: true }
  })
  mount('GET /api/auth/me', async (call) => {
    const { principal } = call
    const expiresAt = await auth.renew(principal)
    const token = cookieOf(call.c.req.header('cookie') ?? null)
    if (principal.csrf !== null) call.headers[CSRF] = principal.csrf
    if (expiresAt !== undefined && token !== undefined) call.headers['set-cookie'] = cookie(call, token, expiresAt)
    return auth.me(principal)
  })
  mount('GET /api/auth/sessions', async ({ principal }) => ({ items: await auth.sessions(principal) }))
  mount('DELETE /api/auth/sessions/{id}', async ({ principal, params, address }) => {
    await auth.endSession(principal, params.id, address)
    return { ok: true }
  })
  mount('POST /api/auth/password', async ({ principal, body, address }) => {
    await auth.changePassword(principal, body, address)
    return { ok: true }
  })
}
