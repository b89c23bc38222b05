import type { Mount } from '../http/route'
import type { DeliveryService } from './service'

export function deliveryRoutes(mount: Mount, deliveries: DeliveryService): void {
  mount('GET /api/deliveries', async ({ principal, query }) => deliveries.list(principal, query))
  mount('POST /api/deliveries/{id}/retry', async ({ principal, params }) => deliveries.retry(principal, params.id))
}
