import type { Run, RunTask } from '@shared/contract'
import type { Principal } from '../access/principal'
import type { Mount } from '../http/route'
import type { RunActions } from './actions'
import type { StepPages } from './pages'
import type { RunService } from './service'

export interface RunRouteDeps {
  runs: RunService
  pages: StepPages
  actions: RunActions
  /** The task that a run works on, as far as the caller may see it. */
  taskOf(p: Principal, run: Run): Promise<RunTask | null>
}

export function runRoutes(mount: Mount, { runs, pages, actions, taskOf }: RunRouteDeps): void {
  mount('GET /api/runs', async ({ principal, query }) => runs.list(principal, query))
  mount('GET /api/runs/{id}', async ({ principal, params }) => {
    const found = await runs.get(principal, params.id)
    return { ...found, task: await taskOf(principal, found.run) }
  })
  mount('GET /api/runs/{id}/steps', async ({ principal, params, query }) => pages.page(principal, params.id, query))
  mount('GET /api/runs/{id}/steps/{stepId}', async ({ principal, params }) =>
    pages.one(principal, params.id, params.stepId),
  )
  mount('POST /api/runs/{id}/actions', async ({ principal, params, body }) =>
    actions.perform(principal, params.id, body.action),
  )
}
