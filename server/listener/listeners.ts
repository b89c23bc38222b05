import type { Config } from '../config/config'
import type { Address } from '../config/settings'
import { type Listener, type ListenerOptions, type RpcHandlers, type RpcMount, listen } from './listener'
import type { Rpc } from './rpc'

/** The path of the one service that there is, as the wire contract names it. */
const RPC_PREFIX = '/nekode.daemon.v1.DaemonControlService/'

/** Every address at which the server is reached. */
export interface Listeners {
  /** Of the public listener. */
  readonly port: number
  /** Where programs on this computer reach the server in clear text. */
  readonly localUrl: string
  /** The gRPC listener's; undefined when there is none. */
  readonly grpcPort: number | undefined
  /** Of the listener for previews alone; undefined when there is none. */
  readonly previewPort: number | undefined
  /** @param graceMs that requests have to finish */
  stop(graceMs: number): Promise<void>
}

/** Opens the listeners that the configuration asks for: all of them, or none. */
export async function openListeners(
  config: Pick<Config, 'addr' | 'tls' | 'grpcAddr' | 'previewAddr'>,
  {
    fetch,
    failed,
    rpc,
    page,
    previews,
  }: Pick<ListenerOptions, 'fetch' | 'failed' | 'page' | 'previews'> & { rpc: () => Promise<Rpc> },
): Promise<Listeners> {
  const { addr, tls, grpcAddr, previewAddr } = config
  const options = { fetch, failed, rpc: mountRpc(rpc), previews }
  const open: Listener[] = []
  const stop = async (graceMs: number): Promise<void> => {
    await Promise.all(open.map((listener) => listener.stop(graceMs)))
  }
  try {
    const main = listen({ ...options, addr, tls, page })
    open.push(main)
    // The daemon of this computer has no reason to trust the certificate, which is for another name; and while the console is
    // worked on, Bun serves no HTTP/2 at the main address.
    const own = tls !== undefined || page !== undefined
    const local = own ? listen({ ...options, addr: { hostname: '127.0.0.1', port: 0 } }) : main
    if (own) open.push(local)
    const grpc = grpcAddr ? await openGrpc(grpcAddr, tls, await rpc()) : undefined
    if (grpc) open.push(grpc)
    const preview = previewAddr && previews && listen({ addr: previewAddr, tls, fetch: previews.handle, failed })
    if (preview) open.push(preview)
    const host = own ? '127.0.0.1' : localHost(addr)
    return {
      port: main.port,
      localUrl: `http://${host}:${local.port}`,
      grpcPort: grpc?.port,
      previewPort: preview?.port,
      stop,
    }
  } catch (error) {
    await stop(0)
    throw error
  }
}

function mountRpc(load: () => Promise<Rpc>): RpcMount {
  let loaded: Promise<RpcHandlers> | undefined
  const handlers = async (): Promise<RpcHandlers> => (await import('./rpc')).rpcHandlers(await load())
  return { prefix: RPC_PREFIX, handlers: () => (loaded ??= handlers()) }
}

/** Loaded when it is asked for: few servers have it, and it is a whole HTTP/2 stack. */
const openGrpc = async (addr: Address, tls: Config['tls'], rpc: Rpc): Promise<Listener> =>
  (await import('./grpc')).listenGrpc({ addr, tls, rpc })

function localHost({ hostname }: Address): string {
  if (hostname === undefined || hostname === '0.0.0.0' || hostname === '::') return '127.0.0.1'
  return hostname.includes(':') ? `[${hostname}]` : hostname
}
