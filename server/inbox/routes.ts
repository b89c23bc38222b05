import type { Mount } from '../http/route'
import type { InboxService } from './service'

export function inboxRoutes(mount: Mount, inbox: InboxService): void {
  mount('GET /api/inbox', async ({ principal, query }) => inbox.list(principal, query))
  mount('POST /api/inbox/mark-all', async ({ principal, body }) => ({ changed: await inbox.markAll(principal, body) }))
  mount('GET /api/inbox/threads', async ({ principal, query }) => inbox.list(principal, { ...query, kind: 'thread' }))
  mount('POST /api/inbox/threads/read-all', async ({ principal, body }) => ({
    changed: await inbox.markAll(principal, { state: 'read', kind: 'thread', target: body.target }),
  }))
  mount('POST /api/inbox/threads/{threadId}/read', async ({ principal, params }) => {
    await inbox.threadRead(principal, params.threadId)
    return { ok: true as const }
  })
  mount('POST /api/inbox/tasks/{taskId}/read', async ({ principal, params }) => {
    await inbox.taskRead(principal, params.taskId)
    return { ok: true as const }
  })
  mount('POST /api/inbox/{id}', async ({ principal, params, body }) => inbox.mark(principal, params.id, body.state))
}
