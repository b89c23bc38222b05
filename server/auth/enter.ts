import type { Context } from 'hono'
import type { Addresses } from '../http/address'
import { COOKIE } from '../http/authenticate'
import type { From, Login } from './service'

export const CSRF = 'x-csrf-token'

/** What the answers of a login need of a request. */
export interface Call {
  c: Context
  address: string
  headers: Record<string, string>
}

/** Hands sessions out. */
export function enterer(addresses: Addresses) {
  const cookie = ({ c }: Pick<Call, 'c'>, value: string, expiresAt: number): string =>
    new Bun.Cookie(COOKIE, value, {
      path: '/',
      httpOnly: true,
      sameSite: 'lax',
      secure: addresses.isSecure(c),
      expires: new Date(expiresAt),
    }).toString()

  return {
    cookie,
    from: ({ c, address }: Pick<Call, 'c' | 'address'>): From => ({
      address,
      userAgent: c.req.header('user-agent') ?? '',
    }),
    /** A browser gets its session as a cookie that scripts cannot read, a program as text. */
    enter: (call: Call, { session, token }: Login, asText: boolean | undefined): Login['session'] => {
      call.headers[CSRF] = session.csrf
      if (asText) return { ...session, token }
      call.headers['set-cookie'] = cookie(call, token, session.expiresAt)
      return session
    },
  }
}
