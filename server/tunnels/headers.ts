import { HOP_BY_HOP } from '@shared/hop'
import { type Fields, MAX_HEADER_BYTES } from '@shared/tunnel/frames'
import { COOKIE } from '../http/authenticate'

/** Of one connection only (RFC 9110, 7.6.1), and what would make the application believe a proxy of its own is in front of it. */
const HOP = new Set([...HOP_BY_HOP, 'http2-settings', 'expect'])
/** What proxies tell each other, and the server its daemons: nobody outside says it. */
const INTERNAL = /^(?:x-nekode-|x-forwarded|x-real-ip$|forwarded$|via$|cf-|true-client-ip$|x-client-ip$)/
/** The server's own tokens, whatever header they are in. */
const TOKEN = /\bn(?:us|up|at)_[A-Za-z0-9_-]{20,}|\bndt_[A-Za-z0-9_-]{20,}/
/** What would reach beyond the preview: its cookies' whole site, its host for a year, other addresses for it. */
const CONFINED = new Set([
  'clear-site-data',
  'strict-transport-security',
  'alt-svc',
  'public-key-pins',
  'nel',
  'report-to',
  'reporting-endpoints',
])

/** Cookies of the server have names that no application can use. */
const isOurs = (name: string): boolean => /^(?:__(?:host|secure)-)?nekode[_-]/i.test(name) || name === COOKIE

export interface Place {
  /** Of the preview, as the browser has it. */
  origin: string
  /** Port of the application. */
  port: number
}

/** Where the application believes to be. */
const localOf = ({ port }: Place): string => `http://localhost:${port}`

/**
 * A browser's header fields as the application gets them: none of a single connection, none of the server's, and the addresses as if
 * the browser were on the computer.
 * @returns undefined when they are more than is passed on
 */
export function toUpstream(headers: Headers, place: Place): Fields | undefined {
  const named = connectionNamed(headers.get('connection'))
  const fields: Fields = []
  let size = 0
  for (const [name, value] of headers) {
    if (HOP.has(name) || named.has(name) || INTERNAL.test(name) || name === 'host' || name === 'content-length')
      continue
    const kept = requestField(name, value, place)
    if (kept === undefined) continue
    size += name.length + kept.length
    if (size > MAX_HEADER_BYTES) return undefined
    fields.push([name, kept])
  }
  const length = headers.get('content-length')
  if (length !== null && /^\d{1,15}$/.test(length)) fields.push(['content-length', length])
  fields.push(['host', `localhost:${place.port}`])
  fields.push(['x-forwarded-host', new URL(place.origin).host])
  fields.push(['x-forwarded-proto', new URL(place.origin).protocol.replace(':', '')])
  return fields
}

function requestField(name: string, value: string, place: Place): string | undefined {
  if (name === 'cookie') return withoutOurs(value)
  if (TOKEN.test(value)) return undefined
  if (name === 'origin') return value === place.origin ? localOf(place) : value
  if (name === 'referer') {
    const url = URL.parse(value)
    return url?.origin === place.origin ? localOf(place) + url.pathname + url.search : undefined
  }
  return value
}

function withoutOurs(cookies: string): string | undefined {
  const kept = cookies
    .split(';')
    .map((cookie) => cookie.trim())
    .filter((cookie) => cookie !== '' && !isOurs(cookie.split('=', 1)[0] ?? '') && !TOKEN.test(cookie))
  return kept.length ? kept.join('; ') : undefined
}

/** An application's header fields as the browser gets them. */
export function toBrowser(fields: Fields, place: Place): Headers {
  const headers = new Headers()
  const named = connectionNamed(fields.find(([name]) => name.toLowerCase() === 'connection')?.[1] ?? null)
  for (const [given, value] of fields) {
    const name = given.toLowerCase()
    if (HOP.has(name) || named.has(name) || name.startsWith('x-nekode-') || CONFINED.has(name)) continue
    if (name === 'set-cookie') {
      const cookie = confine(value)
      if (cookie !== undefined) headers.append(name, cookie)
    } else if (name === 'location' || name === 'content-location') headers.set(name, relocate(value, place))
    else headers.append(name, value)
  }
  // What is being worked on is for no search engine, and its address for no other site.
  headers.set('x-robots-tag', 'noindex, nofollow')
  if (!headers.has('referrer-policy')) headers.set('referrer-policy', 'same-origin')
  return headers
}

/** A cookie of this host alone, and none that the server would read. */
function confine(cookie: string): string | undefined {
  const [pair = '', ...attributes] = cookie.split(';')
  const name = pair.split('=', 1)[0]?.trim() ?? ''
  if (name === '' || isOurs(name)) return undefined
  return [pair, ...attributes.filter((attribute) => !/^\s*domain\s*(=|$)/i.test(attribute))].join(';')
}

/** An address of the application on its own computer, as the browser reaches it. */
function relocate(location: string, { port, origin }: Place): string {
  const url = URL.parse(location)
  const local = url && ['localhost', '127.0.0.1', '[::1]', '0.0.0.0'].includes(url.hostname)
  if (!url || !local || url.protocol !== 'http:' || Number(url.port || 80) !== port) return location
  return origin + url.pathname + url.search + url.hash
}

const connectionNamed = (connection: string | null): Set<string> =>
  new Set(
    (connection ?? '')
      .split(',')
      .map((name) => name.trim().toLowerCase())
      .filter(Boolean),
  )
