import { createEffect, createRoot, on } from 'solid-js'
import { createStore, produce } from 'solid-js/store'
import type { AttachmentBrief } from '@shared/contract'
import { call } from '../api/client'
import { t } from '../i18n'
import { errorNext, errorText } from '../i18n/errors'
import { state } from '../store/state'
import { sizeText, shownName } from './file'
import { advance, isOver, startable, type FileUpload, type UploadEvent } from './machine'

/** What the upload of one file tells. */
export interface Hooks {
  progress: (sentBytes: number) => void
  /** The connection went; `start` goes on. */
  cut: () => void
  arrived: (attachment: AttachmentBrief) => void
  refused: (error: unknown) => void
}
export interface Sending {
  /** Begins, or goes on where it stopped. */
  start: () => void
  /** `giveUp`: the server may forget what it has. */
  stop: (giveUp: boolean) => Promise<void>
}
export type Sender = (file: File, about: { target: string; name: string }, hooks: Hooks) => Sending

const [uploads, setUploads] = createStore<Record<string, FileUpload>>({})
/** By id, read-only. In the order in which they were begun. */
export { uploads }

interface Work {
  file: File
  sending?: Sending
  retryTimer?: ReturnType<typeof setTimeout>
  cuts: number
}
const works = new Map<string, Work>()
const listeners = new Set<(id: string) => void>()

/** Calls `listener` with each upload that is done, has failed or was taken back. */
export function onSettled(listener: (id: string) => void): () => void {
  listeners.add(listener)
  return () => void listeners.delete(listener)
}
const settled = (id: string): void => listeners.forEach((listener) => listener(id))

/** The client of the protocol is loaded with the first file. Tests put their own in its place. */
let loadSender: () => Promise<Sender> = async () => (await import('./tus')).createSending
export const useSender = (sender: Sender): void => void (loadSender = () => Promise.resolve(sender))

function tell(id: string, event: UploadEvent): void {
  const upload = uploads[id]
  if (!upload) return
  setUploads(id, advance(upload, event))
  const now = uploads[id]
  if (now && isOver(now)) {
    settled(id)
    startNext()
  }
}

/** The bytes of a file are on this page alone until they have arrived, so the browser asks before it lets the page go. */
addEventListener('beforeunload', (event) => {
  if (Object.values(uploads).some((each) => !isOver(each))) event.preventDefault()
})

/** The bytes of an upload of this page. */
export const fileOfUpload = (id: string): File | undefined => works.get(id)?.file

/** Begins to upload a file for a conversation. Returns the upload's id. */
export function upload(target: string, file: File, name = file.name, id = newId()): string {
  works.set(id, { file, cuts: 0 })
  setUploads(id, {
    id,
    target,
    name: name || t('upload.unnamed'),
    mimeType: file.type,
    sizeBytes: file.size,
    state: 'waiting',
    sentBytes: 0,
    attachment: null,
    error: null,
    pictureUrl: /^image\/(png|jpeg|gif|webp|avif|bmp)$/.test(file.type) ? URL.createObjectURL(file) : null,
  })
  void admit(id)
  return id
}

/** A file of an earlier page that is on the server already and that no message carries yet. */
export function takeUploaded(target: string, attachment: AttachmentBrief): string {
  const { id, filename: name, mimeType, sizeBytes } = attachment
  const fields = { target, name, mimeType, sizeBytes, sentBytes: sizeBytes, state: 'done' as const, error: null }
  setUploads(id, { id, ...fields, attachment, pictureUrl: null })
  return id
}

const newId = (): string => `up-${crypto.randomUUID?.() ?? Math.random().toString(36).slice(2)}`

/** What the server takes is asked once, so that a file that is too large is refused before it was sent for nothing. */
let limits: Promise<{ fileBytes: number | null; leftBytes: number | null }> | undefined

async function askLimits(): Promise<{ fileBytes: number | null; leftBytes: number | null }> {
  const { fileBytes, quotaBytes, bytes } = await call('GET /api/attachments/usage')
  return { fileBytes, leftBytes: quotaBytes === null ? null : Math.max(0, quotaBytes - bytes) }
}

