import type { Mount } from '../http/route'
import { type Idempotency, onceWith } from '../idempotency/service'
import type { TopicService } from './service'

export function topicRoutes(mount: Mount, topics: TopicService, idempotency: Idempotency): void {
  mount('GET /api/channels/{target}/topics', async ({ principal, params, query }) =>
    topics.list(principal, params.target, query),
  )
  mount('POST /api/channels/{target}/topics', async ({ principal, params, body, idempotencyKey }) =>
    topics.create(
      principal,
      params.target,
      body,
      onceWith(idempotency, principal, 'topic', idempotencyKey, { ...params, ...body }),
    ),
  )
  mount('GET /api/channels/{target}/topics/{number}', async ({ principal, params }) =>
    topics.get(principal, params.target, params.number),
  )
  mount('PATCH /api/channels/{target}/topics/{number}', async ({ principal, params, body }) =>
    topics.update(principal, params.target, params.number, body),
  )
}
