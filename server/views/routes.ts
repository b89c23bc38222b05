import type { Mount } from '../http/route'
import type { ViewService } from './service'

export function viewRoutes(mount: Mount, views: ViewService): void {
  mount('GET /api/task-views', async ({ principal }) => views.list(principal))
  mount('POST /api/task-views', async ({ principal, body }) => views.create(principal, body))
  mount('PATCH /api/task-views/{id}', async ({ principal, params, body }) => views.update(principal, params.id, body))
  mount('DELETE /api/task-views/{id}', async ({ principal, params }) => {
    await views.remove(principal, params.id)
    return { ok: true as const }
  })
}
