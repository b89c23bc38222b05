import net from 'node:net'
import tls from 'node:tls'
import { errorText, NekodeError } from '@shared/errors'

type Env = Record<string, string | undefined>

const VARIABLES = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'all_proxy'] as const
/** What is on this computer is reached without a proxy, whatever the environment forgets to say. */
const HERE = ['localhost', '127.0.0.1', '::1']
const CONNECT_MS = 15_000
const MAX_HEAD = 16_384

/** The proxy on the way to an address; undefined when there is none. As curl and Go read the variables. */
export function proxyOf(address: string, env: Env): URL | undefined {
  const url = new URL(address)
  const isTls = url.protocol === 'https:' || url.protocol === 'wss:'
  const given = isTls
    ? (env.HTTPS_PROXY ?? env.https_proxy)
    : // CGI programs get a header of the request as HTTP_PROXY; the daemon is none.
      (env.http_proxy ?? env.HTTP_PROXY)
  const text = given || env.ALL_PROXY || env.all_proxy
  if (!text || isBypassed(url, env.NO_PROXY ?? env.no_proxy ?? '')) return undefined
  const proxy = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`)
  if (proxy && (proxy.protocol === 'http:' || proxy.protocol === 'https:')) return proxy
  throw new NekodeError('precondition', 'The proxy in the environment is not an http:// or https:// address.', {
    code: 'proxy_invalid',
    next: 'Correct HTTPS_PROXY or HTTP_PROXY, or add the server to NO_PROXY.',
  })
}

function isBypassed({ hostname, port, protocol }: URL, list: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '').toLowerCase()
  if (HERE.includes(host)) return true
  const effective = port || (protocol === 'https:' || protocol === 'wss:' ? '443' : '80')
  return list
    .split(/[\s,]+/)
    .filter(Boolean)
    .some((entry) => {
      if (entry === '*') return true
      const [, name = entry, wanted] = /^(\[.*\]|[^:]+):(\d+)$/.exec(entry) ?? []
      if (wanted !== undefined && wanted !== effective) return false
      const plain = name
        .replace(/^\[|\]$/g, '')
        .replace(/^\*?\./, '')
        .toLowerCase()
      return host === plain || host.endsWith(`.${plain}`)
    })
}

/** Puts the proxies of the settings where everything looks for them: requests of the daemon, and the environment of agents. */
export function useProxies(config: { httpsProxy: string; httpProxy: string; noProxy: string }, env: Env): void {
  const named = { HTTPS_PROXY: config.httpsProxy, HTTP_PROXY: config.httpProxy, NO_PROXY: config.noProxy }
  for (const [name, value] of Object.entries(named))
    if (value !== '') for (const spelled of [name, name.toLowerCase()]) env[spelled] = value
  bypassLoopback(env)
}

/** Adds this computer to what an environment says is reached without a proxy, where it names a proxy at all. */
export function bypassLoopback(env: Env): void {
  if (!VARIABLES.some((name) => env[name])) return
  const listed = (env.NO_PROXY ?? env.no_proxy ?? '').split(/[\s,]+/).filter(Boolean)
  const all = [...new Set([...listed, ...HERE])].join(',')
  env.NO_PROXY = all
  env.no_proxy = all
}

/**
 * A connection to an address through a proxy (CONNECT), on which nothing has been said yet. It is paused until somebody listens.
 * @throws NekodeError unavailable `proxy_unreachable` or `proxy_refused`; it never holds the proxy's password
 */
export async function connectThrough(proxy: URL, address: string): Promise<net.Socket> {
  const { hostname, port, protocol } = new URL(address)
  const target = `${hostname}:${port || (protocol === 'https:' ? 443 : 80)}`
  const socket = await open(proxy)
  const login = proxy.username
    ? `Proxy-Authorization: Basic ${Buffer.from(`${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`).toString('base64')}\r\n`
    : ''
  socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n${login}\r\n`)
  try {
    const status = await answer(socket)
    if (status >= 200 && status < 300) return socket
    throw new NekodeError('unavailable', `The proxy ${proxy.host} refuses the way to ${target} (${status}).`, {
      code: 'proxy_refused',
      next:
        status === 407
          ? 'It wants a login: http://user:password@host:port in HTTPS_PROXY.'
          : 'Ask who runs it, or add the server to NO_PROXY.',
    })
  } catch (error) {
    socket.destroy()
    throw error
  }
}

async function open(proxy: URL): Promise<net.Socket> {
  const host = proxy.hostname.replace(/^\[|\]$/g, '')
  const isTls = proxy.protocol === 'https:'
  const port = Number(proxy.port || (isTls ? 443 : 80))
  const socket = isTls
    ? tls.connect({ host, port, servername: net.isIP(host) ? '' : host })
    : net.connect({ host, port })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const timer = setTimeout(() => reject(new Error('no answer')), CONNECT_MS)
  socket.once(isTls ? 'secureConnect' : 'connect', resolve)
  socket.once('error', reject)
  try {
    await promise
    return socket
  } catch (cause) {
    socket.destroy()
    throw new NekodeError('unavailable', `The proxy ${proxy.host} cannot be reached: ${errorText(cause)}`, {
      code: 'proxy_unreachable',
      next: 'Check HTTPS_PROXY, or add the server to NO_PROXY.',
      cause,
    })
  } finally {
    clearTimeout(timer)
    socket.off('error', reject)
    // Whoever gets the socket listens from then on; in between an error must not end the daemon.
    socket.on('error', () => undefined)
  }
}

/** The status of the proxy's answer. What follows its head belongs to the tunnel. */
function answer(socket: net.Socket): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  let head = Buffer.alloc(0)
  const timer = setTimeout(() => end(new Error('no answer')), CONNECT_MS)
  const end = (result: number | Error) => {
    clearTimeout(timer)
    socket.off('data', read)
    socket.off('close', closed)
    if (typeof result === 'number') resolve(result)
    else
      reject(
        new NekodeError('unavailable', `The proxy does not answer as one: ${result.message}`, {
          code: 'proxy_refused',
        }),
      )
  }
  const closed = () => end(new Error('it closed the connection'))
  const read = (piece: Buffer) => {
    head = Buffer.concat([head, piece])
    const at = head.indexOf('\r\n\r\n')
    if (at < 0) return head.length > MAX_HEAD ? end(new Error('its answer is too long')) : undefined
    const rest = head.subarray(at + 4)
    socket.pause()
    if (rest.length > 0) socket.unshift(rest)
    const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(head.toString('latin1'))?.[1])
    end(Number.isNaN(status) ? new Error('it is no HTTP') : status)
  }
  socket.on('data', read)
  socket.on('close', closed)
  return promise
}
