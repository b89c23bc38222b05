import { NekodeError } from '@shared/errors'
import type { Mount } from '../http/route'
import { type Idempotency, onceWith } from '../idempotency/service'
import type { ReminderService } from './service'

export function reminderRoutes(mount: Mount, reminders: ReminderService, idempotency: Idempotency): void {
  mount('GET /api/reminders', async ({ principal, query }) => reminders.list(principal, query))
  mount('POST /api/reminders', async ({ principal, body, idempotencyKey }) =>
    reminders.create(principal, body, onceWith(idempotency, principal, 'reminder', idempotencyKey, body)),
  )
  mount('POST /api/reminders/preview', async ({ principal, body }) => reminders.preview(principal, body))
  mount('GET /api/reminders/{id}', async ({ principal, params }) => reminders.get(principal, params.id))
  mount('PATCH /api/reminders/{id}', async ({ principal, params, body }) => {
    if (Object.keys(body).length === 0)
      throw new NekodeError('invalid', 'There is nothing to change.', { code: 'invalid_request' })
    return reminders.update(principal, params.id, body)
  })
  mount('POST /api/reminders/{id}/snooze', async ({ principal, params, body, idempotencyKey }) =>
    reminders.snooze(
      principal,
      params.id,
      body.delaySeconds,
      onceWith(idempotency, principal, 'reminder', idempotencyKey, { ...params, ...body }),
    ),
  )
  mount('POST /api/reminders/{id}/cancel', async ({ principal, params, body }) =>
    reminders.cancel(principal, params.id, body.cancelToken),
  )
  mount('GET /api/reminders/{id}/log', async ({ principal, params, query }) =>
    reminders.log(principal, params.id, query),
  )
}
