import type { Mount } from '../http/route'
import type { WorkspaceService } from './service'

export function workspaceRoutes(mount: Mount, workspaces: WorkspaceService): void {
  mount('GET /api/agents/{id}/workspace/tree', ({ principal, params, query }) =>
    workspaces.tree(principal, params.id, query),
  )
  mount('GET /api/agents/{id}/workspace/file', ({ principal, params, query }) =>
    workspaces.file(principal, params.id, query),
  )
  mount('GET /api/agents/{id}/workspace/image', ({ principal, params, query }) =>
    workspaces.image(principal, params.id, query.path),
  )
}
