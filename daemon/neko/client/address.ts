import { NekodeError } from '@shared/errors'

/** Where a Neko server is: `http(s)://host[:port][/prefix]`, without a slash at the end. */
export type Base = string

const SOCKET_PATH = '/api/ws'

/**
 * The base address out of what somebody typed. A prefix of the path stays; `/api/ws`, a query and a fragment go.
 * @throws NekodeError invalid `neko_address`
 */
export function parseBase(text: string): Base {
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`)
  const scheme = url && { 'http:': 'http', 'https:': 'https', 'ws:': 'http', 'wss:': 'https' }[url.protocol]
  if (!url || !scheme || url.hostname === '')
    throw new NekodeError('invalid', `${masked(text)} is no address of a Neko server.`, {
      code: 'neko_address',
      next: 'Give it as http://host:8080, or as https://host/prefix where it is below a path.',
    })
  if (url.username !== '' || url.password !== '')
    throw new NekodeError('invalid', 'The address of the Neko server holds a name and a password.', {
      code: 'neko_address',
      next: 'Leave them out, and give them as NEKO_USER and NEKO_PASS.',
    })
  const path = url.pathname.replace(/\/+$/, '')
  return `${scheme}://${url.host}${path.endsWith(SOCKET_PATH) ? path.slice(0, -SOCKET_PATH.length) : path}`
}

/**
 * The two things that a full WebSocket address says: where the server is, and the token of a session.
 * @throws NekodeError invalid `neko_address` or `neko_token_missing`
 */
export function parseSocketUrl(text: string): { base: Base; token: string } {
  const url = URL.parse(text)
  if (!url || !/^(ws|http)s?:$/.test(url.protocol))
    throw new NekodeError('invalid', `${masked(text)} is no WebSocket address.`, {
      code: 'neko_address',
      next: 'Give it as wss://host/api/ws?token=…, or give the server’s address with a name and a password.',
    })
  if (!url.pathname.replace(/\/+$/, '').endsWith(SOCKET_PATH))
    throw new NekodeError('invalid', `${masked(text)} is not where a Neko v3 server has its WebSocket.`, {
      code: 'neko_address',
      next: `The path ends in ${SOCKET_PATH}; /ws alone is of Neko v2.`,
    })
  const token = url.searchParams.get('token') ?? ''
  if (token === '')
    throw new NekodeError('invalid', 'The WebSocket address holds no token.', {
      code: 'neko_token_missing',
      next: 'Add ?token=…, or give the server’s address with a name and a password.',
    })
  return { base: parseBase(text), token }
}

/** The WebSocket's address. The token is in the query because that is what every Neko server and every proxy before one lets through. */
export function socketUrl(base: Base, token: string): string {
  return `${base.replace(/^http/, 'ws')}${SOCKET_PATH}?token=${encodeURIComponent(token)}`
}

/** A text without the tokens, and the names and passwords, that addresses in it hold. */
export function masked(text: string): string {
  return text
    .replace(/([?&](?:token|password|pwd)=)[^&\s"'#]*/gi, '$1***')
    .replace(/([a-z][a-z0-9+.-]*:\/\/)[^\s/@?#]+@/gi, '$1***@')
}
