import { agentOf } from '../directory/named'
import type { Directory } from '../directory/directory'
import type { Mount } from '../http/route'
import type { DeliveryService } from './service'

export function deliveryRoutes(mount: Mount, deliveries: DeliveryService, directory: Directory): void {
  mount('GET /api/deliveries', async ({ principal, query: { agent, status, ...query } }) =>
    deliveries.list(principal, {
      ...query,
      agentId: agent === undefined ? query.agentId : agentOf(directory, agent).id,
      state: status ?? query.state,
    }),
  )
  mount('POST /api/deliveries/{id}/retry', async ({ principal, params }) => deliveries.retry(principal, params.id))
}
