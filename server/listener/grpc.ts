import { createContextValues } from '@connectrpc/connect'
import { connectNodeAdapter } from '@connectrpc/connect-node'
import { NekodeError, errorText } from '@shared/errors'
import { readFileSync } from 'node:fs'
import http2 from 'node:http2'
import type { AddressInfo } from 'node:net'
import type { Address } from '../config/settings'
import { plainAddress } from '../http/network'
import type { Listener } from './listener'
import { peerKey } from './peer'
import type { Rpc } from './rpc'

export interface GrpcOptions {
  addr: Address
  /** Paths of PEM files. */
  tls?: { cert: string; key: string } | undefined
  rpc: Rpc
}

/**
 * Native gRPC, which ends its answers with trailers, and Connect beside it: HTTP/2 only.
 * @throws NekodeError `port_in_use` or `config_invalid`
 */
export async function listenGrpc({ addr, tls, rpc }: GrpcOptions): Promise<Listener> {
  const stop = new AbortController()
  const handler = connectNodeAdapter({
    ...rpc.options,
    routes: rpc.routes,
    shutdownSignal: stop.signal,
    contextValues: (request) => createContextValues().set(peerKey, () => plainAddress(request.socket.remoteAddress)),
  })
  const settings = { settings: { maxConcurrentStreams: 256, initialWindowSize: 1 << 20 } }
  const server = tls
    ? http2.createSecureServer({ ...settings, cert: readFileSync(tls.cert), key: readFileSync(tls.key) }, handler)
    : http2.createServer(settings, handler)
  const sessions = new Set<http2.ServerHttp2Session>()
  server.on('session', (session) => {
    sessions.add(session)
    session.on('close', () => sessions.delete(session))
    // A peer that breaks the protocol ends its own session; nobody else has to know.
    session.on('error', () => {})
  })
  server.on('sessionError', () => {})
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => reject(refusal(addr, cause)))
    server.listen(addr.port, addr.hostname, () => resolve())
  })
  const address = server.address()
  return {
    port: isAddress(address) ? address.port : addr.port,
    stop: async (graceMs) => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const session of sessions) session.close()
      // Streams without an end of their own are told that the server stops, before they are cut.
      stop.abort(new NekodeError('unavailable', 'The server stops.'))
      await Promise.race([closed, Bun.sleep(graceMs)])
      for (const session of sessions) session.destroy()
    },
  }
}

const isAddress = (address: AddressInfo | string | null): address is AddressInfo =>
  typeof address === 'object' && address !== null

const refusal = (addr: Address, cause: NodeJS.ErrnoException): NekodeError =>
  cause.code === 'EADDRINUSE'
    ? new NekodeError('unavailable', `The gRPC address ${addr.hostname ?? ''}:${addr.port} is in use.`, {
        code: 'port_in_use',
        next: 'Stop the other process, or choose another address with --grpc-addr or NEKODE_GRPC_ADDR.',
        cause,
      })
    : new NekodeError('invalid', `The server cannot listen for gRPC: ${errorText(cause)}`, {
        code: 'config_invalid',
        next: 'Check --grpc-addr and the TLS files.',
        cause,
      })
