import type { Mount } from '../http/route'
import type { SavedService } from './service'

export function savedRoutes(mount: Mount, saved: SavedService): void {
  mount('GET /api/messages/saved', async ({ principal, query }) => saved.list(principal, query))
  mount('POST /api/messages/{id}/save', async ({ principal, params }) => saved.save(principal, params.id))
  mount('DELETE /api/messages/{id}/save', async ({ principal, params }) => saved.unsave(principal, params.id))
}
