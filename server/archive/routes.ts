import { NekodeError } from '@shared/errors'
import type { Principal } from '../access/principal'
import type { Core } from '../core'
import { edgeOf } from '../http/address'
import type { Mount } from '../http/route'
import type { ArchiveService } from './service'
import { archiveView, archivedEventView } from './view'

/** Rows of one step of a replay; their bytes are bounded as those of a page are. */
const STEP = 200
const USUAL = 50
const encoder = new TextEncoder()

export function archiveRoutes(mount: Mount, core: Core, archive: ArchiveService): void {
  mount('GET /api/agent-runs', async ({ principal, query: { limit = USUAL, ...query } }) => {
    const { items, ...next } = await archive.list(principal, { ...query, limit })
    return { items: items.map(archiveView), ...next }
  })
  // Before the address with an id, which it looks like.
  mount('GET /api/agent-runs/search', async ({ principal, query: { limit = USUAL, ...query } }) => {
    const found = await archive.search(principal, { ...query, limit })
    return {
      items: found.map((hit) => ({
        run: archiveView(hit.archive),
        event: archivedEventView(hit.event),
        highlight: hit.highlight,
      })),
    }
  })
  mount('GET /api/agent-runs/{id}', async ({ principal, params, query }) => {
    const found = await archive.get(principal, params.id, query.events ?? false)
    return { run: archiveView(found.archive), events: found.events.map(archivedEventView) }
  })
  mount('GET /api/agent-runs/{id}/events', async ({ principal, params, query }) => {
    const { items, ...next } = await archive.events(principal, params.id, query)
    return { items: items.map(archivedEventView), ...next }
  })
  mount('GET /api/agent-runs/{id}/replay', async ({ principal, params, c, address }) => {
    const after = c.req.header('last-event-id')
    if (after !== undefined && !/^\d{1,9}$/.test(after))
      throw new NekodeError('invalid', 'This Last-Event-ID is none of this archive.', { code: 'invalid_request' })
    const from = after === undefined ? 0 : Number(after) + 1
    // What the caller may not see is refused with an error, and not with a stream that breaks.
    await archive.get(principal, params.id, false)
    const leave = core.limits.stream(principal, address)
    edgeOf(c)?.stream()
    const body = replay(core, archive, principal, params.id, from, leave)
    return new Response(body, { headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store' } })
  })
}

/** Page after page as the client takes them. Whether it may still see the run is asked for each. */
function replay(
  core: Core,
  archive: ArchiveService,
  p: Exclude<Principal, { kind: 'guest' }>,
  runId: string,
  from: number,
  leave: () => void,
): ReadableStream<Uint8Array> {
  let cursor: string | undefined = String(from)
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          if (p.revoked.aborted) throw p.revoked.reason
          if (core.hub.stopping.aborted) throw core.hub.stopping.reason
          const page: Awaited<ReturnType<ArchiveService['events']>> = await archive.events(p, runId, {
            cursor,
            limit: STEP,
          })
          const frames = page.items.map((event) => {
            const data = JSON.stringify(archivedEventView(event))
            return `id: ${event.position}\nevent: ${event.phase}\ndata: ${data}\n\n`
          })
          cursor = page.nextCursor
          if (cursor === undefined) frames.push('event: over\ndata: {}\n\n')
          controller.enqueue(encoder.encode(frames.join('')))
          if (cursor !== undefined) return
          leave()
          controller.close()
        } catch (error) {
          leave()
          controller.error(error)
        }
      },
      cancel: leave,
    },
    { highWaterMark: 1 },
  )
}
