import { type ConnectRouter, type ConnectRouterOptions, createConnectRouter } from '@connectrpc/connect'
import { createFetchHandler } from '@connectrpc/connect/protocol'
import type { RpcHandlers } from './listener'

/** The services of the wire contract, and what every call to them is held to: interceptors, sizes, compression. */
export interface Rpc {
  routes: (router: ConnectRouter) => void
  options: ConnectRouterOptions
}

/** Connect and gRPC-Web for the main listener, by path. Native gRPC has a listener of its own. */
export function rpcHandlers({ routes, options }: Rpc): RpcHandlers {
  const router = createConnectRouter({ ...options, grpc: false })
  routes(router)
  return new Map(
    // Bun streams both ways over HTTP/1.1 too; which version a request came over it does not tell.
    router.handlers.map((handler) => [handler.requestPath, createFetchHandler(handler, { httpVersion: '2' })]),
  )
}
