import { NekodeError } from '@shared/errors'
import type { UserPrincipal } from '../access/principal'
import type { Addresses } from '../http/address'
import type { Mount } from '../http/route'
import type { Gate } from './gate'
import type { LiveTunnels } from './live'
import type { PreviewOrigin } from './origin'
import { page } from './page'
import type { TunnelService } from './service'

export interface TunnelRoutes {
  tunnels: TunnelService
  live: LiveTunnels
  gate: Gate
  origin: PreviewOrigin
}

export function tunnelRoutes(
  mount: Mount,
  { tunnels, live, gate, origin }: TunnelRoutes,
  addresses: Pick<Addresses, 'origin'>,
): void {
  mount('GET /api/tunnels', async ({ principal, query }) => tunnels.list(principal, query))
  mount('POST /api/tunnels', async ({ principal, body, address }) => tunnels.create(principal, body, address))
  mount('GET /api/tunnels/{id}', async ({ principal, params }) => tunnels.get(principal, params.id))
  mount('POST /api/tunnels/{id}/approve', async ({ principal, params, address }) =>
    tunnels.approve(principal, params.id, address),
  )
  mount('POST /api/tunnels/{id}/reject', async ({ principal, params, body, address }) =>
    tunnels.reject(principal, params.id, body.reason, address),
  )
  mount('POST /api/tunnels/{id}/close', async ({ principal, params, body, address }) =>
    tunnels.close(principal, params.id, body.reason, address),
  )
  mount('POST /api/tunnels/{id}/extend', async ({ principal, params, body, address }) =>
    tunnels.extend(principal, params.id, body.ttlSeconds, address),
  )

  /** The address that lets somebody in. @throws NekodeError why it does not */
  const enter = async (p: UserPrincipal, id: string, path: string, seen: string) => {
    const row = await tunnels.row(p, id)
    live.admit(row, p)
    const at = origin.of(row.token, seen)
    if (at === undefined)
      throw new NekodeError('precondition', 'This server has no address for previews that you can reach.', {
        code: 'previews_off',
        next: 'Ask whoever runs it to set NEKODE_PREVIEW_DOMAIN or NEKODE_PREVIEW_ADDR.',
      })
    const { ticket, expiresAt } = gate.issue(row, p, path)
    return { url: `${at}/.nekode/enter?ticket=${ticket}`, expiresAt }
  }

  mount('POST /api/tunnels/{id}/ticket', async ({ principal, params, body, c }) =>
    enter(principal, params.id, body.path ?? '/', addresses.origin(c)),
  )
  mount('GET /api/tunnels/{id}/open', async ({ principal, params, query, c }) => {
    const again = `/api/tunnels/${params.id}/open?path=${encodeURIComponent(query.path ?? '/')}`
    if (principal.kind !== 'user') {
      const error = new NekodeError('unauthenticated', 'This preview is for people with an account.', {
        next: 'Log in to the console in this browser, then go on.',
      })
      // No refusal: the browser may not have sent its cookie because a page elsewhere sent it here.
      return page(200, error, { href: again, text: 'Go on to the preview' })
    }
    try {
      const { url } = await enter(principal, params.id, query.path ?? '/', addresses.origin(c))
      return new Response(null, {
        status: 303,
        headers: { location: url, 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' },
      })
    } catch (error) {
      if (!(error instanceof NekodeError)) throw error
      return page(error.kind === 'gone' ? 410 : error.kind === 'not_found' ? 404 : 403, error)
    }
  })
}
