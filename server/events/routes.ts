import { NekodeError } from '@shared/errors'
import { EVENTS, STREAM } from '@shared/limits'
import type { Context } from 'hono'
import type { Principal } from '../access/principal'
import type { Core } from '../core'
import { type Addresses, edgeOf } from '../http/address'
import type { Mount } from '../http/route'
import type { LogEvent } from '../db/database'
import type { Reader, ReaderOptions } from './hub'
import { eventJson } from './json'
import { eventStream } from './sse'
import { EventSocket, readerOrGone, sameOrigin } from './ws'

/** The answer's cursor says how far it came. */
const MAX_PAGES = EVENTS.scanned / STREAM.pageEvents

type Caller = Exclude<Principal, { kind: 'guest' }>
interface Call {
  principal: Caller
  query: { cursor?: string | undefined; target?: string | undefined; notes?: boolean | undefined }
  address: string
}

export function eventRoutes(mount: Mount, { hub, access, limits }: Core, addresses: Addresses): void {
  const reader = ({ principal, query: { cursor, target, notes }, address }: Call, lastEventId?: string): Reader => {
    const options: ReaderOptions = {
      principal,
      after: startAt(lastEventId || cursor),
      signal: principal.revoked,
    }
    if (notes) options.notes = true
    if (target !== undefined) options.target = access.channel(principal, 'read', target).target
    const leave = limits.stream(principal, address)
    const opened = hub.open(options)
    opened.whenClosed(leave)
    return opened
  }
  const startAt = (cursor: string | undefined): number => (cursor ? hub.parseCursor(cursor) : hub.head)

  mount('GET /api/server-events', async (call) => {
    const { c } = call
    const headers = {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      // nginx would hold events back until its buffer is full.
      'x-accel-buffering': 'no',
    }
    if (c.req.method === 'HEAD') return new Response(null, { headers })
    const opened = reader(call, c.req.header('last-event-id'))
    edgeOf(c)?.stream()
    return new Response(eventStream(hub, opened), { headers })
  })

  mount('GET /api/ws', async (call) => {
    const { principal, c } = call
    const byCookie = principal.kind === 'user' && principal.csrf !== null && c.req.header('authorization') === undefined
    if (byCookie && !sameOrigin(c.req.header('origin'), addresses.origin(c), addresses.publicUrl(c)))
      throw new NekodeError('forbidden', 'A page of another origin may not open this WebSocket.', { code: 'origin' })
    if (c.req.header('upgrade')?.toLowerCase() !== 'websocket') throw noHandshake()
    const opened = readerOrGone(() => reader(call))
    if (upgrade(c, new EventSocket(opened))) return new Response(null)
    if (!(opened instanceof NekodeError)) opened.close()
    throw noHandshake()
  })

  mount('GET /api/events', async ({ principal, query }) => {
    const { limit = EVENTS.usual } = query
    const target = query.target === undefined ? undefined : access.channel(principal, 'read', query.target).target
    let sequence = query.cursor ? hub.parseCursor(query.cursor) : 0
    const items: LogEvent[] = []
    for (let pages = 0, complete = false; !complete && items.length < limit && pages < MAX_PAGES; pages++) {
      const page = await hub.after(sequence)
      complete = page.complete
      for (const event of page.events) {
        sequence = event.sequence
        if ((target !== undefined && event.target !== target) || !hub.sees(principal, event)) continue
        items.push(event)
        if (items.length === limit) break
      }
      // As for streams: SQLite answers at once, and who may see little of a long log would hold up everybody else.
      if (!complete && items.length < limit) await new Promise<void>((resolve) => setImmediate(resolve))
    }
    const json = `{"items":[${items.map(eventJson).join(',')}],"cursor":${JSON.stringify(hub.cursor(sequence))}}`
    return new Response(json, { headers: { 'content-type': 'application/json', 'cache-control': 'no-store' } })
  })
}

const upgrade = (c: Context, handler: EventSocket): boolean => edgeOf(c)?.upgrade(handler) ?? false

const noHandshake = (): NekodeError =>
  new NekodeError('invalid', 'This address takes WebSocket handshakes only, over HTTP/1.1.', {
    code: 'websocket_only',
    next: 'Open it with a WebSocket client, or read GET /api/server-events.',
  })
