import { NekodeError } from '@shared/errors'
import type { Blobs } from '../blobs/service'
import type { ByteRange } from '../blobs/place'
import { disposition } from './names'
import type { AttachmentRow } from './view'

/** Nothing in a file runs, reads or shows anything but itself, whatever a browser takes it for. */
export const POLICY =
  "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"

/** How a file is shown that is not safe to be shown anywhere: its type, and what it may do where it is. */
export interface Shown {
  type: string
  policy: string
}

/**
 * Bytes of a file as an HTTP answer: ranges, conditions, and in place only what is safe there.
 * @param as for an address that has nothing of the console
 */
export async function contentResponse(
  row: AttachmentRow,
  request: Request,
  blobs: Blobs,
  download = false,
  as?: Shown,
): Promise<Response> {
  const etag = `"${row.blobHash}"`
  const shown = as !== undefined || (row.media !== 'file' && !download)
  const headers: Record<string, string> = {
    'content-type': as?.type ?? typeOf(row),
    'content-disposition': disposition(shown ? 'inline' : 'attachment', row.filename),
    'content-security-policy': as?.policy ?? POLICY,
    'cross-origin-resource-policy': 'same-origin',
    'x-content-type-options': 'nosniff',
    'accept-ranges': 'bytes',
    // Kept by the browser, asked for each time: who may see it can change.
    'cache-control': 'private, no-cache',
    etag,
  }
  if (matches(request.headers.get('if-none-match'), etag)) return new Response(null, { status: 304, headers })
  const size = row.sizeBytes
  const range = rangeOf(request.headers, size, etag)
  if (range === 'unsatisfiable')
    throw new NekodeError('unsatisfiable', `The file has ${size} bytes.`, {
      code: 'range_invalid',
      next: 'Ask for a range within them.',
      data: { sizeBytes: size },
    })
  const length = range ? range.end - range.start : size
  headers['content-length'] = String(length)
  if (range) headers['content-range'] = `bytes ${range.start}-${range.end - 1}/${size}`
  const status = range ? 206 : 200
  if (request.method === 'HEAD' || length === 0) return new Response(null, { status, headers })
  const body = await blobs.read(row.blobHash, size, range ? { range } : {})
  return new Response(body, { status, headers })
}

function typeOf({ media, mimeType, encoding }: AttachmentRow): string {
  if (media === 'text') return `text/plain; charset=${encoding ?? 'utf-8'}`
  // By its own name even a download could be opened by what runs it.
  return media === 'file' ? 'application/octet-stream' : mimeType
}

const matches = (header: string | null, etag: string): boolean =>
  header !== null && (header.trim() === '*' || header.split(',').some((one) => one.trim().replace(/^W\//, '') === etag))

/** The one range that is asked for; undefined for all of it, also where several are, which nobody has to serve (RFC 9110, 14.2). */
function rangeOf(headers: Headers, size: number, etag: string): ByteRange | undefined | 'unsatisfiable' {
  const header = headers.get('range')
  const condition = headers.get('if-range')
  if (header === null || (condition !== null && condition.trim() !== etag)) return undefined
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/i.exec(header.trim())
  const [, first = '', last = ''] = match ?? []
  if (!match || (first === '' && last === '')) return undefined
  if (first === '') {
    const count = Math.min(Number(last), size)
    return count === 0 ? 'unsatisfiable' : { start: size - count, end: size }
  }
  const start = Number(first)
  const end = last === '' ? size : Math.min(Number(last) + 1, size)
  if (last !== '' && Number(last) < start) return undefined
  return start >= size ? 'unsatisfiable' : { start, end }
}
