import type { Task } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import type { Core } from '../core'
import type { Mount } from '../http/route'
import { changeAll } from './bulk'
import type { ClaimOutcome } from './claims'
import type { Tasks } from './create'
import { onceOf } from './once'
import { claimView } from './view'

const etag = (task: Task): string => `"${task.version}"`

/** The version of an `If-Match`; a task has no other entity tags than its versions. */
function ifMatch(header: string | undefined): number | undefined {
  if (header === undefined || header === '*') return undefined
  const version = /^(?:W\/)?"(\d{1,15})"$/.exec(header.trim())?.[1]
  if (version !== undefined) return Number(version)
  throw new NekodeError('invalid', 'If-Match holds the ETag of the task as you have read it.', {
    code: 'invalid_request',
  })
}

export function taskRoutes(mount: Mount, core: Core, { book, tasks, claims, comments }: Tasks): void {
  mount('GET /api/tasks', async ({ principal, query }) => tasks.list(principal, query))
  mount('GET /api/tasks/board', async ({ principal, query }) => tasks.board(principal, query))
  mount('POST /api/tasks', async ({ principal, body, idempotencyKey }) => {
    const { requestId = idempotencyKey, ...input } = body
    return tasks.create(principal, input, onceOf(core, principal, 'POST /api/tasks', requestId, input))
  })
  mount('POST /api/tasks/bulk', async ({ principal, body }) => ({
    outcomes: await changeAll(core, { book, tasks }, principal, body.ids, body.patch),
  }))
  mount('GET /api/tasks/{id}', async ({ principal, params, headers }) => {
    const task = await tasks.get(principal, params.id)
    headers.etag = etag(task)
    return task
  })
  mount('PATCH /api/tasks/{id}', async ({ principal, params, body, headers, c }) => {
    const version = body.version ?? ifMatch(c.req.header('if-match'))
    const task = await tasks.update(principal, params.id, body, { version })
    headers.etag = etag(task)
    return task
  })
  mount('GET /api/tasks/{id}/comments', async ({ principal, params, query }) =>
    comments.list(principal, params.id, query),
  )
  mount('POST /api/tasks/{id}/comments', async ({ principal, params, body, idempotencyKey }) =>
    comments.add(principal, params.id, body.content, body.requestId ?? idempotencyKey),
  )
  mount('GET /api/tasks/{id}/timeline', async ({ principal, params, query }) =>
    tasks.timeline(principal, params.id, query),
  )
  mount('GET /api/tasks/{id}/claims', async ({ principal, params, query }) =>
    claims.history(principal, params.id, query),
  )
  mount('POST /api/tasks/{id}/claim', async ({ principal, params, body, idempotencyKey }) => {
    const { requestId = idempotencyKey, ...input } = body
    const method = `POST /api/tasks/${params.id}/claim`
    const outcome = await claims.claim(principal, params.id, input, onceOf(core, principal, method, requestId, input))
    if (!outcome.accepted) throw refused(outcome)
    return { task: await book.view(outcome.task), claim: claimView(outcome.claim) }
  })
  mount('POST /api/tasks/{id}/claim/renew', async ({ principal, params, body }) => {
    const { task, claim } = await claims.renew(principal, params.id, body.leaseId, body.leaseSeconds)
    return { task: await book.view(task), claim: claimView(claim) }
  })
  mount('POST /api/tasks/{id}/claim/release', async ({ principal, params, body }) =>
    book.view(await claims.release(principal, params.id, body.leaseId, body.reason)),
  )
}

function refused({ reason, message, current }: Extract<ClaimOutcome, { accepted: false }>): NekodeError {
  const data = current ? { holder: current.holder, expiresAt: current.expiresAt } : undefined
  return new NekodeError('conflict', message, { code: reason, ...(data ? { data } : {}) })
}
