import type { NewUpload, Upload } from '@shared/contract'
import { NewUpload as NewUploadSchema } from '@shared/contract'
import { NekodeError } from '@shared/errors'

/** The parts of tus 1.0 that are spoken: https://tus.io/protocols/resumable-upload, core with creation, expiration and termination. */
export const TUS_VERSION = '1.0.0'
export const TUS_EXTENSIONS = 'creation,expiration,termination'
export const PART_TYPE = 'application/offset+octet-stream'

/** The headers that tell how an upload stands. */
export function standing(upload: Upload): Record<string, string> {
  return {
    'tus-resumable': TUS_VERSION,
    'upload-offset': String(upload.offset),
    ...(upload.sizeBytes === null ? {} : { 'upload-length': String(upload.sizeBytes) }),
    'upload-expires': new Date(upload.expiresAt).toUTCString(),
    ...(upload.attachment ? { 'attachment-id': upload.attachment.id } : {}),
    'cache-control': 'no-store',
  }
}

/** Announced by the headers of tus: `Upload-Length`, and `Upload-Metadata` with `target`, `filename`, `filetype` and `sha256`. */
export function announced(headers: Headers): NewUpload {
  const length = headers.get('upload-length') ?? ''
  const said = metadata(headers.get('upload-metadata') ?? '')
  return NewUploadSchema.parse({
    target: said.get('target') ?? '',
    filename: said.get('filename') ?? said.get('name') ?? '',
    sizeBytes: /^\d{1,15}$/.test(length) ? Number(length) : undefined,
    ...(said.get('filetype') ? { mimeType: said.get('filetype') } : {}),
    ...(said.get('sha256') ? { sha256: said.get('sha256') } : {}),
  })
}

function metadata(header: string): Map<string, string> {
  if (header.length > 8192) throw invalid('Upload-Metadata is too long.')
  const pairs = header
    .split(',')
    .map((pair) => pair.trim())
    .filter((pair) => pair !== '')
  return new Map(
    pairs.map((pair) => {
      const [name = '', value = ''] = pair.split(/\s+/)
      return [name, Buffer.from(value, 'base64').toString('utf8')]
    }),
  )
}

/** Where a part begins. */
export function offsetOf(headers: Headers): number {
  const text = headers.get('upload-offset') ?? ''
  if (!/^\d{1,15}$/.test(text)) throw invalid('Upload-Offset is missing.')
  const type = headers.get('content-type') ?? ''
  if (type.split(';')[0]?.trim().toLowerCase() !== PART_TYPE)
    throw new NekodeError('unsupported_media', `A part is sent as ${PART_TYPE}.`)
  return Number(text)
}

const invalid = (message: string): NekodeError => new NekodeError('invalid', message, { code: 'invalid_request' })
