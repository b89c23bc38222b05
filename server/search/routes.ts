import type { Mount } from '../http/route'
import type { SearchService } from './service'

export function searchRoutes(mount: Mount, search: SearchService): void {
  mount('GET /api/search', async ({ principal, query }) => search.search(principal, query))
}
