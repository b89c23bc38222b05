import type { Mount } from '../http/route'
import { providerView, providers } from './registry'
import type { EndpointService } from './service'

export function endpointRoutes(mount: Mount, endpoints: EndpointService): void {
  mount('GET /api/interaction-endpoints/providers', async () => ({ items: providers().map(providerView) }))
  mount('GET /api/im/providers', async () => ({
    items: providers()
      .filter((p) => p.kind === 'im')
      .map(providerView),
  }))
  mount('GET /api/interaction-endpoints', async ({ principal, query }) => endpoints.list(principal, query))
  mount('GET /api/interaction-endpoints/{id}', async ({ principal, params }) => endpoints.get(principal, params.id))
  mount('POST /api/interaction-endpoints', async ({ principal, body, address }) =>
    endpoints.create(principal, body, address),
  )
  mount('PATCH /api/interaction-endpoints/{id}', async ({ principal, params, body, address }) =>
    endpoints.update(principal, params.id, body, address),
  )
  mount('DELETE /api/interaction-endpoints/{id}', async ({ principal, params, address }) => {
    await endpoints.remove(principal, params.id, address)
    return { ok: true }
  })
  mount('POST /api/interaction-endpoints/{id}/test', async ({ principal, params, address }) =>
    endpoints.test(principal, params.id, address),
  )
  mount('POST /api/interaction-endpoints/{id}/secret', async ({ principal, params, address }) =>
    endpoints.renewSecret(principal, params.id, address),
  )
  mount('POST /api/interaction-endpoints/{id}/token', async ({ principal, params, address }) =>
    endpoints.renewToken(principal, params.id, address),
  )
}
