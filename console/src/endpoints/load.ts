import { call } from '../api/client'
import { endpoints, notificationRoutes } from './store'

/** All endpoints: there are a handful, and lists of routes and deliveries need their names. */
export async function loadEndpoints(): Promise<true> {
  for (let cursor: string | undefined; ;) {
    const page = await call('GET /api/interaction-endpoints', { query: { limit: 200, ...(cursor ? { cursor } : {}) } })
    endpoints.put(...page.items)
    cursor = page.nextCursor
    if (!cursor) return true
  }
}

/** All routes that the reader may see. */
export async function loadRoutes(): Promise<true> {
  for (let cursor: string | undefined; ;) {
    const page = await call('GET /api/notification-routes', { query: { limit: 200, ...(cursor ? { cursor } : {}) } })
    notificationRoutes.put(...page.items)
    cursor = page.nextCursor
    if (!cursor) return true
  }
}
