import { ApiError, call } from '../api/client'
import { insertId, put, putDelivery } from './apply'
import { change, listKey, state, type Pending } from './state'

/** Shows a message at once and sends it. It never rejects: what went wrong stands beside the message. */
export function send(target: string, threadId: string | null, content: string): Promise<void> {
  const pending: Pending = {
    requestId: crypto.randomUUID?.() ?? `${Date.now()}-${Math.random().toString(36).slice(2)}`,
    target,
    threadId,
    content,
    createdAt: Date.now(),
    error: null,
  }
  change((draft) => void draft.outbox.push(pending))
  return post(pending)
}

/** Sends again what could not be sent. The request id is the same, so a message that did arrive is not written twice. */
export async function resend(requestId: string): Promise<void> {
  const pending = state.outbox.find((item) => item.requestId === requestId)
  if (!pending) return
  change((draft) => {
    const item = draft.outbox.find((item) => item.requestId === requestId)
    if (item) item.error = null
  })
  await post({ ...pending })
}

export const discard = (requestId: string): void =>
  change((draft) => void (draft.outbox = draft.outbox.filter((item) => item.requestId !== requestId)))

/** Sends what failed only because the server could not be reached, in the order in which it was written. */
export async function retryUnsent(): Promise<void> {
  const unsent = state.outbox.filter((item) => item.error?.offline).map((item) => item.requestId)
  for (const requestId of unsent) await resend(requestId)
}

async function post({ requestId, target, threadId, content }: Pending): Promise<void> {
  try {
    const body = { target, content, requestId, ...(threadId ? { threadId } : {}) }
    const { message, deliveries } = await call('POST /api/messages', { body, idempotencyKey: requestId })
    change((draft) => {
      draft.outbox = draft.outbox.filter((item) => item.requestId !== requestId)
      const known = draft.messages[message.id]
      if (!known) put(draft.messages, message.id, message)
      const list = draft.lists[listKey(target, threadId)]
      if (list && !list.newer) insertId(list.ids, message.id)
      // A delivery that an event has already moved on is newer than this answer.
      for (const delivery of deliveries) if (!draft.deliveries[delivery.id]) putDelivery(draft, delivery)
    })
  } catch (error) {
    const reason =
      error instanceof ApiError
        ? { message: error.message, next: error.next, offline: error.status === 0 || error.status >= 502 }
        : { message: String(error), offline: false }
    change((draft) => {
      const item = draft.outbox.find((item) => item.requestId === requestId)
      if (item) item.error = reason
    })
  }
}
