import {
  type ConnectRouter,
  type ConnectRouterOptions,
  createConnectRouter,
  createContextValues,
} from '@connectrpc/connect'
import {
  type UniversalHandler,
  universalServerRequestFromFetch,
  universalServerResponseToFetch,
} from '@connectrpc/connect/protocol'
import type { RpcHandler, RpcHandlers } from './listener'
import { peerKey } from './peer'

/** The services of the wire contract, and what every call to them is held to: interceptors, sizes, compression. */
export interface Rpc {
  routes: (router: ConnectRouter) => void
  options: ConnectRouterOptions
}

/** Connect and gRPC-Web for the main listener, by path. Native gRPC has a listener of its own. */
export function rpcHandlers({ routes, options }: Rpc): RpcHandlers {
  const router = createConnectRouter({ ...options, grpc: false })
  routes(router)
  return new Map(router.handlers.map((handler) => [handler.requestPath, overFetch(handler)]))
}

const overFetch =
  (handler: UniversalHandler): RpcHandler =>
  async (request, peer) => {
    // Bun streams both ways over HTTP/1.1 too; which version a request came over it does not tell.
    const call = universalServerRequestFromFetch(request, { httpVersion: '2' })
    const contextValues = createContextValues().set(peerKey, peer)
    return universalServerResponseToFetch(await handler({ ...call, contextValues }))
  }
