import { NewUpload } from '@shared/contract'
import { BODY_BYTES } from '@shared/limits'
import type { AgentPrincipal, UserPrincipal } from '../access/principal'
import type { Arrived } from '../blobs/intake'
import type { Blobs } from '../blobs/service'
import type { Addresses } from '../http/address'
import { parseJson } from '../http/json'
import { type Mount, bounded } from '../http/route'
import { type Idempotency, type Once, onceWith } from '../idempotency/service'
import { contentResponse } from './serve'
import { type About, type AttachmentService, senderOf } from './service'
import { type Said, nothing, patiently, taken } from './taking'
import { announced, offsetOf, standing } from './tus'
import type { UploadService } from './uploads'

type Sender = UserPrincipal | AgentPrincipal

export interface AttachmentRouteDeps {
  attachments: AttachmentService
  uploads: UploadService
  blobs: Blobs
  idempotency: Idempotency
  addresses: Addresses
}

export function attachmentRoutes(mount: Mount, deps: AttachmentRouteDeps): void {
  const { attachments, blobs } = deps
  mount('POST /api/attachments', async ({ principal, query, c, idempotencyKey }) => {
    if (query.target !== undefined) attachments.place(principal, query.target)
    const { said, arrived } = await taken(attachments, principal, c, query)
    try {
      const channel = attachments.place(principal, said.target)
      const once = onceOf(deps, principal, 'attachment', idempotencyKey, said, arrived)
      return await attachments.keep(senderOf(principal), aboutOf(said, channel), arrived, { once })
    } finally {
      await attachments.discard(arrived)
    }
  })
  mount('GET /api/attachments', async ({ principal, query }) => attachments.list(principal, query))
  mount('GET /api/attachments/usage', async ({ principal }) => attachments.usage(principal))
  mount('GET /api/attachments/{id}', async ({ principal, params }) => attachments.get(principal, params.id))
  mount('DELETE /api/attachments/{id}', async ({ principal, params }) => {
    await attachments.remove(principal, params.id)
    return { ok: true as const }
  })
  mount('GET /api/attachments/{id}/content', async ({ principal, params, query, c }) =>
    contentResponse(await attachments.row(principal, params.id), c.req.raw, blobs, query.download),
  )
  mount('GET /api/attachments/{id}/preview', async ({ principal, params }) => attachments.preview(principal, params.id))
  mount('GET /api/attachments/{id}/thumbnail', async ({ principal, params, c }) => {
    const { image, hash } = await attachments.thumbnail(principal, params.id)
    const headers = { 'content-type': 'image/webp', 'cache-control': 'private, no-cache', etag: `"t-${hash}"` }
    return c.req.header('if-none-match') === headers.etag
      ? new Response(null, { status: 304, headers })
      : new Response(new Uint8Array(image), { headers })
  })
  mount('POST /api/attachments/{id}/link', async ({ principal, params, c }) => {
    const { url, expiresAt } = await attachments.link(principal, params.id)
    return { url: deps.addresses.publicUrl(c) + url, expiresAt }
  })
  mount('GET /api/attachments/{id}/file', async ({ params, query, c }) =>
    contentResponse(await attachments.signed(params.id, query.expires, query.signature), c.req.raw, blobs, true),
  )
  uploadRoutes(mount, deps)
}

function uploadRoutes(mount: Mount, { uploads }: AttachmentRouteDeps): void {
  mount('POST /api/uploads', async ({ principal, c, headers }) => {
    const request = c.req.raw
    const input = request.headers.has('upload-length')
      ? announced(request.headers)
      : NewUpload.parse(parseJson(new TextDecoder().decode(await bounded(request, BODY_BYTES.http))))
    const upload = await uploads.begin(principal, input)
    Object.assign(headers, standing(upload), { location: `/api/uploads/${upload.id}` })
    return upload
  })
  // Answers HEAD as well, which has the headers alone.
  mount('GET /api/uploads/{id}', async ({ principal, params, headers }) => {
    const upload = await uploads.get(principal, params.id)
    Object.assign(headers, standing(upload))
    return upload
  })
  mount('PATCH /api/uploads/{id}', async ({ principal, params, c }) => {
    const { raw } = c.req
    const upload = await uploads.append(
      principal,
      params.id,
      offsetOf(raw.headers),
      patiently(c, raw.body ?? nothing()),
    )
    return new Response(null, { status: 204, headers: standing(upload) })
  })
  mount('DELETE /api/uploads/{id}', async ({ principal, params, headers }) => {
    await uploads.cancel(principal, params.id)
    headers['tus-resumable'] = '1.0.0'
    return { ok: true as const }
  })
  mount('PUT /api/uploads/{id}/content', async ({ params, query, c }) =>
    uploads.signed(params.id, query, patiently(c, c.req.raw.body ?? nothing())),
  )
}

const aboutOf = ({ filename, mime, sha256 }: Said, channel: About['channel']): About => ({
  channel,
  filename: filename ?? 'file',
  mimeType: mime ?? '',
  sha256,
})

const onceOf = (
  { idempotency }: AttachmentRouteDeps,
  p: Sender,
  method: string,
  key: string | undefined,
  said: Said,
  { hash }: Arrived,
): Once => onceWith(idempotency, p, method, key, { ...said, hash })
