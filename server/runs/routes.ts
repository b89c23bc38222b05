import type { Mount } from '../http/route'
import type { RunActions } from './actions'
import type { RunService } from './service'

export function runRoutes(mount: Mount, runs: RunService, actions: RunActions): void {
  mount('GET /api/runs', async ({ principal, query }) => runs.list(principal, query))
  mount('GET /api/runs/{id}', async ({ principal, params }) => runs.get(principal, params.id))
  mount('POST /api/runs/{id}/actions', async ({ principal, params, body }) =>
    actions.perform(principal, params.id, body.action),
  )
}
