import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import type { RouteContext } from './http'

const NAME = 'NEKO_SESSION'
const DAY_SECONDS = 86_400

/** How a client shows who it is: the token is in its hands, or in a cookie that pages cannot read. */
export interface Credentials {
  cookies: boolean
}

/** The token of a request, from where Neko looks for it and in that order: a cookie wins, even a stale one. */
export function tokenOf(request: Request, { cookies }: Credentials): string | undefined {
  const cookie = cookies ? cookieOf(request.headers.get('cookie') ?? '') : undefined
  const bearer = /^Bearer (\S+)$/i.exec(request.headers.get('authorization') ?? '')?.[1]
  return cookie ?? bearer ?? (new URL(request.url).searchParams.get('token') || undefined)
}

const cookieOf = (header: string): string | undefined =>
  header
    .split(';')
    .map((pair) => pair.trim())
    .find((pair) => pair.startsWith(`${NAME}=`))
    ?.slice(NAME.length + 1)

export function putCookie(c: RouteContext, token: string): void {
  // Browsers take a Secure cookie from localhost, too. Lax: no other site uses it.
  setCookie(c, NAME, token, { secure: true, httpOnly: true, sameSite: 'Lax', path: '/', maxAge: DAY_SECONDS })
}

export function dropCookie(c: RouteContext): void {
  if (getCookie(c, NAME) !== undefined) deleteCookie(c, NAME, { secure: true, path: '/' })
}
