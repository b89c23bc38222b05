import type { Mount } from '../http/route'
import type { ApprovalService } from './service'

export function approvalRoutes(mount: Mount, approvals: ApprovalService): void {
  mount('GET /api/approvals', async ({ principal, query }) => approvals.list(principal, query))
  mount('GET /api/approvals/{id}', async ({ principal, params }) => approvals.get(principal, params.id))
  mount('POST /api/approvals/{id}/decision', async ({ principal, params, body }) =>
    approvals.decide(principal, params.id, body),
  )
}
