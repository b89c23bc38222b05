import type { Mount } from '../http/route'
import type { DraftService } from './service'

export function draftRoutes(mount: Mount, drafts: DraftService): void {
  mount('GET /api/drafts', async ({ principal }) => drafts.list(principal))
  mount('PUT /api/drafts', async ({ principal, body }) => drafts.put(principal, body))
}
