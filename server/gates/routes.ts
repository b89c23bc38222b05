import type { Mount } from '../http/route'
import type { GateService } from './service'

export function gateRoutes(mount: Mount, gates: GateService): void {
  mount('GET /api/tasks/{id}/gate', async ({ principal, params }) => gates.get(principal, params.id))
  mount('PUT /api/tasks/{id}/gate', async ({ principal, params, body }) => gates.require(principal, params.id, body))
  mount('POST /api/tasks/{id}/gate/waiver', async ({ principal, params, body }) =>
    gates.waive(principal, params.id, body.reason),
  )
  mount('POST /api/tasks/{id}/evidence', async ({ principal, params, body }) =>
    gates.addEvidence(principal, params.id, body),
  )
  mount('POST /api/tasks/{id}/reviews', async ({ principal, params, body }) =>
    gates.review(principal, params.id, body.verdict, body.comment),
  )
  mount('POST /api/tasks/{id}/release', async ({ principal, params, body }) =>
    gates.release(principal, params.id, body),
  )
}
