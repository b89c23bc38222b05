import { readFileSync } from 'node:fs'
import http2 from 'node:http2'
import { isIP, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import tls from 'node:tls'
import { type Client, Code, ConnectError, createClient, type Interceptor, type Transport } from '@connectrpc/connect'
import type { ConnectTransportOptions } from '@connectrpc/connect-web'
import { createConnectTransport, Http2SessionManager } from '@connectrpc/connect-node'
import { DaemonControlService } from '@shared/gen/nekode/daemon/v1/service_pb'

import { connectThrough, proxyOf } from '../network/proxy'

export type ControlClient = Client<typeof DaemonControlService>

export interface Connection {
  client: ControlClient
  mode: 'h2' | 'http/1.1'
  /** Ends the connection and every call on it. */
  close(): void
}

export interface DialOptions {
  /** `http://…` or `https://…` without a path or slash at the end. */
  serverUrl: string
  token: string
  /** PEM file of the certificate authority behind the server's certificate. */
  caFile?: string
  /** Where proxies are named. Default: that of this process. */
  env?: Record<string, string | undefined>
}

/** How long a call may take; streams have no limit. */
export const CALL_MS = 15_000
const PROBE_MS = 3000

/**
 * A client of the server: HTTP/2 when the whole way there speaks it, otherwise Connect over HTTP/1.1. A proxy that the environment names is
 * on the way.
 * @throws ConnectError or NekodeError unavailable when nobody answers
 */
export async function dial(options: DialOptions): Promise<Connection> {
  const { serverUrl: baseUrl, caFile, token, env = process.env } = options
  const ca = caFile ? readFileSync(caFile, 'utf8') : undefined
  const interceptors = [bearer(token)]
  const proxy = proxyOf(baseUrl, env)
  const common = { baseUrl, interceptors, defaultTimeoutMs: CALL_MS }
  if (await speaksH2(baseUrl, ca, proxy)) {
    const socket = proxy && (await through(proxy, baseUrl, ca))
    const sessionManager = new Http2SessionManager(
      baseUrl,
      // Pings while idle crash under Bun 1.4.5 after a ping timeout (uncaught ERR_HTTP2_INVALID_SESSION). The event stream is open
      // all the time, so the connection is never idle in that sense.
      { pingIntervalMs: 20_000, pingTimeoutMs: 10_000, pingIdleConnection: false },
      { ...(ca ? { ca } : {}), ...(socket ? { createConnection: once(socket) } : {}) },
    )
    const transport = createConnectTransport({ ...common, httpVersion: '2', sessionManager })
    return { client: createClient(DaemonControlService, transport), mode: 'h2', close: () => sessionManager.abort() }
  }
  const transport = proxy
    ? await fetchTransport({ ...common, fetch: fetchThrough(proxy, ca) })
    : createConnectTransport({ ...common, httpVersion: '1.1', nodeOptions: ca ? { ca } : {} })
  return { client: createClient(DaemonControlService, transport), mode: 'http/1.1', close: () => undefined }
}

/** A connection that is there already, for a library that opens its own. When it breaks the session is dialled anew. */
function once(socket: Duplex): () => Duplex {
  let isTaken = false
  return () => {
    if (isTaken) socket.destroy()
    isTaken = true
    // It was held until somebody listens, because servers may speak first.
    setImmediate(() => socket.resume())
    return socket
  }
}

/** Loaded where there is a proxy of the kind that needs it. */
async function fetchTransport(options: ConnectTransportOptions): Promise<Transport> {
  const { createConnectTransport } = await import('@connectrpc/connect-web')
  return createConnectTransport(options)
}

/** Node's own HTTP/1.1 takes no notice of proxies; fetch does. */
function fetchThrough(proxy: URL, ca: string | undefined): typeof globalThis.fetch {
  const through = (input: RequestInfo | URL, init?: BunFetchRequestInit | RequestInit) =>
    fetch(input, { ...init, proxy: proxy.href, ...(ca ? { tls: { ca } } : {}) })
  return Object.assign(through, { preconnect: fetch.preconnect })
}

/** Adds the computer's token where a call does not carry one of its own. */
function bearer(token: string): Interceptor {
  return (next) => (request) => {
    if (!request.header.has('authorization')) request.header.set('authorization', `Bearer ${token}`)
    return next(request)
  }
}

/** True when the peer agrees on h2 (TLS) or answers the h2 preface (clear text). */
function speaksH2(baseUrl: string, ca: string | undefined, proxy: URL | undefined): Promise<boolean> {
  const url = new URL(baseUrl)
  return url.protocol === 'https:' ? agreesOnH2(url, ca, proxy) : answersPreface(url.origin, proxy)
}

async function answersPreface(origin: string, proxy: URL | undefined): Promise<boolean> {
  const tunnel = proxy && (await connectThrough(proxy, origin))
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const session = http2.connect(origin, tunnel ? { createConnection: once(tunnel) } : {})
  const timer = setTimeout(() => end(false), PROBE_MS)
  const end = (speaks: boolean) => {
    clearTimeout(timer)
    resolve(speaks)
    session.destroy()
  }
  // The listener stays: a late error must not become an uncaught one.
  session.on('error', () => end(false))
  session.on('close', () => end(false))
  session.once('remoteSettings', () => end(true))
  return promise
}

async function agreesOnH2(url: URL, ca: string | undefined, proxy: URL | undefined): Promise<boolean> {
  const tunnel = proxy && (await connectThrough(proxy, url.href))
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = tls.connect(tlsOptions(url, ca, tunnel))
  const timer = setTimeout(() => end(false), PROBE_MS)
  const end = (speaks: boolean) => {
    clearTimeout(timer)
    resolve(speaks)
    socket.destroy()
  }
  socket.on('error', () => end(false))
  socket.on('close', () => end(false))
  socket.once('secureConnect', () => end(socket.alpnProtocol === 'h2'))
  return promise
}

function tlsOptions(url: URL, ca: string | undefined, tunnel: Socket | undefined): tls.ConnectionOptions {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  return {
    ...(tunnel ? { socket: tunnel } : { host, port: Number(url.port || 443) }),
    // An address is no name to ask for (RFC 6066).
    ...(isIP(host) ? {} : { servername: host }),
    ALPNProtocols: ['h2', 'http/1.1'],
    ...(ca ? { ca } : {}),
  }
}

/** A connection to the server through a proxy, encrypted where its address says so. */
async function through(proxy: URL, baseUrl: string, ca: string | undefined): Promise<Duplex> {
  const url = new URL(baseUrl)
  const tunnel = await connectThrough(proxy, baseUrl)
  if (url.protocol !== 'https:') return tunnel
  const socket = tls.connect(tlsOptions(url, ca, tunnel))
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  socket.once('secureConnect', resolve)
  socket.on('error', reject)
  await promise
  return socket
}

/** On every error that the server itself made, as opposed to the way to it. */
const SERVER_SAID = 'nekode-error'

/** Whether an error is the server's own word; a proxy's refusal is not. */
export const isSaidByServer = (error: unknown): boolean => ConnectError.from(error).metadata.has(SERVER_SAID)

/** What a failed call means for the caller. */
export type CallFailure = 'retry' | 'refused' | 'final' | 'aborted'

const FINAL = new Set([
  Code.InvalidArgument,
  Code.NotFound,
  Code.AlreadyExists,
  Code.PermissionDenied,
  Code.FailedPrecondition,
  Code.OutOfRange,
  Code.Unimplemented,
  Code.DataLoss,
])

/**
 * A connection that dies shows up as Unavailable, but also as Canceled, Internal or Aborted under an open call. Only a cancel
 * that was asked for is one, and only what the server itself says about the request is final.
 */
export function judge(error: unknown, signal?: AbortSignal): CallFailure {
  if (signal?.aborted) return 'aborted'
  const { code } = ConnectError.from(error)
  if (code === Code.Unauthenticated) return 'refused'
  return FINAL.has(code) ? 'final' : 'retry'
}
