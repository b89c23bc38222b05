import type { Core } from '../core'
import type { Mount } from '../http/route'
import { onceOf } from '../tasks/once'
import type { GraphService } from './service'
import type { SplitService } from './splits'

export function graphRoutes(mount: Mount, core: Core, graph: GraphService, splits: SplitService): void {
  mount('POST /api/tasks/graph', async ({ principal, body, idempotencyKey }) => {
    const { requestId = idempotencyKey, ...input } = body
    return graph.create(principal, input, onceOf(core, principal, 'POST /api/tasks/graph', requestId, input))
  })
  mount('GET /api/tasks/{id}/graph', async ({ principal, params, query }) =>
    graph.get(principal, params.id, query.since),
  )
  mount('PATCH /api/tasks/{id}/graph', async ({ principal, params, body }) => graph.update(principal, params.id, body))
  mount('GET /api/tasks/{id}/splits', async ({ principal, params, query }) => splits.list(principal, params.id, query))
  mount('POST /api/tasks/{id}/splits', async ({ principal, params, body, idempotencyKey }) => {
    const { requestId = idempotencyKey, ...input } = body
    const method = `POST /api/tasks/${params.id}/splits`
    return splits.propose(principal, params.id, input, onceOf(core, principal, method, requestId, input))
  })
  mount('POST /api/tasks/{id}/splits/{splitId}/apply', async ({ principal, params, body, idempotencyKey }) => {
    const { requestId = idempotencyKey, partIds } = body
    const once = onceOf(core, principal, `POST /api/splits/${params.splitId}/apply`, requestId, { partIds })
    return splits.apply(principal, params.id, params.splitId, partIds, once)
  })
  mount('DELETE /api/tasks/{id}/splits/{splitId}', async ({ principal, params }) =>
    splits.cancel(principal, params.id, params.splitId),
  )
}
