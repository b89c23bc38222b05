import type { Context } from 'hono'
import { enterer } from '../auth/enter'
import type { Core } from '../core'
import type { Addresses } from '../http/address'
import { authenticate } from '../http/authenticate'
import { normalise } from '../http/errors'
import type { Mount } from '../http/route'
import type { OidcService } from './service'

const COOKIE = 'nekode_oidc'
const PATH = '/api/auth/oidc'

export function oidcRoutes(mount: Mount, oidc: OidcService, addresses: Addresses, { log, credentials }: Core): void {
  const { cookie: sessionCookie, from } = enterer(addresses)
  const redirectUri = (c: Context): string => `${addresses.publicUrl(c)}${PATH}/callback`

  /** `Lax`: the browser comes back from another site, and has to bring it. */
  const cookie = (c: Context, value: string, maxAge: number): string =>
    new Bun.Cookie(COOKIE, value, {
      path: PATH,
      httpOnly: true,
      sameSite: 'lax',
      secure: addresses.isSecure(c),
      maxAge,
    }).toString()

  const redirect = (to: string, ...cookies: string[]): Response => {
    const headers = new Headers({ location: to, 'cache-control': 'no-store' })
    for (const each of cookies) headers.append('set-cookie', each)
    return new Response(null, { status: 303, headers })
  }

  /** The console says what happened, in the reader's language. The code is for programs and holds nothing of anybody. */
  const failed = (c: Context, error: unknown): Response => {
    const known = normalise(error)
    log.warn('a login through the identity provider failed', { code: known.code, error: known.cause ?? known.message })
    return redirect(`/#login=${encodeURIComponent(known.code)}`, cookie(c, '', 0))
  }

  /** Whose session the browser has; one that has ended is none. */
  const userOf = async (c: Context): Promise<string | undefined> => {
    const principal = await authenticate(c.req.raw, credentials).catch(() => undefined)
    return principal?.kind === 'user' && principal.csrf !== null ? principal.id : undefined
  }

  mount('GET /api/auth/oidc', async () => oidc.status())
  mount('GET /api/auth/oidc/start', async ({ c }) => {
    try {
      const { url, sealed, maxAgeSeconds } = await oidc.begin(redirectUri(c))
      return redirect(url, cookie(c, sealed, maxAgeSeconds))
    } catch (error) {
      return failed(c, error)
    }
  })
  mount('POST /api/auth/oidc/link', async ({ c, principal, headers }) => {
    const { url, sealed, maxAgeSeconds } = await oidc.begin(redirectUri(c), principal)
    headers['set-cookie'] = cookie(c, sealed, maxAgeSeconds)
    return { url }
  })
  mount('GET /api/auth/oidc/callback', async ({ c, address }) => {
    try {
      const callback = new URL(redirectUri(c))
      callback.search = new URL(c.req.url).search
      const sealed = new Bun.CookieMap(c.req.header('cookie') ?? '').get(COOKIE)
      const brought = { sealed: sealed ?? undefined, userId: await userOf(c) }
      const login = await oidc.finish(callback, redirectUri(c), brought, from({ c, address }))
      if (!login) return redirect('/settings/account', cookie(c, '', 0))
      const session = sessionCookie({ c }, login.token, login.session.expiresAt)
      return redirect('/', session, cookie(c, '', 0))
    } catch (error) {
      return failed(c, error)
    }
  })
}
