import type { MessageKind } from '@shared/contract'
import { ApiError, call } from '../api/client'
import { keepFile, keptFile, looseFile } from '../attachments/blobs'
import {
  cancelUpload,
  fileOfUpload,
  forgetUpload,
  onSettled,
  retryUpload,
  upload,
  uploads,
} from '../attachments/uploads'
import { t } from '../i18n'
import { insertId, put, putDelivery } from './apply'
import { onRestart } from './feed'
import { hold, isKept, keepPending, keptPending, loosePending } from './kept'
import { change, listKey, state, type Pending, type PendingFile } from './state'

export interface Written {
  content: string
  /** Default: a note. */
  kind?: MessageKind
  /** Uploads that it carries, in their order; it is sent when they are complete. */
  uploadIds?: string[]
}

/** Shows a message at once and sends it. It never rejects: what went wrong stands beside the message. */
export function send(target: string, threadId: string | null, written: Written): Promise<void> {
  const files = (written.uploadIds ?? []).flatMap((id) => fileOf(id) ?? [])
  const pending: Pending = {
    requestId: crypto.randomUUID?.() ?? `${Date.now()}-${Math.random().toString(36).slice(2)}`,
    target,
    threadId,
    content: written.content,
    kind: written.kind ?? 'note',
    files,
    waiting: files.some(({ attachment }) => attachment === null),
    createdAt: Date.now(),
    error: null,
  }
  change((draft) => void draft.outbox.push(pending))
  keepPending(pending)
  hold(pending.requestId, () => over(pending.requestId))
  for (const { uploadId, attachment } of files) if (!attachment) void keepFile(uploadId, fileOfUpload(uploadId))
  return pending.waiting ? Promise.resolve() : post({ ...pending })
}

function fileOf(uploadId: string): PendingFile | undefined {
  const upload = uploads[uploadId]
  if (!upload) return undefined
  const { name, mimeType, sizeBytes, attachment } = upload
  return { uploadId, name, mimeType, sizeBytes, attachment }
}

/** Sends again what could not be sent. The request id is the same, so a message that did arrive is not written twice. */
export async function resend(requestId: string): Promise<void> {
  const pending = find(requestId)
  if (!pending) return
  const lacking = pending.files.filter(({ attachment }) => attachment === null)
  update(requestId, (item) => Object.assign(item, { error: null, waiting: lacking.length > 0 }))
  if (lacking.length === 0) return post({ ...pending })
  for (const { uploadId } of lacking) {
    if (uploads[uploadId]) retryUpload(uploadId)
    else await uploadAgain(pending, uploadId)
  }
}

/** Sends a file that was on its way when the page went, as far as the browser has kept it. */
async function uploadAgain({ requestId, target, files }: Pending, uploadId: string): Promise<void> {
  const file = await keptFile(uploadId)
  if (file) return void upload(target, file, files.find((each) => each.uploadId === uploadId)?.name, uploadId)
  const error = { message: t('outbox.filesLost'), offline: false }
  update(requestId, (item) => Object.assign(item, { waiting: false, error }))
}

/** Resolves when a message has left the queue. */
const leaving = new Map<string, () => void>()
const over = (requestId: string): Promise<void> => new Promise((resolve) => leaving.set(requestId, resolve))
function left(requestId: string): void {
  loosePending(requestId)
  leaving.get(requestId)?.()
  leaving.delete(requestId)
}

/** Gives a message up, and the files that only it would have carried. */
export function discard(requestId: string): void {
  const pending = find(requestId)
  remove(requestId)
  for (const { uploadId } of pending?.files ?? []) {
    cancelUpload(uploadId)
    void looseFile(uploadId)
  }
}

const find = (requestId: string): Pending | undefined => state.outbox.find((item) => item.requestId === requestId)

function update(requestId: string, recipe: (item: Pending) => void): void {
  change((draft) => {
    const item = draft.outbox.find((item) => item.requestId === requestId)
    if (item) recipe(item)
  })
}

function remove(requestId: string): void {
  left(requestId)
  change((draft) => void (draft.outbox = draft.outbox.filter((item) => item.requestId !== requestId)))
}

