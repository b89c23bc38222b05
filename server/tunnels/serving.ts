import { EXCHANGE_PATH } from '@shared/tunnel/names'
import { NekodeError } from '@shared/errors'
import type { Hono } from 'hono'
import type { Config } from '../config/config'
import type { Core } from '../core'
import { type Addresses, edgeOf } from '../http/address'
import { authenticate } from '../http/authenticate'
import type { Mount } from '../http/route'
import type { Edge, Previewing } from '../listener/listener'
import type { Attachments } from './attachments'
import { Gate } from './gate'
import { TUNNEL } from './limits'
import { LiveTunnels } from './live'
import { PreviewOrigin } from './origin'
import type { Previews } from './preview'
import { tunnelRoutes } from './routes'
import type { TunnelService } from './service'

export interface ServingDeps {
  tunnels: TunnelService
  attachments: Attachments
  addresses: Addresses
  /** Where the server listens, once it does. */
  ports(): { main: number; preview: number | undefined }
}

/** What the server itself shows below the hosts of previews, besides previews. */
export interface Apart {
  /** Whether it is at this path. */
  takes(path: string): boolean
  handle(request: Request, secure: boolean): Promise<Response>
}

/** Everything between a browser and an application: who is let in, at which address, over which daemon's stream. */
export class TunnelServing {
  readonly #gate = new Gate()
  readonly #live: LiveTunnels
  readonly origin: PreviewOrigin
  #apart: Apart | undefined
  #serving: Promise<Previews> | undefined
  #timer: Timer | undefined

  constructor(
    private readonly core: Core,
    private readonly config: Pick<Config, 'previewDomain' | 'baseUrl' | 'tls'>,
    private readonly deps: ServingDeps,
  ) {
    const { tunnels, ports } = deps
    this.#live = new LiveTunnels(core, tunnels)
    this.origin = new PreviewOrigin({
      domain: config.previewDomain,
      baseUrl: config.baseUrl,
      tls: config.tls !== undefined,
      port: () => ports().main,
      previewPort: () => ports().preview,
    })
    tunnels.showAt((token) => this.origin.of(token) ?? null)
  }

  readonly previews: Previewing = {
    takes: (request) => this.origin.isPreview(request.headers.get('host')),
    handle: async (request, edge) => {
      if (this.#apart?.takes(new URL(request.url).pathname))
        return this.#apart.handle(request, this.#secure(request, edge))
      this.#serving ??= this.#load()
      return (await this.#serving).handle(request, edge)
    },
  }

  /** Shows something else there, too. */
  alsoShow(apart: Apart): void {
    this.#apart = apart
  }

  #secure(request: Request, edge: Edge): boolean {
    // A proxy that ends TLS need not be declared as trusted.
    const isProxied = this.config.baseUrl?.startsWith('https:') ?? false
    return edge.tls || this.deps.addresses.cameSecurely(request.headers) || isProxied
  }

  /** With the first preview: what it takes to speak with daemons takes a while to load. */
  async #load(): Promise<Previews> {
    const { Previews } = await import('./preview')
    const { attachments, addresses } = this.deps
    return new Previews({
      origin: this.origin,
      gate: this.#gate,
      live: this.#live,
      attachments,
      log: this.core.log,
      callerOf: (request, edge) => ({
        address: addresses.of(request.headers, () => edge.peer),
        secure: this.#secure(request, edge),
      }),
    })
  }

  mount(mount: Mount, hono: Hono): void {
    const { tunnels, attachments, addresses } = this.deps
    tunnelRoutes(mount, { tunnels, live: this.#live, gate: this.#gate, origin: this.origin }, addresses)
    // Not in the route table: it is the stream of the daemon protocol, over another carrier.
    hono.get(EXCHANGE_PATH, async (c) => {
      const p = await authenticate(c.req.raw, this.core.credentials)
      if (p.kind !== 'computer')
        throw new NekodeError(p.kind === 'guest' ? 'unauthenticated' : 'forbidden', 'Only a computer may do this.', {
          code: p.kind === 'guest' ? 'login_required' : 'wrong_principal',
        })
      const { CarrierSocket } = await import('./carrier')
      if (edgeOf(c)?.upgrade(new CarrierSocket(p, this.core, attachments))) return new Response(null)
      throw new NekodeError('invalid', 'This is no WebSocket handshake.', { code: 'invalid_request' })
    })
  }

  /** Closes what is over, again and again, and what became so while the server was down. */
  start(): void {
    const { tunnels } = this.deps
    let busy = false
    let prunedAt = 0
    const round = async (): Promise<void> => {
      await tunnels.reap()
      await this.#live.sweep()
      this.#gate.sweep()
      if (Date.now() - prunedAt < 3_600_000) return
      prunedAt = Date.now()
      await tunnels.prune()
    }
    const failed = (error: unknown): void => this.core.log.error('tunnels were not looked after', { error })
    tunnels.reconcile().catch(failed)
    this.#timer = setInterval(() => {
      if (busy) return
      busy = true
      round()
        .catch(failed)
        .finally(() => {
          busy = false
        })
    }, TUNNEL.reapMs)
    this.#timer.unref()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.deps.attachments.close()
  }
}
