import type { Mount } from '../http/route'
import type { Computers } from './service'

export function computerRoutes(mount: Mount, computers: Computers): void {
  mount('GET /api/computers', async () => ({ items: await computers.list() }))
  mount('GET /api/computers/{id}', ({ params }) => computers.get(params.id))
  mount('PATCH /api/computers/{id}', ({ principal, params, body, address }) =>
    computers.rename(principal, params.id, body.displayName, address),
  )
  mount('DELETE /api/computers/{id}', async ({ principal, params, address }) => {
    await computers.remove(principal, params.id, address)
    return { ok: true }
  })
  mount('POST /api/computers/{id}/refresh', async ({ principal, params }) => {
    await computers.refresh(principal, params.id)
    return { ok: true }
  })
  mount('POST /api/computers/{id}/runtimes/{kind}/install', async ({ principal, params, address }) => ({
    operationId: await computers.installRuntime(principal, params.id, params.kind, address),
  }))
}
