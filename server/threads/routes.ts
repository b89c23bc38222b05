import type { Mount } from '../http/route'
import type { ThreadService } from './service'

export function threadRoutes(mount: Mount, threads: ThreadService): void {
  mount('GET /api/threads', async ({ principal, query }) => threads.list(principal, query))
  mount('GET /api/threads/{id}', async ({ principal, params }) => threads.get(principal, params.id))
  mount('PUT /api/threads/{id}/follow', async ({ principal, params }) => threads.follow(principal, params.id))
  mount('DELETE /api/threads/{id}/follow', async ({ principal, params }) => threads.unfollow(principal, params.id))
}
