import type { Mount } from '../http/route'
import type { MessageService } from './service'

export function messageRoutes(mount: Mount, messages: MessageService): void {
  mount('GET /api/messages', async ({ principal, query }) => messages.list(principal, query))
  mount('GET /api/messages/search', async ({ principal, query }) => messages.search(principal, query))
  mount('GET /api/messages/{id}', async ({ principal, params }) => messages.get(principal, params.id))
  mount('POST /api/messages', async ({ principal, body, idempotencyKey }) =>
    messages.post(principal, { ...body, requestId: body.requestId ?? idempotencyKey }),
  )
}
