import { NekodeError } from '@shared/errors'
import ipaddr from 'ipaddr.js'
import { lookup } from 'node:dns/promises'
import http from 'node:http'
import https from 'node:https'

/** Where a request may go that would otherwise be refused: addresses and blocks as `10.1.2.3` or `10.0.0.0/8`. */
export type AllowedBlock = readonly [address: ipaddr.IPv4 | ipaddr.IPv6, bits: number]

export interface GuardedOptions {
  /** What may be reached besides the public Internet. Default: nothing. */
  allow?: readonly AllowedBlock[]
  /** All addresses of a name. Default: the system's resolver. */
  resolve?: (name: string) => Promise<string[]>
  /** For a request that names no time of its own. Default 10 s. */
  timeoutMs?: number
}

export interface GuardedRequest {
  method: 'GET' | 'POST' | 'PUT'
  url: string
  headers?: Record<string, string>
  body?: string
  /** For the whole exchange, redirects and the look-up of names included. */
  timeoutMs?: number
  /** Of the answer. Default 64 KiB. */
  maxBytes?: number
  /** Default 3. */
  maxRedirects?: number
  signal?: AbortSignal
}

/** One whose body is no text. */
export interface GuardedUpload extends Omit<GuardedRequest, 'body'> {
  body: Uint8Array
}

export interface GuardedResponse {
  status: number
  headers: Record<string, string>
  /** Cut at `maxBytes`. */
  text: string
}

const TIMEOUT_MS = 10_000
const MAX_BYTES = 64 << 10
const MAX_REDIRECTS = 3
const MAX_URL = 2000

/** Public by its range, but answered by the host that a virtual machine runs on: https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16 */
const HOSTS_OF_CLOUDS = new Set(['168.63.129.16'])

/** A block of `NEKODE_OUTGOING_ALLOW`. Throws on anything else. */
export function parseBlock(text: string): AllowedBlock {
  if (text.includes('/')) return ipaddr.parseCIDR(text)
  const address = ipaddr.parse(text)
  return [address, address.kind() === 'ipv4' ? 32 : 128]
}

/** Whether an address is on the public Internet, or in one of the blocks that are allowed besides. */
export function isReachable(text: string, allow: readonly AllowedBlock[] = []): boolean {
  if (!ipaddr.isValid(text)) return false
  const address = ipaddr.process(text)
  if (allow.some(([block, bits]) => address.kind() === block.kind() && address.match(block, bits))) return true
  // Everything with a meaning of its own is refused, also the ranges that carry an IPv4 address inside.
  return address.range() === 'unicast' && !HOSTS_OF_CLOUDS.has(address.toString())
}

/**
 * The address of a request that a user gave, when it can be one at all.
 * @throws NekodeError invalid `url_invalid`
 */
export function parseUrl(text: string): URL {
  const url = text.length <= MAX_URL ? URL.parse(text) : null
  if (!url || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '' || url.hostname === '')
    throw new NekodeError('invalid', 'This is not an http:// or https:// address without a user name in it.', {
      code: 'url_invalid',
    })
  return url
}

/**
 * Requests to addresses that users gave. Names are looked up first, every address that they stand for is checked, and the connection goes
 * to the address that was checked; so does each redirect. Proxies of the environment are not used, because they would look names up again.
 */
export class GuardedFetch {
  constructor(private readonly options: GuardedOptions = {}) {}

  /**
   * @throws NekodeError forbidden `address_forbidden`; unavailable `unreachable`, `timeout`, `too_many_redirects`. None of them tells the
   * path of the address, which may hold a secret.
   */
  async fetch(request: GuardedRequest | GuardedUpload): Promise<GuardedResponse> {
    const timeout = AbortSignal.timeout(request.timeoutMs ?? this.options.timeoutMs ?? TIMEOUT_MS)
    const signal = request.signal ? AbortSignal.any([timeout, request.signal]) : timeout
    let next: Hop = { ...request, url: parseUrl(request.url), headers: { ...request.headers } }
    for (let left = request.maxRedirects ?? MAX_REDIRECTS; ; left--) {
      const answer = await this.#exchange(next, request.maxBytes ?? MAX_BYTES, signal).catch((error: unknown) => {
        throw explain(error, next.url, timeout.aborted)
      })
      const to = redirection(answer, next)
      if (!to) return answer
      if (left <= 0)
        throw new NekodeError('unavailable', `${next.url.host} redirects too many times.`, {
          code: 'too_many_redirects',
          next: 'Give the address that it finally leads to.',
        })
      next = to
    }
  }

  async #exchange(hop: Hop, maxBytes: number, signal: AbortSignal): Promise<GuardedResponse> {
    const { url } = hop
    const address = await aborted(this.#address(url), signal)
    const name = hostOf(url)
    return exchange(hop, address, maxBytes, signal, ipaddr.isValid(name) ? undefined : name)
  }

  /** The address to connect to. One forbidden address among several is reason enough: the name is not what it seems. */
  async #address({ hostname, host }: URL): Promise<string> {
    const name = hostname.replace(/^\[|\]$/g, '')
    const addresses = ipaddr.isValid(name) ? [name] : await (this.options.resolve ?? systemResolve)(name)
    const [first] = addresses
    if (first === undefined) throw unreachable(host)
    if (!addresses.every((address) => isReachable(address, this.options.allow)))
      throw new NekodeError('forbidden', `${host} is not on the public Internet, and this server does not go there.`, {
        code: 'address_forbidden',
        next: 'Use a public address. Whoever runs the server can allow others with NEKODE_OUTGOING_ALLOW.',
      })
    return first
  }
}

