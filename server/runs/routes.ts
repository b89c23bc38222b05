import type { Mount } from '../http/route'
import type { RunActions } from './actions'
import type { StepPages } from './pages'
import type { RunService } from './service'

export function runRoutes(mount: Mount, runs: RunService, pages: StepPages, actions: RunActions): void {
  mount('GET /api/runs', async ({ principal, query }) => runs.list(principal, query))
  mount('GET /api/runs/{id}', async ({ principal, params }) => runs.get(principal, params.id))
  mount('GET /api/runs/{id}/steps', async ({ principal, params, query }) => pages.page(principal, params.id, query))
  mount('GET /api/runs/{id}/steps/{stepId}', async ({ principal, params }) =>
    pages.one(principal, params.id, params.stepId),
  )
  mount('POST /api/runs/{id}/actions', async ({ principal, params, body }) =>
    actions.perform(principal, params.id, body.action),
  )
}
