import { type Idempotency, onceWith } from '../idempotency/service'
import type { Mount } from '../http/route'
import type { CoordinationService } from './service'

export function coordinationRoutes(mount: Mount, coordination: CoordinationService, idempotency: Idempotency): void {
  mount('GET /api/channels/{target}/coordination', async ({ principal, params, query: { current, ...query } }) =>
    coordination.list(principal, {
      ...query,
      target: params.target,
      ...(current === undefined ? {} : { current: current === 'true' }),
    }),
  )
  mount('POST /api/channels/{target}/coordination', async ({ principal, params, body, idempotencyKey }) =>
    coordination.publish(
      principal,
      params.target,
      body,
      onceWith(idempotency, principal, 'coordination', idempotencyKey, { ...params, ...body }),
    ),
  )
  mount('GET /api/coordination/{id}', async ({ principal, params }) => coordination.get(principal, params.id))
  mount('POST /api/coordination/{id}/counter', async ({ principal, params, body, idempotencyKey }) =>
    coordination.counter(
      principal,
      params.id,
      body,
      onceWith(idempotency, principal, 'coordination', idempotencyKey, { ...params, ...body }),
    ),
  )
  mount('POST /api/coordination/{id}/decision', async ({ principal, params, body, idempotencyKey }) =>
    coordination.decide(
      principal,
      params.id,
      body,
      onceWith(idempotency, principal, 'coordination', idempotencyKey, { ...params, ...body }),
    ),
  )
  mount('POST /api/coordination/{id}/response', async ({ principal, params, body, idempotencyKey }) =>
    coordination.respond(
      principal,
      params.id,
      body,
      onceWith(idempotency, principal, 'coordination', idempotencyKey, { ...params, ...body }),
    ),
  )
}
