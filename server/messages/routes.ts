import type { Directory } from '../directory/directory'
import type { Mount } from '../http/route'
import { spoken } from './mentions'
import type { MessageService } from './service'

export function messageRoutes(mount: Mount, messages: MessageService, directory: Directory): void {
  mount('GET /api/messages', async ({ principal, query }) =>
    // Ids have the time in front, so that this one comes before all others.
    messages.list(principal, { ...query, after: query.after === '0' ? 'msg_0' : query.after }),
  )
  mount('GET /api/messages/search', async ({ principal, query }) => messages.search(principal, query))
  mount('GET /api/messages/{id}', async ({ principal, params }) => messages.get(principal, params.id))
  mount('POST /api/messages', async ({ principal, body: { mentions, sender, ...body }, idempotencyKey }) =>
    messages.post(principal, {
      ...body,
      content: spoken(principal, { content: body.content, mentions, sender }, directory),
      requestId: body.requestId ?? idempotencyKey,
    }),
  )
  const { editing, marks } = messages
  mount('PATCH /api/messages/{id}', async ({ principal, params, body }) =>
    editing.edit(principal, params.id, body.content),
  )
  mount('DELETE /api/messages/{id}', async ({ principal, params }) => editing.delete(principal, params.id))
  mount('GET /api/messages/{id}/edits', async ({ principal, params }) => editing.versions(principal, params.id))
  mount('PUT /api/messages/{id}/reactions/{emoji}', async ({ principal, params }) =>
    marks.react(principal, params.id, params.emoji),
  )
  mount('DELETE /api/messages/{id}/reactions/{emoji}', async ({ principal, params }) =>
    marks.unreact(principal, params.id, params.emoji),
  )
  mount('PUT /api/messages/{id}/pin', async ({ principal, params }) => marks.pin(principal, params.id))
  mount('DELETE /api/messages/{id}/pin', async ({ principal, params }) => marks.unpin(principal, params.id))
  mount('GET /api/channels/{target}/pins', async ({ principal, params }) => marks.pins(principal, params.target))
}
