import type { Mount } from '../http/route'
import type { UsageService } from './service'

export function usageRoutes(mount: Mount, usage: UsageService): void {
  mount('GET /api/usage', ({ principal, query }) => usage.report(principal, query))
}
