import type { Mount } from '../http/route'
import type { PushService } from './service'

export function pushRoutes(mount: Mount, push: PushService): void {
  mount('GET /api/push', ({ principal }) => push.state(principal))
  mount('PUT /api/push', ({ principal, body, address }) => push.subscribe(principal, body, address))
  mount('DELETE /api/push', async ({ principal, address }) => {
    await push.unsubscribe(principal, address)
    return { ok: true }
  })
  mount('POST /api/push/test', async ({ principal }) => {
    await push.test(principal)
    return { ok: true }
  })
  mount('PUT /api/push/focus', async ({ principal, body }) => {
    push.focus(principal, body.focused)
    return { ok: true }
  })
}
