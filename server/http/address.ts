import type { Context } from 'hono'
import type { Edge } from '../listener/listener'

/** A host and an optional port, and nothing else: what may become part of an address that others follow. */
const HOST = /^(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/i

export interface AddressOptions {
  /** The configured public address. */
  baseUrl: string | undefined
  /** Reverse proxies whose X-Forwarded headers are believed. */
  trustProxy: number
  /** Where the server listens, for when a request says nothing usable. */
  fallback: string
  /** Called for the first request that came through a proxy that nobody declared. */
  onProxy?: () => void
}

/** What proxies add to the requests that they pass on. */
const FORWARDED = ['x-forwarded-for', 'forwarded', 'x-real-ip', 'via']
const isForwarded = (headers: Headers): boolean => FORWARDED.some((name) => headers.has(name))

/** Who a request comes from, and what the server is called from there. */
export class Addresses {
  #told = false

  constructor(private readonly options: AddressOptions) {}

  /** The caller's address: the connection's, or what the outermost trusted proxy saw. */
  client = (c: Context): string => this.of(c.req.raw.headers, () => edgeOf(c)?.peer ?? '')

  /** As `client`, of a request that came over any listener. */
  of = (headers: Headers, peer: () => string): string => {
    const { trustProxy } = this.options
    if (!trustProxy) {
      if (!this.#told && isForwarded(headers)) {
        this.#told = true
        this.options.onProxy?.()
      }
      return peer()
    }
    const seen = (headers.get('x-forwarded-for') ?? '').split(',').map((part) => part.trim())
    return seen.at(-trustProxy) || peer()
  }

  /**
   * Whether the caller is on this machine. A request that came through a proxy is not, whatever the connection says; nor is one of a web
   * page whose name was made to lead here.
   */
  isLocal(c: Context): boolean {
    const peer = edgeOf(c)?.peer ?? ''
    const named = /^(localhost|127\.[0-9.]+|\[::1\])(:\d+)?$/i.test(c.req.header('host') ?? '')
    return named && !isForwarded(c.req.raw.headers) && (peer === '::1' || peer.startsWith('127.'))
  }

  /** Whether the browser sees https. */
  isSecure(c: Context): boolean {
    return this.origin(c).startsWith('https:')
  }

  /** Whether a trusted proxy says that it was reached by https. */
  cameSecurely = (headers: Headers): boolean =>
    this.options.trustProxy > 0 && headers.get('x-forwarded-proto')?.split(',').at(-1)?.trim() === 'https'

  /** The address under which the caller reached the server: `https://host:port`. */
  origin(c: Context): string {
    const { trustProxy, baseUrl, fallback } = this.options
    const edge = edgeOf(c)
    const forwarded = (name: string): string | undefined =>
      trustProxy ? c.req.header(name)?.split(',').at(-1)?.trim() : undefined
    const host = forwarded('x-forwarded-host') ?? c.req.header('host')
    if (!host || !HOST.test(host)) return baseUrl ? new URL(baseUrl).origin : fallback
    const base = baseUrl ? new URL(baseUrl) : undefined
    // A proxy that ends TLS and is not declared as trusted still passes the host on.
    const secure =
      edge?.tls || forwarded('x-forwarded-proto') === 'https' || (base?.host === host && base.protocol === 'https:')
    return `${secure ? 'https' : 'http'}://${host}`
  }

  /** The public address for others to use: the configured one, else the one that this caller uses. No slash at the end. */
  publicUrl(c: Context): string {
    return this.options.baseUrl ?? this.origin(c)
  }
}

/** The connection of a request; undefined where a handler is called without the listener. */
export function edgeOf(c: Context): Edge | undefined {
  const edge: Edge | undefined = c.env
  return edge
}
