import type { Mount } from '../http/route'
import type { TokenService } from './service'

export function tokenRoutes(mount: Mount, tokens: TokenService): void {
  mount('GET /api/tokens', async ({ principal }) => ({ items: await tokens.list(principal) }))
  mount('POST /api/tokens', ({ principal, body, address }) => tokens.create(principal, body, address))
  mount('DELETE /api/tokens/{id}', async ({ principal, params, address }) => {
    await tokens.revoke(principal, params.id, address)
    return { ok: true }
  })
}
