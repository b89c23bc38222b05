import { NekodeError, errorText } from '@shared/errors'
import { BODY_BYTES, IDLE_SECONDS } from '@shared/limits'
import type { Address } from '../config/settings'
import { plainAddress } from '../http/network'
import { isGrpc, refuseGrpc } from './refuse'

/** What happens on one WebSocket. Whoever upgrades a request brings its own. */
export interface SocketHandler {
  open(socket: Socket): void
  message(socket: Socket, data: string | Buffer): void
  /** What was sent has left the buffer; after `send` answered -1. */
  drain?(socket: Socket): void
  close(socket: Socket, code: number, reason: string): void
}
export type Socket = Bun.ServerWebSocket<SocketHandler>

/** What a handler needs to know of the connection that its request came over. */
export class Edge {
  /** The handler turned the request into a WebSocket: its response is not sent. */
  upgraded = false

  constructor(
    readonly request: Request,
    private readonly server: Bun.Server<SocketHandler>,
    /** The listener itself speaks TLS. */
    readonly tls: boolean,
  ) {}

  /** The other end of the connection: a proxy, where there is one. */
  get peer(): string {
    return plainAddress(this.server.requestIP(this.request)?.address)
  }

  /** The response is a stream that may be silent for as long as it likes. */
  stream(): void {
    this.server.timeout(this.request, 0)
  }

  /** False when the request is no WebSocket handshake. */
  upgrade(handler: SocketHandler, headers?: Record<string, string>): boolean {
    this.upgraded = this.server.upgrade(this.request, { data: handler, ...(headers ? { headers } : {}) })
    return this.upgraded
  }
}

/** @param peer asks for the other end of the connection */
export type RpcHandler = (request: Request, peer: () => string) => Promise<Response>
export type RpcHandlers = ReadonlyMap<string, RpcHandler>

/** Connect and gRPC-Web. Loaded by the first call: a third of what the server has to evaluate is the wire contract. */
export interface RpcMount {
  /** What the path of every call starts with. */
  prefix: string
  handlers(): Promise<RpcHandlers>
}

/** What is served on hosts other than the server's own. */
export interface Previewing {
  takes(request: Request): boolean
  handle(request: Request, edge: Edge): Promise<Response>
}

export interface ListenerOptions {
  addr: Address
  /** Paths of PEM files. */
  tls?: { cert: string; key: string } | undefined
  fetch(request: Request, edge: Edge): Response | Promise<Response>
  rpc?: RpcMount
  /** Hosts of their own, of which nothing else is answered at. */
  previews?: Previewing | undefined
  /** The answer when handling itself failed. */
  failed?: ((error: Error) => Response) | undefined
  /** While the console is worked on: Bun bundles it and refreshes it in the browser. Every other address is served as always. */
  page?: Bun.HTMLBundle | undefined
}

export interface Listener {
  readonly port: number
  /** Ends WebSockets, lets requests finish, and cuts what is left after `graceMs`. */
  stop(graceMs: number): Promise<void>
}

/**
 * The one port: HTTP/1.1, HTTP/2 (in clear text by prior knowledge, with TLS by ALPN), WebSocket, Connect and gRPC-Web.
 * @throws NekodeError `port_in_use`, or `config_invalid` for an address or certificate that cannot be used
 */
