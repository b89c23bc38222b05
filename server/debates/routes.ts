import type { Mount } from '../http/route'
import { type Idempotency, onceWith } from '../idempotency/service'
import type { DebateService } from './service'

export function debateRoutes(mount: Mount, debates: DebateService, idempotency: Idempotency): void {
  mount('GET /api/debates', async ({ principal, query }) => debates.list(principal, query))
  mount('POST /api/debates', async ({ principal, body, idempotencyKey }) =>
    debates.start(principal, body, onceWith(idempotency, principal, 'debate', idempotencyKey, body)),
  )
  mount('GET /api/debates/{id}', async ({ principal, params }) => debates.get(principal, params.id))
  mount('POST /api/debates/{id}/pause', async ({ principal, params }) => debates.pause(principal, params.id))
  mount('POST /api/debates/{id}/resume', async ({ principal, params }) => debates.resume(principal, params.id))
  mount('POST /api/debates/{id}/stop', async ({ principal, params }) => debates.stop(principal, params.id))
}
