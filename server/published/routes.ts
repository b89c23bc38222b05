import { NekodeError } from '@shared/errors'
import { onceWith } from '../idempotency/service'
import type { AttachmentService } from '../attachments/service'
import { taken } from '../attachments/taking'
import type { Files } from '../attachments/create'
import type { Addresses } from '../http/address'
import type { Mount } from '../http/route'
import type { Idempotency } from '../idempotency/service'
import { page } from '../tunnels/page'
import type { PublishedService } from './service'
import type { ArtifactShow } from './show'
import { openPath } from './view'

export interface ArtifactRouteDeps {
  published: PublishedService
  show: ArtifactShow
  attachments: AttachmentService
  blobs: Files['blobs']
  idempotency: Idempotency
  addresses: Addresses
}

export function artifactRoutes(mount: Mount, deps: ArtifactRouteDeps): void {
  const { published, show, attachments, blobs, idempotency, addresses } = deps
  mount('GET /api/artifacts', async ({ principal, query }) => published.list(principal, query))
  mount('GET /api/workbench/artifacts', async ({ principal, query }) => published.list(principal, query))
  mount('POST /api/artifacts', async ({ principal, query, c, idempotencyKey, address }) => {
    // Before any of it is read: whoever may not publish there need not send it.
    await published.place(principal, query.target)
    const { said, arrived } = await taken(attachments, principal, c, query)
    try {
      const place = await published.place(principal, said.target)
      const { filename = 'file', mime: mimeType = '', title, ttl: ttlSeconds, sha256 } = said
      const request = { ...said, hash: arrived.hash }
      const once = onceWith(idempotency, principal, 'artifact', idempotencyKey, request)
      const about = { filename, mimeType, title, ttlSeconds, sha256 }
      const artifact = await published.publish(principal, about, arrived, place, { once, address })
      return { ...artifact, url: addresses.publicUrl(c) + artifact.openUrl }
    } finally {
      await attachments.discard(arrived)
    }
  })
  mount('GET /api/artifacts/{id}', async ({ principal, params }) => published.get(principal, params.id))
  mount('POST /api/artifacts/{id}/link', async ({ principal, params, c }) => {
    const { id } = await published.row(principal, params.id)
    return show.link(id, addresses.origin(c))
  })
  mount('GET /api/artifacts/{id}/open', async ({ principal, params, c }) => {
    if (principal.kind !== 'user') {
      const error = new NekodeError('unauthenticated', 'This is for people with an account.', {
        next: 'Log in to the console in this browser, then go on.',
      })
      // No refusal: the browser may not have sent its cookie because a page elsewhere sent it here.
      return page(200, error, { href: openPath(params.id), text: 'Go on' })
    }
    try {
      const { id } = await published.row(principal, params.id)
      const { url: location } = show.link(id, addresses.origin(c))
      const headers = { location, 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' }
      return new Response(null, { status: 303, headers })
    } catch (error) {
      if (!(error instanceof NekodeError)) throw error
      const { next = 'Its time may be over, or somebody took it back.' } = error
      return page(404, new NekodeError('not_found', error.message, { next }))
    }
  })
  mount('GET /api/artifacts/{id}/view', async ({ params, query, c }) =>
    show.view(c.req.raw, params.id, query.expires, query.signature),
  )
  mount('POST /api/artifacts/{id}/revoke', async ({ principal, params, address }) => {
    await published.revoke(principal, params.id, address)
    return { ok: true as const }
  })
  mount('POST /api/artifacts/cleanup', async () => {
    const removed = await published.sweep()
    await blobs.collect()
    return { removed }
  })
}
