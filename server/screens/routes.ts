import { NekodeError } from '@shared/errors'
import type { Core } from '../core'
import { sameOrigin } from '../events/ws'
import { type Addresses, edgeOf } from '../http/address'
import type { Mount } from '../http/route'
import type { SocketHandler } from '../listener/listener'
import type { ScreenService } from './service'
import { RefusedSocket, ScreenSocket } from './socket'

export function screenRoutes(mount: Mount, core: Core, screens: ScreenService, addresses: Addresses): void {
  mount('GET /api/agents/{id}/screen', async ({ principal, params, address, c }) => {
    const byCookie = principal.csrf !== null && c.req.header('authorization') === undefined
    if (byCookie && !sameOrigin(c.req.header('origin'), addresses.origin(c), addresses.publicUrl(c)))
      throw new NekodeError('forbidden', 'A page of another origin may not open this WebSocket.', { code: 'origin' })
    const isHandshake = c.req.header('upgrade')?.toLowerCase() === 'websocket'
    const handler = await open().catch((error: unknown): SocketHandler => {
      if (isHandshake && error instanceof NekodeError) return new RefusedSocket(error)
      throw error
    })
    if (isHandshake && edgeOf(c)?.upgrade(handler)) return new Response(null)
    if (handler instanceof ScreenSocket) handler.close()
    throw new NekodeError('invalid', 'This address takes WebSocket handshakes only, over HTTP/1.1.', {
      code: 'websocket_only',
      next: 'Open it with a WebSocket client.',
    })

    async function open(): Promise<SocketHandler> {
      const rights = await screens.admit(principal, params.id)
      const leave = core.limits.stream(principal, address)
      return new ScreenSocket(screens, core.log, { principal, agentId: params.id, address, rights }, leave)
    }
  })
}
