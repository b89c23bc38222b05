import { NekodeError, errorText } from '@shared/errors'
import { createApp, isAllowed } from './app'
import { Desk, type DeskOptions } from './desk'
import { UPLOAD_BYTES } from './limits'
import { tokenOf } from './login'
import { type SocketData, Sockets } from './sockets'

export interface ServerOptions extends DeskOptions {
  host: string
  /** 0: any free one. */
  port: number
  /** What comes before `/api`, e.g. `/desk`. */
  prefix: string
  /** Tokens travel in a cookie, and not in the answer to a login. */
  cookies: boolean
  /** Pages of other addresses that may use the API, e.g. `https://console.example`. */
  origins: string[]
}

export interface DesktopServer {
  readonly port: number
  readonly desk: Desk
  stop(): Promise<void>
}

/** Seconds that a request may be silent. A clipboard or a dialog of the machine takes some. */
const IDLE_SECONDS = 60

/**
 * Serves a machine over the protocol of Neko v3.
 * @throws NekodeError unavailable when the port is taken
 */
export function serveDesktop(options: ServerOptions): DesktopServer {
  const { host, port, prefix, cookies, origins } = options
  const desk = new Desk(options)
  const sockets = new Sockets(desk)
  const credentials = { cookies }
  const app = createApp({ desk, credentials, prefix, origins, sockets: () => sockets.count })
  const start = () =>
    Bun.serve<SocketData>({
      hostname: host,
      port,
      // A development server shows errors with their source, and Bun would share the port with others.
      development: false,
      reusePort: false,
      maxRequestBodySize: UPLOAD_BYTES,
      idleTimeout: IDLE_SECONDS,
      websocket: sockets.handler,
      fetch(request, server) {
        const address = server.requestIP(request)?.address ?? ''
        if (new URL(request.url).pathname !== `${prefix}/api/ws`) return app.fetch(request, { address })
        if (!isAllowed(request, origins)) return new Response('Forbidden', { status: 403 })
        return sockets.upgrade(request, server, tokenOf(request, credentials))
      },
    })
  try {
    const server = start()
    return {
      port: server.port ?? port,
      desk,
      stop: async () => {
        await desk.close()
        sockets.close()
        await server.stop(true)
      },
    }
  } catch (cause) {
    sockets.close()
    void desk.close()
    throw new NekodeError('unavailable', `The desktop cannot be served on ${host}:${port}: ${errorText(cause)}`, {
      code: 'port_taken',
      next: 'Choose another port with --port, or 0 for any free one.',
      cause,
    })
  }
}
