import { NekodeError } from '@shared/errors'
import type { Logger } from '@shared/log'
import { errorResponse, normalise } from '../http/errors'
import type { Edge } from '../listener/listener'
import type { Attachments } from './attachments'
import { forward } from './forward'
import { type Gate, setCookie } from './gate'
import { PREVIEW } from './limits'
import type { LiveTunnels } from './live'
import { type PreviewOrigin, isToken } from './origin'
import { page } from './page'
import type { TunnelRow } from './view'

/** Addresses of the preview's origin that are the server's own and never reach an application. */
const OWN = '/.nekode/'
const ENTER = `${OWN}enter`

export interface PreviewDeps {
  origin: PreviewOrigin
  gate: Gate
  live: LiveTunnels
  attachments: Attachments
  log: Logger
  /** The caller's address, and whether it came by https. */
  callerOf(request: Request, edge: Edge): { address: string; secure: boolean }
}

/** Serves previews: on their hosts, or at the second port. Nothing of the console is ever served here, and nothing of a preview there. */
export class Previews {
  constructor(private readonly deps: PreviewDeps) {}

  handle = async (request: Request, edge: Edge): Promise<Response> => {
    const url = new URL(request.url)
    const { address, secure } = this.deps.callerOf(request, edge)
    try {
      const token = this.deps.origin.tokenOf(request.headers.get('host'))
      if (url.pathname.startsWith(OWN)) return this.#enter(url, token, secure)
      return await this.#serve(request, edge, { url, token, address, secure })
    } catch (error) {
      return await this.#refuse(normalise(error), request, url, secure)
    }
  }

  async #serve(
    request: Request,
    edge: Edge,
    { url, token, address, secure }: { url: URL; token: string | undefined; address: string; secure: boolean },
  ): Promise<Response> {
    const { gate, live, attachments } = this.deps
    const visit = gate.visitOf(request.headers.get('cookie'))
    const name = token ?? visit?.token
    const row = name !== undefined && isToken(name) ? await live.byToken(name) : undefined
    if (!row) throw new NekodeError('not_found', 'There is no preview at this address.')
    const viewer = visit?.tunnelId === row.id ? visit.principal : undefined
    live.throttle(row.id)
    this.#admit(row, viewer)
    mustBeOwnPage(request, `${secure ? 'https:' : 'http:'}//${url.host}`)
    edge.stream()
    const { mux } = await attachments.wait(row.computerId, PREVIEW.waitMs, request.signal)
    // What happened while it waited.
    this.#admit((await live.byToken(row.token)) ?? row, viewer)
    const place = { origin: `${secure ? 'https:' : 'http:'}//${url.host}`, port: row.localPort }
    return forward(mux, { request, edge, row, place, path: pathOf(request.url), address }, (end) =>
      live.watch(row, viewer, end),
    )
  }

  #admit(row: TunnelRow, viewer: Parameters<LiveTunnels['admit']>[1]): void {
    this.deps.live.admit(row, viewer)
  }

  /** A ticket becomes a cookie, and its address is left at once. */
  #enter(url: URL, token: string | undefined, secure: boolean): Response {
    const ticket = url.pathname === ENTER ? url.searchParams.get('ticket') : null
    const entered = ticket === null ? undefined : this.deps.gate.redeem(ticket)
    if (!entered || (token !== undefined && token !== entered.visit.token))
      throw new NekodeError('forbidden', 'This address was good once, for a minute.', {
        code: 'ticket_invalid',
        next: 'Open the preview from the console again.',
      })
    const headers = new Headers({
      location: entered.path,
      'set-cookie': setCookie(entered.cookie, secure, 24 * 3600),
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
    })
    // Where previews share an origin, the next one must not find what the one before left in the browser.
    if (token === undefined) headers.set('clear-site-data', '"cache", "storage"')
    return new Response(null, { status: 303, headers })
  }

  async #refuse(error: NekodeError, request: Request, url: URL, secure: boolean): Promise<Response> {
    if (error.kind === 'internal')
      this.deps.log.error('a preview failed', { host: url.host, error: error.cause ?? error })
    const isPage = request.method === 'GET' && (request.headers.get('accept') ?? '').includes('text/html')
    const { origin, live } = this.deps
    const token = origin.tokenOf(request.headers.get('host'))
    const row = token === undefined ? undefined : await live.byToken(token)
    if (isPage && error.code === 'login_required' && row) {
      const console = origin.consoleOf(request.headers.get('host'), secure)
      const path = encodeURIComponent(pathOf(request.url).slice(0, 2000))
      return new Response(null, {
        status: 303,
        headers: { location: `${console}/api/tunnels/${row.id}/open?path=${path}`, 'cache-control': 'no-store' },
      })
    }
    const status = statusOf(error)
    if (isPage) return page(status, error)
    const response = errorResponse(error)
    response.headers.delete('www-authenticate')
    return new Response(response.body, { status, headers: response.headers })
  }
}

/** Failures of the way to the application are a gateway's. */
function statusOf(error: NekodeError): number {
  if (['daemon_lost', 'upstream_failed', 'tunnel_canceled'].includes(error.code)) return 502
  if (error.code === 'upstream_slow') return 504
  return errorResponse(error).status
}

/** A page elsewhere must not use a preview's cookie through a WebSocket, which browsers let it open. */
function mustBeOwnPage(request: Request, own: string): void {
  const origin = request.headers.get('origin')
  const isSocket = request.headers.has('upgrade')
  if (isSocket && origin !== null && origin !== own && request.headers.has('cookie'))
    throw new NekodeError('forbidden', 'A page of another address may not use this preview.', { code: 'csrf' })
}

/** The path and query of an address, as they were sent. */
function pathOf(url: string): string {
  const start = url.indexOf('/', url.indexOf('://') + 3)
  return start < 0 ? '/' : url.slice(start).replace(/#.*$/, '')
}