async function admit(id: string): Promise<void> {
  const { sizeBytes = 0, name = '' } = uploads[id] ?? {}
  // Whoever cannot be asked does not decide: the upload itself says what is wrong.
  const { fileBytes, leftBytes } = await (limits ??= askLimits()).catch(() => {
    limits = undefined
    return { fileBytes: null, leftBytes: null }
  })
  const refuse = (text: string, next: string) => tell(id, { type: 'refused', error: { text, next } })
  if (fileBytes !== null && sizeBytes > fileBytes) {
    const values = { name: shownName(name, 40), size: sizeText(sizeBytes), most: sizeText(fileBytes) }
    return refuse(t('upload.tooLarge', values), t('upload.tooLargeNext'))
  }
  if (leftBytes !== null && sizeBytes > leftBytes) {
    // What is there may have changed since.
    limits = undefined
    return refuse(t('upload.noRoom', { left: sizeText(leftBytes) }), t('upload.noRoomNext'))
  }
  startNext()
}

function startNext(): void {
  for (const id of startable(Object.values(uploads))) void start(id)
}

async function start(id: string): Promise<void> {
  const work = works.get(id)
  const about = uploads[id]
  if (!work || !about) return
  tell(id, { type: 'started' })
  try {
    const sender = await loadSender()
    if (!works.has(id)) return
    work.sending ??= sender(work.file, { target: about.target, name: about.name }, hooksOf(id, work))
    work.sending.start()
  } catch {
    // The client itself could not be loaded: the same as a connection that went.
    stalled(id, work)
  }
}

const hooksOf = (id: string, work: Work): Hooks => ({
  progress(sentBytes) {
    work.cuts = 0
    tell(id, { type: 'progress', sentBytes })
  },
  cut: () => stalled(id, work),
  arrived(attachment) {
    limits = undefined
    tell(id, { type: 'arrived', attachment })
  },
  refused: (error) => tell(id, { type: 'refused', error: { text: errorText(error), next: errorNext(error) } }),
})

function stalled(id: string, work: Work): void {
  tell(id, { type: 'cut' })
  clearTimeout(work.retryTimer)
  work.retryTimer = setTimeout(() => goOn(id), Math.min(30_000, 1000 * 2 ** work.cuts++))
}

function goOn(id: string): void {
  const work = works.get(id)
  if (!work || uploads[id]?.state !== 'stalled') return
  clearTimeout(work.retryTimer)
  void start(id)
}

/** The connection is back: nobody waits for a timer. */
export function resumeStalled(): void {
  for (const { id, state } of Object.values(uploads)) if (state === 'stalled') goOn(id)
}
addEventListener('online', resumeStalled)
createRoot(() =>
  createEffect(
    on(
      () => state.connection,
      (connection) => connection === 'live' && resumeStalled(),
      { defer: true },
    ),
  ),
)

/** Tries again what failed; what had arrived of it is not sent a second time. */
export function retryUpload(id: string): void {
  if (uploads[id]?.state === 'stalled') return goOn(id)
  limits = undefined
  tell(id, { type: 'retried' })
  void admit(id)
}

/** Takes a file back, from the server too. */
export function cancelUpload(id: string): void {
  const { attachment } = uploads[id] ?? {}
  const work = works.get(id)
  forgetUpload(id)
  // What nobody uses goes by itself after a day, so a failure here is nobody's.
  if (attachment) void call('DELETE /api/attachments/{id}', { params: { id: attachment.id } }).catch(() => undefined)
  else void work?.sending?.stop(true).catch(() => undefined)
  settled(id)
  startNext()
}

/** A message carries it now, or its writer is gone: nothing of it stays on this page. */
export function forgetUpload(id: string): void {
  clearTimeout(works.get(id)?.retryTimer)
  works.delete(id)
  const { pictureUrl } = uploads[id] ?? {}
  if (pictureUrl) URL.revokeObjectURL(pictureUrl)
  setUploads(produce((all) => void delete all[id]))
}

/** After a logout: nothing goes on in somebody else's name. */
export function forgetUploads(): void {
  for (const [id, { sending }] of works) {
    void sending?.stop(false).catch(() => undefined)
    forgetUpload(id)
  }
  limits = undefined
}