/** Sends what failed only because the server could not be reached, in the order in which it was written. */
export async function retryUnsent(): Promise<void> {
  const unsent = state.outbox.filter((item) => item.error?.offline).map((item) => item.requestId)
  for (const requestId of unsent) await resend(requestId)
}

/** Nobody presses Retry because of a proxy that was away for a moment. */
let retryTimer: ReturnType<typeof setTimeout> | undefined
let failures = 0
function retryLater(): void {
  clearTimeout(retryTimer)
  retryTimer = setTimeout(() => void retryUnsent(), Math.min(60_000, 2000 * 2 ** failures++))
}
addEventListener('online', () => void retryUnsent())

/** An upload has ended: the messages that wait for it go on, or say what is wrong. */
onSettled((uploadId) => {
  for (const { requestId, waiting, files } of state.outbox) {
    if (!waiting || !files.some((file) => file.uploadId === uploadId)) continue
    const upload = uploads[uploadId]
    if (upload?.state === 'failed') {
      const { text, next } = upload.error ?? { text: upload.name, next: undefined }
      update(requestId, (item) =>
        Object.assign(item, { waiting: false, error: { message: text, next, offline: false } }),
      )
      continue
    }
    update(requestId, (item) => {
      const file = item.files.find((file) => file.uploadId === uploadId)
      if (file && upload) file.attachment = upload.attachment
      item.waiting = item.files.some(({ attachment }) => attachment === null)
    })
    const pending = find(requestId)
    if (!pending) continue
    keepPending(pending)
    if (upload) void looseFile(uploadId)
    if (!pending.waiting) void post({ ...pending })
  }
})

// What was not sent when the page was closed, once it is known who reads.
onRestart(() => {
  if (!state.me) {
    // Whoever logs in next takes hold of what is theirs anew.
    for (const end of leaving.values()) end()
    leaving.clear()
    return
  }
  const known = new Set(state.outbox.map(({ requestId }) => requestId))
  for (const pending of keptPending()) if (!known.has(pending.requestId)) takeUp(pending)
})

/** One after the other, in the order in which they were written. */
let turn: Promise<void> = Promise.resolve()

function takeUp(pending: Pending): void {
  const { requestId, error } = pending
  hold(requestId, async () => {
    // The tab that had it may have sent it by now, and this page may have been left to somebody else.
    if (!isKept(requestId) || find(requestId)) return
    change((draft) => void draft.outbox.push(pending))
    const gone = over(requestId)
    if (!error) await (turn = turn.then(() => resend(requestId)))
    await gone
  })
}

async function post(pending: Pending): Promise<void> {
  const { requestId, target, threadId, content, kind, files } = pending
  const attachmentIds = files.flatMap(({ attachment }) => attachment?.id ?? [])
  try {
    const body = {
      target,
      content,
      requestId,
      ...(threadId ? { threadId } : {}),
      ...(kind === 'note' ? {} : { kind }),
      ...(attachmentIds.length > 0 ? { attachmentIds } : {}),
    }
    const { message, deliveries } = await call('POST /api/messages', { body, idempotencyKey: requestId })
    failures = 0
    left(requestId)
    change((draft) => {
      draft.outbox = draft.outbox.filter((item) => item.requestId !== requestId)
      const known = draft.messages[message.id]
      if (!known) put(draft.messages, message.id, message)
      const list = draft.lists[listKey(target, threadId)]
      if (list && !list.newer) insertId(list.ids, message.id)
      // A delivery that an event has already moved on is newer than this answer.
      for (const delivery of deliveries) if (!draft.deliveries[delivery.id]) putDelivery(draft, delivery)
    })
    for (const { uploadId } of files) forgetUpload(uploadId)
  } catch (error) {
    const reason =
      error instanceof ApiError
        ? { message: error.message, next: error.next, offline: error.status === 0 || error.status >= 502 }
        : { message: String(error), offline: false }
    change((draft) => {
      const item = draft.outbox.find((item) => item.requestId === requestId)
      if (item) item.error = reason
      // An event of another message that says the same had taken it for this one.
      else if (draft.me) draft.outbox.push({ ...pending, waiting: false, error: reason })
    })
    if (reason.offline) retryLater()
  }
}
