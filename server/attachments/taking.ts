import { ARTIFACT_TTL, Filename, MimeType, Sha256, Target } from '@shared/contract'
import type { Context } from 'hono'
import { z } from 'zod'
import type { Principal } from '../access/principal'
import type { Arrived } from '../blobs/intake'
import { edgeOf } from '../http/address'
import type { AttachmentService } from './service'

/** What a form or a query may say of a file. */
export const Said = z.object({
  target: Target.optional(),
  filename: Filename.optional(),
  mime: MimeType.optional(),
  sha256: Sha256.optional(),
  title: z.string().trim().max(200).optional(),
  ttl: z.coerce.number().int().min(ARTIFACT_TTL.least).max(ARTIFACT_TTL.most).optional(),
})
export type Said = z.infer<typeof Said>

/** The file of a request, on disk, and what was said of it. */
export async function taken(
  attachments: AttachmentService,
  principal: Principal & { id: string },
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

/** Once all of a body is there nothing moves on the connection while the file is stored, which may take longer than silence is allowed. */
export async function* patiently(c: Context, body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* body
  edgeOf(c)?.stream()
}

export async function* nothing(): AsyncGenerator<Uint8Array> {
  // An empty file is one too.
}
