import { createContextKey } from '@connectrpc/connect'

/** Asks for the other end of the connection that a call came over: a proxy, where there is one. */
export const peerKey = createContextKey<() => string>(() => '', { description: 'the other end of the connection' })
