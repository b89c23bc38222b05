import type { Mount } from '../http/route'
import type { OutboundService } from './service'

export function outboundRoutes(mount: Mount, outbound: OutboundService): void {
  mount('GET /api/outbound-deliveries', async ({ principal, query: { status, ...query } }) =>
    outbound.list([principal], { ...query, statuses: status }),
  )
  mount('POST /api/outbound-deliveries/{id}/retry', async ({ principal, params, address }) =>
    outbound.retry(principal, params.id, { address }),
  )
}