interface Hop {
  method: GuardedRequest['method']
  url: URL
  headers: Record<string, string>
  body?: string | Uint8Array
}

const hostOf = (url: URL): string => url.hostname.replace(/^\[|\]$/g, '')

const systemResolve = async (name: string): Promise<string[]> =>
  (await lookup(name, { all: true })).map(({ address }) => address)

function exchange(
  { method, url, headers, body }: Hop,
  address: string,
  maxBytes: number,
  signal: AbortSignal,
  servername: string | undefined,
): Promise<GuardedResponse> {
  const tls = url.protocol === 'https:'
  const options: https.RequestOptions = {
    method,
    host: address,
    port: url.port || (tls ? 443 : 80),
    path: url.pathname + url.search,
    headers: { 'user-agent': 'Nekode', ...headers, host: url.host },
    // A connection of its own: what is checked is this one.
    agent: false,
    signal,
    ...(tls && servername !== undefined ? { servername } : {}),
  }
  return new Promise((resolve, reject) => {
    const request = (tls ? https : http).request(options, (answer) => {
      read(answer, maxBytes).then(
        (text) => resolve({ status: answer.statusCode ?? 0, headers: plain(answer.headers), text }),
        reject,
      )
    })
    request.on('error', reject)
    request.end(body)
  })
}

async function read(answer: http.IncomingMessage, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of answer) {
    if (!(chunk instanceof Uint8Array)) continue
    chunks.push(chunk)
    size += chunk.length
    if (size >= maxBytes) {
      answer.destroy()
      break
    }
  }
  return Buffer.concat(chunks).subarray(0, maxBytes).toString('utf8')
}

const plain = (headers: http.IncomingHttpHeaders): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
  )

/** A request that changes something is repeated elsewhere only when the answer says so: 307 and 308. */
function redirection(answer: GuardedResponse, from: Hop): Hop | undefined {
  const { location } = answer.headers
  const follows = from.method === 'GET' ? [301, 302, 303, 307, 308] : [307, 308]
  if (location === undefined || !follows.includes(answer.status)) return undefined
  const url = URL.parse(location, from.url)
  if (!url || !/^https?:$/.test(url.protocol)) return undefined
  if (from.url.protocol === 'https:' && url.protocol === 'http:')
    throw new NekodeError('forbidden', `${from.url.host} redirects to an address without encryption.`, {
      code: 'address_forbidden',
    })
  // Credentials are for whom they were given.
  const headers = url.origin === from.url.origin ? from.headers : pick(from.headers, ['content-type', 'accept'])
  return { ...from, url, headers }
}

const pick = (headers: Record<string, string>, names: string[]): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => names.includes(name.toLowerCase())))

/** Gives up waiting for what cannot be stopped, such as a look-up. */
function aborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const end = (): void => reject(signal.reason)
    if (signal.aborted) end()
    else signal.addEventListener('abort', end, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', end))
  })
}

const unreachable = (host: string, why = '', cause?: unknown): NekodeError =>
  new NekodeError('unavailable', `${host} cannot be reached${why === '' ? '' : `: ${why}`}.`, {
    code: 'unreachable',
    ...(cause === undefined ? {} : { cause }),
  })

function explain(error: unknown, { host }: URL, timedOut: boolean): unknown {
  if (error instanceof NekodeError) return error
  if (timedOut) return new NekodeError('unavailable', `${host} did not answer in time.`, { code: 'timeout' })
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  // The texts of such errors may quote the whole address; their codes do not.
  return unreachable(host, code)
}
