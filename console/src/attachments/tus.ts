import { failure } from '@shared/contract/client'
import { type DetailedError, Upload } from 'tus-js-client'
import type { Attachment } from '@shared/contract'
import { authHeaders, call } from '../api/client'
import type { Sending, Sender } from './uploads'

/** What the server has of a part stays there when the connection goes; a proxy may pass only whole parts on, so they are not large. */
const partBytes = 8 << 20
/** Waits in between in milliseconds, before the upload counts as stalled. */
const retryDelays = [0, 400, 1500]

const isDetailed = (error: Error): error is DetailedError => 'originalResponse' in error
const statusOf = (error: Error): number => (isDetailed(error) ? (error.originalResponse?.getStatus() ?? 0) : 0)
/** Nobody answered, somebody in between did, or the server asks to come back. */
const isPassing = (status: number): boolean =>
  status === 0 || status === 409 || status === 423 || status === 429 || status >= 502

/** Sends a file by tus 1.0, in parts, and goes on where it stopped each time it is started. */
export const createSending: Sender = (file, { target, name }, hooks) => {
  const refuse = (error: Error): void => {
    const status = statusOf(error)
    if (isPassing(status)) return hooks.cut()
    const body = isDetailed(error) ? (error.originalResponse?.getBody() ?? '') : ''
    hooks.refused(status === 0 ? error : failure(status, body))
  }
  const finish = async (): Promise<void> => {
    try {
      hooks.arrived(await result(upload.url, file.size))
    } catch {
      // All of it is there but the answer got lost: starting again asks for it.
      hooks.cut()
    }
  }
  const upload = new Upload(file, {
    endpoint: '/api/uploads',
    chunkSize: partBytes,
    retryDelays,
    storeFingerprintForResuming: false,
    metadata: { target, filename: name, ...(file.type ? { filetype: file.type } : {}) },
    onBeforeRequest: (request) => {
      for (const [header, value] of Object.entries(authHeaders())) request.setHeader(header, value)
    },
    onShouldRetry: (error) => isPassing(statusOf(error)),
    onProgress: (sent) => hooks.progress(sent),
    onSuccess: () => void finish(),
    onError: refuse,
  })
  const sending: Sending = {
    start: () => upload.start(),
    stop: async (giveUp) => {
      await upload.abort(giveUp && upload.url !== null)
    },
  }
  return sending
}

async function result(url: string | null, sizeBytes: number): Promise<Attachment> {
  const id = url?.split('/').at(-1) ?? ''
  // An empty file has no part that could be its last.
  if (sizeBytes === 0) {
    const headers = { ...authHeaders(), 'upload-offset': '0', 'content-type': 'application/offset+octet-stream' }
    await fetch(`/api/uploads/${id}`, { method: 'PATCH', headers, body: '' })
  }
  const { attachment } = await call('GET /api/uploads/{id}', { params: { id } })
  if (!attachment) throw new Error('the upload is not complete')
  return attachment
}
