import { NekodeError } from '@shared/errors'
import type { Context } from 'hono'

export interface PublicUrls {
  /** Where people and scripts reach this server (`NEKODE_BASE_URL`). Default: where the request came to. */
  baseUrl?: string | undefined
  /** Where daemons reach it, when that is another address (`NEKODE_DAEMON_RPC_URL`). */
  daemonUrl?: string | undefined
  /** How many reverse proxies in front of this server set X-Forwarded headers. Default: none, and those headers mean nothing. */
  trustProxy?: number | undefined
}

/** Names, IPv4 and bracketed IPv6 with an optional port. A URL parser lets quotes and `$(…)` through, which a shell would not. */
const HOST = /^(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i

/** The address of this server for scripts and commands, without a slash at the end. Throws `host_invalid`. */
export function baseUrlOf(c: Context, urls: PublicUrls): string {
  if (urls.baseUrl) return trimmed(urls.baseUrl)
  const own = new URL(c.req.url)
  const forwarded = (name: string): string | undefined => nthLast(c.req.header(name), urls.trustProxy ?? 0)
  const protocol = forwarded('x-forwarded-proto') ?? own.protocol.replace(':', '')
  const host = forwarded('x-forwarded-host') ?? own.host
  if (!HOST.test(host) || !/^https?$/.test(protocol))
    throw new NekodeError('invalid', 'The Host header of this request is not a host name.', {
      code: 'host_invalid',
      next: 'Use the server’s real address, or set NEKODE_BASE_URL on the server.',
    })
  return `${protocol}://${host}`
}

/** The address that daemons connect to. */
export const daemonUrlOf = (c: Context, urls: PublicUrls): string =>
  urls.daemonUrl ? trimmed(urls.daemonUrl) : baseUrlOf(c, urls)

// What a person copies goes through two shells; characters that mean something to them are written as a URL may write them.
const trimmed = (url: string): string =>
  url.replace(/\/+$/, '').replace(/['"`$()\\]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)

/** What the outermost trusted proxy said: each appends its own word, and what stands before those is the client's. */
function nthLast(header: string | undefined, proxies: number): string | undefined {
  if (!header || proxies < 1) return undefined
  const words = header.split(',').map((word) => word.trim())
  return (words.at(-proxies) ?? words[0]) || undefined
}
