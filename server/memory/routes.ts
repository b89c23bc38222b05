import { type Idempotency, onceWith } from '../idempotency/service'
import type { Mount } from '../http/route'
import type { MemoryService } from './service'

export function memoryRoutes(mount: Mount, memory: MemoryService, idempotency: Idempotency): void {
  mount('GET /api/agents/{id}/memory', async ({ principal, params, query }) =>
    memory.list(principal, { ...query, agentId: params.id }),
  )
  mount('PUT /api/agents/{id}/memory', async ({ principal, params, body, idempotencyKey }) =>
    memory.put(
      principal,
      params.id,
      body,
      onceWith(idempotency, principal, 'memory', idempotencyKey, { ...params, ...body }),
    ),
  )
  mount('GET /api/memory/{id}', async ({ principal, params }) => memory.get(principal, params.id))
  mount('DELETE /api/memory/{id}', async ({ principal, params, query }) => {
    await memory.remove(principal, params.id, query.version)
    return { ok: true as const }
  })
}