export function listen(options: ListenerOptions): Listener {
  const sockets = new Set<Socket>()
  const { tls, rpc, previews } = options
  const handle = async (request: Request, server: Bun.Server<SocketHandler>): Promise<Response | undefined> => {
    if (previews?.takes(request)) {
      const edge = new Edge(request, server, tls !== undefined)
      const response = await previews.handle(request, edge)
      return edge.upgraded ? undefined : response
    }
    const path = pathOf(request.url)
    if (isGrpc(request.headers.get('content-type'))) return refuseGrpc()
    const call = rpc && path.startsWith(rpc.prefix) && !isSocket(request) ? (await rpc.handlers()).get(path) : undefined
    const edge = new Edge(request, server, tls !== undefined)
    if (call) {
      edge.stream()
      return call(request, () => edge.peer)
    }
    const response = await options.fetch(request, edge)
    return edge.upgraded ? undefined : response
  }
  const server = bind(options.addr, (hostname) =>
    Bun.serve<SocketHandler>({
      hostname,
      port: options.addr.port,
      http2: true,
      // Without a development server Bun would share the port with a second process, silently.
      reusePort: false,
      development: options.page ? { hmr: true, console: true } : false,
      ...(options.page ? { routes: developed(options.page, handle, rpc) } : {}),
      // Streams switch it off for themselves.
      idleTimeout: IDLE_SECONDS,
      // Bodies are bounded where they are read; a stream of many messages has no size.
      maxRequestBodySize: Number.MAX_SAFE_INTEGER,
      ...(tls ? { tls: { cert: Bun.file(tls.cert), key: Bun.file(tls.key) } } : {}),
      fetch: handle,
      ...(options.failed ? { error: options.failed } : {}),
      websocket: {
        idleTimeout: IDLE_SECONDS,
        maxPayloadLength: BODY_BYTES.webSocket,
        open(socket) {
          sockets.add(socket)
          socket.data.open(socket)
        },
        message: (socket, data) => socket.data.message(socket, data),
        drain: (socket) => socket.data.drain?.(socket),
        close(socket, code, reason) {
          sockets.delete(socket)
          socket.data.close(socket, code, reason)
        },
      },
    }),
  )
  return {
    port: server.port ?? options.addr.port,
    stop: async (graceMs) => {
      for (const socket of sockets) socket.close(1001, 'The server stops.')
      await Promise.race([server.stop(), Bun.sleep(graceMs)])
      await server.stop(true)
    },
  }
}

/** The frames of a bidirectional stream may come over a WebSocket at the stream's own path. */
const isSocket = (request: Request): boolean => /^websocket$/i.test(request.headers.get('upgrade') ?? '')

type Handle = (request: Request, server: Bun.Server<SocketHandler>) => Promise<Response | undefined>

/** The page at every address that is not the server's own. */
function developed(
  page: Bun.HTMLBundle,
  handle: Handle,
  rpc: RpcMount | undefined,
): Record<string, Bun.HTMLBundle | Handle> {
  const own = ['/api/*', '/health', '/ready', '/metrics', ...(rpc ? [`${rpc.prefix}*`] : [])]
  return { ...Object.fromEntries(own.map((path) => [path, handle])), '/*': page }
}

/** `/a/b` of `http://host/a/b?c`, without parsing the rest. */
export function pathOf(url: string): string {
  const start = url.indexOf('/', url.indexOf('://') + 3)
  if (start < 0) return '/'
  const end = url.slice(start).search(/[?#]/)
  return end < 0 ? url.slice(start) : url.slice(start, start + end)
}

/** Binds all addresses of both families where none is given; a machine without IPv6 has one family only. */
function bind<T>(addr: Address, serve: (hostname: string) => T): T {
  const tries = addr.hostname === undefined ? ['::', '0.0.0.0'] : [addr.hostname]
  const shown = `${addr.hostname ?? ''}:${addr.port}`
  for (const [i, hostname] of tries.entries()) {
    try {
      return serve(hostname)
    } catch (cause) {
      const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
      if (code === 'EADDRINUSE')
        throw new NekodeError('unavailable', `The address ${shown} is in use by another process.`, {
          code: 'port_in_use',
          next: 'Stop that process, or choose another address with --addr or NEKODE_ADDR.',
          cause,
        })
      if (i < tries.length - 1) continue
      throw new NekodeError('invalid', `The server cannot listen on ${shown}: ${errorText(cause)}`, {
        code: 'config_invalid',
        next: 'Check the address (--addr), that ports below 1024 are allowed for this user, and the TLS files.',
        cause,
      })
    }
  }
  throw new RangeError('no address to bind')
}
