import type { Mount } from '../http/route'
import type { NotificationService } from './service'

export function notificationRoutes(mount: Mount, notifications: NotificationService): void {
  mount('GET /api/notification-routes', async ({ principal, query }) => notifications.list(principal, query))
  mount('GET /api/notification-routes/resolve', async ({ principal, query }) => notifications.explain(principal, query))
  mount('POST /api/notification-routes', async ({ principal, body, address }) =>
    notifications.create(principal, body, address),
  )
  mount('PATCH /api/notification-routes/{id}', async ({ principal, params, body, address }) =>
    notifications.update(principal, params.id, body, address),
  )
  mount('DELETE /api/notification-routes/{id}', async ({ principal, params, address }) => {
    await notifications.remove(principal, params.id, address)
    return { ok: true }
  })
}
