import type { AttachmentBrief } from '@shared/contract'

/**
 * `waiting` for its turn; `sending`; `stalled` because the connection went, to go on where it stopped; `done`; `failed` for good unless
 * the reader tries again.
 */
export type UploadState = 'waiting' | 'sending' | 'stalled' | 'done' | 'failed'

/** A file on its way to the server. */
export interface FileUpload {
  id: string
  target: string
  name: string
  mimeType: string
  sizeBytes: number
  state: UploadState
  sentBytes: number
  /** The server's own, once all of it is there. */
  attachment: AttachmentBrief | null
  error: { text: string; next: string | undefined } | null
  /** A picture of it from this browser; null for what is none. */
  pictureUrl: string | null
}

export type UploadEvent =
  | { type: 'started' }
  | { type: 'progress'; sentBytes: number }
  | { type: 'cut' }
  | { type: 'arrived'; attachment: AttachmentBrief }
  | { type: 'refused'; error: { text: string; next: string | undefined } }
  | { type: 'retried' }

const from: Record<UploadEvent['type'], readonly UploadState[]> = {
  started: ['waiting', 'stalled'],
  progress: ['sending', 'stalled'],
  cut: ['sending'],
  arrived: ['sending', 'stalled'],
  refused: ['waiting', 'sending', 'stalled'],
  retried: ['failed', 'stalled'],
}

/** What an event makes of an upload: only what changes, and nothing where the event comes too late to matter. */
export function advance(upload: Pick<FileUpload, 'state' | 'sizeBytes'>, event: UploadEvent): Partial<FileUpload> {
  if (!from[event.type].includes(upload.state)) return {}
  switch (event.type) {
    case 'started':
      return { state: 'sending', error: null }
    case 'progress':
      return { state: 'sending', sentBytes: Math.min(event.sentBytes, upload.sizeBytes) }
    case 'cut':
      return { state: 'stalled' }
    case 'arrived':
      return { state: 'done', attachment: event.attachment, sentBytes: upload.sizeBytes, error: null }
    case 'refused':
      return { state: 'failed', error: event.error }
    case 'retried':
      return { state: 'waiting', error: null }
  }
}

/** Files that are sent at once; the others wait. */
const atOnce = 3

/** Which uploads may start now, first come first served. One that is stalled keeps its place. */
export function startable(uploads: readonly Pick<FileUpload, 'id' | 'state'>[]): string[] {
  const busy = uploads.filter(({ state }) => state === 'sending' || state === 'stalled').length
  return uploads
    .filter(({ state }) => state === 'waiting')
    .slice(0, Math.max(0, atOnce - busy))
    .map(({ id }) => id)
}

export const isOver = ({ state }: Pick<FileUpload, 'state'>): boolean => state === 'done' || state === 'failed'
