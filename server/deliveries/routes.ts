import { agentOf } from '../directory/named'
import type { Directory } from '../directory/directory'
import type { Mount } from '../http/route'
import type { AgentInbox } from './inbox'
import type { DeliveryService } from './service'

export function deliveryRoutes(
  mount: Mount,
  deliveries: DeliveryService,
  inbox: AgentInbox,
  directory: Directory,
): void {
  mount('GET /api/agent/inbox', async ({ principal, query }) => inbox.list(principal, query))
  mount('POST /api/agent/inbox/{id}/decline', async ({ principal, params }) => inbox.decline(principal, params.id))
  mount('GET /api/deliveries', async ({ principal, query: { agent, status, ...query } }) =>
    deliveries.list(principal, {
      ...query,
      agentId: agent === undefined ? query.agentId : agentOf(directory, agent).id,
      state: status ?? query.state,
    }),
  )
  mount('POST /api/deliveries/{id}/retry', async ({ principal, params }) => deliveries.retry(principal, params.id))
}
