import type { Addresses } from '../http/address'
import { cookieOf } from '../http/authenticate'
import type { Mount } from '../http/route'
import type { OidcService } from '../oidc/service'
import { CSRF, enterer } from './enter'
import type { AuthService } from './service'

export function authRoutes(mount: Mount, auth: AuthService, addresses: Addresses, oidc: OidcService): void {
  const { cookie, enter, from } = enterer(addresses)

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
    const throughProvider = await auth.logout(call.principal)
    call.headers['set-cookie'] = cookie(call, '', 0)
    const next = throughProvider ? await oidc.logoutUrl(addresses.publicUrl(call.c)) : undefined
    return { ok: true, ...(next === undefined ? {} : { next }) }
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
  mount('DELETE /api/auth/sessions', async ({ principal, address }) => ({
    ended: await auth.endOtherSessions(principal, address),
  }))
  mount('DELETE /api/auth/sessions/{id}', async ({ principal, params, address }) => {
    await auth.endSession(principal, params.id, address)
    return { ok: true }
  })
  mount('POST /api/auth/password', async ({ principal, body, address }) => {
    await auth.changePassword(principal, body, address)
    return { ok: true }
  })
}
