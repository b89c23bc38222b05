import type { Mount } from '../http/route'
import type { Audit } from './service'

export function auditRoutes(mount: Mount, audit: Audit): void {
  mount('GET /api/audit', async ({ query }) => audit.list(query))
}
