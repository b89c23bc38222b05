import { NekodeError } from '@shared/errors'
import type { AttachmentService } from '../attachments/service'
import { type Shown, contentResponse } from '../attachments/serve'
import type { AttachmentRow } from '../attachments/view'
import type { Blobs } from '../blobs/service'
import { errorResponse, normalise } from '../http/errors'
import type { PreviewOrigin } from '../tunnels/origin'
import { page } from '../tunnels/page'
import type { PublishedService } from './service'
import { kindOf, openPath } from './view'

/** Below the addresses of previews that are the server's own. */
const PATH = /^\/\.nekode\/artifacts\/([a-z]{2,8}_[0-9A-Za-z_-]{1,64})$/

const CONTENT = [
  "default-src 'none'",
  "style-src 'unsafe-inline'",
  'img-src data: blob:',
  'font-src data:',
  'media-src data: blob:',
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
]
/**
 * What a published page may do at an address of its own: run the scripts that are in it, in an origin that no cookie and no storage
 * belongs to, and fetch nothing from anywhere. A link leads out of it; nothing else does.
 */
const RUNNING = [
  ...CONTENT,
  "script-src 'unsafe-inline'",
  'worker-src blob:',
  'sandbox allow-scripts allow-popups allow-popups-to-escape-sandbox allow-modals allow-downloads',
].join('; ')
/** At the console's address it could pass for the console: nothing runs, and nothing is sent. */
const STILL = [...CONTENT, 'sandbox allow-popups allow-popups-to-escape-sandbox'].join('; ')

export interface ShowDeps {
  published: PublishedService
  attachments: AttachmentService
  blobs: Blobs
  origin: PreviewOrigin
}

/** Shows artifacts to browsers, at addresses that are good for a while and carry no credential. */
export class ArtifactShow {
  constructor(private readonly deps: ShowDeps) {}

  /**
   * Where an artifact is to be seen: on a host of its own where previews have one, else at the console's, where nothing in it runs.
   * @param seen the console's origin, as the caller has it
   */
  link(id: string, seen: string): { url: string; expiresAt: number } {
    const { origin, attachments } = this.deps
    const apart = origin.of(labelOf(id), seen)
    const path = apart === undefined ? `/api/artifacts/${id}/view` : `/.nekode/artifacts/${id}`
    const { url, expiresAt } = attachments.links.artifact(id, path)
    return { url: `${apart ?? seen}${url}`, expiresAt }
  }

  /** Whether an address below a preview's host is one of an artifact. */
  takes = (path: string): boolean => PATH.test(path)

  /** Answers below the hosts of previews. */
  async handle(request: Request, secure: boolean): Promise<Response> {
    const url = new URL(request.url)
    const id = PATH.exec(url.pathname)?.[1] ?? ''
    const host = request.headers.get('host')
    const { origin, attachments } = this.deps
    const given = {
      expires: Number(url.searchParams.get('expires')),
      signature: url.searchParams.get('signature') ?? '',
    }
    try {
      if (request.method !== 'GET' && request.method !== 'HEAD')
        throw new NekodeError('invalid', 'An artifact can only be looked at.')
      const label = origin.tokenOf(host)
      if (label !== undefined && label !== labelOf(id)) throw new NekodeError('not_found', 'There is nothing here.')
      attachments.links.check('artifact', id, given.expires, given.signature)
      return apart(await this.#answer(await this.deps.published.stored(id), request, true))
    } catch (cause) {
      const error = normalise(cause)
      const isPage = (request.headers.get('accept') ?? '').includes('text/html')
      // The reader may still be allowed to look: the console makes a new address.
      if (isPage && error.code === 'link_expired')
        return apart(Response.redirect(`${origin.consoleOf(host, secure)}${openPath(id)}`, 303))
      const { status } = errorResponse(error)
      return apart(isPage ? page(status, error) : errorResponse(error))
    }
  }

  /** At the console's own address. @throws NekodeError as `Links.check` and `PublishedService.stored` */
  async view(request: Request, id: string, expires: number, signature: string): Promise<Response> {
    this.deps.attachments.links.check('artifact', id, expires, signature)
    return this.#answer(await this.deps.published.stored(id), request, false)
  }

  #answer(row: AttachmentRow, request: Request, runs: boolean): Promise<Response> {
    return contentResponse(row, request, this.deps.blobs, false, shownAs(row, runs))
  }
}

/** Markup is shown in its sandbox; everything else as a file of a message is. */
function shownAs(row: AttachmentRow, runs: boolean): Shown | undefined {
  const encoding = row.encoding ?? 'utf-8'
  if (kindOf(row) === 'page') return { type: `text/html; charset=${encoding}`, policy: runs ? RUNNING : STILL }
  return row.mimeType === 'image/svg+xml' && kindOf(row) === 'image'
    ? { type: `image/svg+xml; charset=${encoding}`, policy: STILL }
    : undefined
}

/** The host of one artifact, below the domain of previews; no preview has a name like it. */
const labelOf = (id: string): string =>
  id
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 63)

/** What every answer at such an address says, whatever it is. */
function apart(response: Response): Response {
  const headers = new Headers(response.headers)
  headers.set('x-content-type-options', 'nosniff')
  headers.set('referrer-policy', 'no-referrer')
  headers.set('cross-origin-opener-policy', 'same-origin')
  headers.set('permissions-policy', 'camera=(), microphone=(), geolocation=(), payment=(), usb=()')
  headers.set('cache-control', 'private, no-store')
  headers.delete('www-authenticate')
  const { status } = response
  return new Response(response.body, { status, headers })
}
