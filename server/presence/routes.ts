import type { Mount } from '../http/route'
import type { Presence } from './service'

export function presenceRoutes(mount: Mount, presence: Presence): void {
  mount('GET /api/presence', async () => presence.list())
  mount('POST /api/presence', async ({ principal }) => {
    presence.active(principal)
    return { ok: true as const }
  })
  mount('POST /api/channels/{target}/typing', async ({ principal, params, body }) => {
    presence.typing(principal, params.target, body.threadId)
    return { ok: true as const }
  })
}
