import { type Idempotency, onceWith } from '../idempotency/service'
import type { Mount } from '../http/route'
import type { DecisionService } from './service'

export function decisionRoutes(mount: Mount, decisions: DecisionService, idempotency: Idempotency): void {
  mount('GET /api/channels/{target}/decisions', async ({ principal, params, query }) =>
    decisions.list(principal, { ...query, target: params.target }),
  )
  mount('POST /api/channels/{target}/decisions', async ({ principal, params, body, idempotencyKey }) =>
    decisions.propose(
      principal,
      params.target,
      body,
      onceWith(idempotency, principal, 'decision', idempotencyKey, { ...params, ...body }),
    ),
  )
  mount('POST /api/messages/{id}/decision', async ({ principal, params, body, idempotencyKey }) =>
    decisions.promote(
      principal,
      params.id,
      body,
      onceWith(idempotency, principal, 'decision', idempotencyKey, { ...params, ...body }),
    ),
  )
  mount('GET /api/decisions/{id}', async ({ principal, params }) => decisions.get(principal, params.id))
  mount('GET /api/decisions/{id}/votes', async ({ principal, params, query }) =>
    decisions.votes(principal, params.id, query),
  )
  mount('GET /api/decisions/{id}/chain', async ({ principal, params, query }) =>
    decisions.chain(principal, params.id, query),
  )
  mount('POST /api/decisions/{id}/vote', async ({ principal, params, body }) =>
    decisions.vote(principal, params.id, body),
  )
  mount('POST /api/decisions/{id}/ratify', async ({ principal, params, body }) =>
    decisions.ratify(principal, params.id, body),
  )
  mount('POST /api/decisions/{id}/reject', async ({ principal, params, body }) =>
    decisions.reject(principal, params.id, body),
  )
  mount('POST /api/decisions/{id}/withdraw', async ({ principal, params, body }) =>
    decisions.withdraw(principal, params.id, body),
  )
  mount('POST /api/decisions/{id}/retire', async ({ principal, params, body }) =>
    decisions.retire(principal, params.id, body),
  )
  mount('POST /api/decisions/{id}/supersede', async ({ principal, params, body, idempotencyKey }) =>
    decisions.supersede(
      principal,
      params.id,
      body,
      onceWith(idempotency, principal, 'decision', idempotencyKey, { ...params, ...body }),
    ),
  )
}
