import { ARTIFACT_TTL, Filename, MimeType, NewUpload, Sha256, Target } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import { BODY_BYTES } from '@shared/limits'
import type { Context } from 'hono'
import { z } from 'zod'
import type { AgentPrincipal, UserPrincipal } from '../access/principal'
import type { Arrived } from '../blobs/intake'
import type { Blobs } from '../blobs/service'
import { type Addresses, edgeOf } from '../http/address'
import { parseJson } from '../http/json'
import { type Mount, bounded } from '../http/route'
import { type Idempotency, type Once, onceWith } from '../idempotency/service'
import { contentResponse } from './serve'
import { type About, type AttachmentService, senderOf } from './service'
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

/** What a form or a query may say of a file. */
const Said = z.object({
  target: Target.optional(),
  filename: Filename.optional(),
  mime: MimeType.optional(),
  sha256: Sha256.optional(),
  title: z.string().trim().max(200).optional(),
  ttl: z.coerce.number().int().min(60).max(ARTIFACT_TTL.most).optional(),
})
type Said = z.infer<typeof Said>

export function attachmentRoutes(mount: Mount, deps: AttachmentRouteDeps): void {
  const { attachments, blobs } = deps
  mount('POST /api/attachments', async ({ principal, query, c, idempotencyKey }) => {
    if (query.target !== undefined) attachments.place(principal, query.target)
    const { said, arrived } = await taken(deps, principal, c, query)
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
  publishedRoutes(mount, deps)
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

function publishedRoutes(mount: Mount, deps: AttachmentRouteDeps): void {
  const { attachments, addresses } = deps
  mount('GET /api/artifacts', async ({ principal, query }) => attachments.artifacts(principal, query))
  mount('GET /api/workbench/artifacts', async ({ principal, query }) => attachments.artifacts(principal, query))
  mount('POST /api/artifacts', async ({ principal, query, c, idempotencyKey }) => {
    if (query.target !== undefined) attachments.place(principal, query.target)
    const { said, arrived } = await taken(deps, principal, c, query)
    try {
      const channel = said.target === undefined ? undefined : attachments.place(principal, said.target)
      const about = {
        ...aboutOf(said, channel),
        artifact: { title: said.title ?? said.filename ?? '', ttlSeconds: said.ttl ?? ARTIFACT_TTL.usual },
      }
      const once = onceOf(deps, principal, 'artifact', idempotencyKey, said, arrived)
      const artifact = await attachments.keep(senderOf(principal), about, arrived, { once })
      return { ...artifact, url: addresses.publicUrl(c) + artifact.downloadUrl }
    } finally {
      await attachments.discard(arrived)
    }
  })
  mount('POST /api/artifacts/{id}/revoke', async ({ principal, params }) => {
    const { expiresAt } = await attachments.row(principal, params.id)
    if (expiresAt === null) throw new NekodeError('not_found', 'This is a file of a message and no artifact.')
    await attachments.remove(principal, params.id)
    return { ok: true as const }
  })
  mount('POST /api/artifacts/cleanup', async () => ({ removed: await attachments.sweep() }))
}

/** The file of a request, on disk, and what was said of it. */
async function taken(
  { attachments }: AttachmentRouteDeps,
  principal: Sender,
  c: Context,
  query: Said,
): Promise<{ said: Said; arrived: Arrived }> {
  const request = c.req.raw
  const type = request.headers.get('content-type') ?? ''
  const receive = (body: AsyncIterable<Uint8Array>): Promise<Arrived> =>
    attachments.receive(principal, patiently(c, body))
  if (/^multipart\/form-data\b/i.test(type)) {
    // Loaded with the first form: most starts of the server see none.
    const { readForm } = await import('./form')
    const { fields, filename, mimeType, arrived } = await readForm(request, receive, (file) =>
      attachments.discard(file),
    )
    const said = Said.safeParse({ filename: filename || 'file', mime: mimeType || undefined, ...query, ...fields })
    if (said.success) return { said: said.data, arrived }
    await attachments.discard(arrived)
    throw said.error
  }
  const mime = MimeType.safeParse(type).data
  const said = { ...(mime === undefined || mime === 'application/octet-stream' ? {} : { mime }), ...query }
  return { said, arrived: await receive(request.body ?? nothing()) }
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

/** Once all of a body is there nothing moves on the connection while the file is stored, which may take longer than silence is allowed. */
async function* patiently(c: Context, body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* body
  edgeOf(c)?.stream()
}

async function* nothing(): AsyncGenerator<Uint8Array> {
  // An empty file is one too.
}
