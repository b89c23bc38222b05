import type { NotificationKind } from '@shared/contract'
import { newId } from '@shared/ids'
import { z } from 'zod'
import { SYSTEM } from '../access/principal'
import type { Database, NewEvent, Tx } from '../db/database'
import type { EndpointBook, EndpointRow } from '../endpoints/book'
import type { ExternalMessages } from '../endpoints/external'
import type { NotificationService } from '../notifications/service'
import { OutboundStore } from './store'
import { textOf } from './text'
import { type OutboundRow, outboundView } from './view'

type Kind = Exclude<NotificationKind, 'all'>

/** Which events are of which kind for routes, and which of their operations count: what merely changes in passing does not. */
const KINDS: Readonly<Record<string, { kind: Kind; operations: readonly string[] }>> = {
  message: { kind: 'message', operations: ['created'] },
  task: { kind: 'task', operations: ['created', 'state_changed', 'deleted'] },
  reminder: { kind: 'reminder', operations: ['created', 'state_changed', 'deleted'] },
  run: { kind: 'run', operations: ['created', 'state_changed'] },
  activity: { kind: 'activity', operations: ['created'] },
  delivery: { kind: 'delivery_status', operations: ['created', 'state_changed'] },
}

const Payload = z.object({
  threadId: z.string().nullable().optional().catch(undefined),
  mentions: z.array(z.unknown()).optional().catch(undefined),
  sender: z.object({ kind: z.string(), id: z.string() }).optional().catch(undefined),
})

/** What an event is for routes. */
interface Sendable {
  event: NewEvent
  kinds: Kind[]
  channelId: string
  threadId: string | null
  /** The endpoint that wrote the message; it does not get its own words back. */
  writer: string | null
}

/** Where something goes, and why. */
interface Way {
  endpoint: EndpointRow
  routeId: string | null
  replyTo: string | null
}

/** Puts what goes to endpoints into the transaction of the event itself: it is lost with it or not at all. */
export class Outbox {
  readonly #store: OutboundStore

  constructor(
    db: Database,
    private readonly book: EndpointBook,
    private readonly notifications: NotificationService,
    private readonly external: ExternalMessages,
  ) {
    this.#store = new OutboundStore(db)
  }

  /** What of a transaction's events goes out. */
  async add(tx: Tx, events: readonly NewEvent[]): Promise<void> {
    if (this.book.empty) return
    for (const event of events) {
      const sendable = sendableOf(event)
      if (!sendable) continue
      const ways = await this.#ways(tx, sendable)
      if (!ways.length) continue
      const rows = ways.map((way) => rowOf(sendable, way))
      await this.#store.insert(tx, ...rows)
      for (const row of rows) emitOutbound(tx, row, 'created')
    }
  }

  async #ways(tx: Tx, about: Sendable): Promise<Way[]> {
    const policy = about.event.outbound ?? 'all'
    const ways = new Map<string, Way>()
    if (policy === 'all' || policy === 'source') {
      const source = await this.#source(tx, about)
      if (source) ways.set(source.endpoint.id, source)
    }
    if (policy === 'all' || policy === 'routes')
      for (const { route } of this.notifications.resolve(about.channelId, about)) {
        const endpoint = this.book.endpoint(route.endpointId)
        if (!endpoint) continue
        const way = ways.get(endpoint.id)
        ways.set(endpoint.id, { endpoint, routeId: route.id, replyTo: way?.replyTo ?? null })
      }
    if (about.writer !== null) ways.delete(about.writer)
    return [...ways.values()]
  }

  /** The endpoint that the thread came from: what is said in it goes back there, as long as that takes part in the channel. */
  async #source(tx: Tx, { event, channelId, threadId }: Sendable): Promise<Way | undefined> {
    if (event.kind !== 'message' || threadId === null) return undefined
    if (!this.book.endpoints().some((e) => e.inboundEnabled && e.outboundEnabled)) return undefined
    const source = await this.external.sourceOf(tx, threadId)
    const endpoint = source && this.book.endpoint(source.endpointId)
    if (!source || !endpoint?.outboundEnabled || endpoint.channelId !== channelId) return undefined
    return { endpoint, routeId: null, replyTo: source.externalId }
  }
}

/** Only what everybody in a channel may see goes out of it. */
function sendableOf(event: NewEvent): Sendable | undefined {
  const known = KINDS[event.kind]
  if (!known?.operations.includes(event.operation) || event.outbound === 'none') return undefined
  if (!event.audience.startsWith('channel:') || !event.target) return undefined
  const { threadId, mentions, sender } = Payload.catch({}).parse(event.payload)
  return {
    event,
    kinds: known.kind === 'message' && mentions?.length ? ['message', 'mention'] : [known.kind],
    channelId: event.audience.slice('channel:'.length),
    threadId: threadId ?? null,
    writer: sender?.kind === 'endpoint' ? sender.id : null,
  }
}

function rowOf({ event, kinds, channelId }: Sendable, { endpoint, routeId, replyTo }: Way): OutboundRow {
  const now = Date.now()
  const target = event.target ?? ''
  return {
    id: newId('odlv'),
    channelId,
    target,
    messageId: event.kind === 'message' ? event.aggregateId : '',
    endpointId: endpoint.id,
    endpointKind: endpoint.kind,
    eventKind: kinds.at(-1) ?? '',
    routeId,
    replyTo,
    externalMessageId: '',
    status: 'pending',
    attemptCount: 0,
    nextAttemptAt: now,
    leaseId: null,
    leaseUntil: null,
    deliveredAt: null,
    lastError: '',
    requestId: '',
    payload: JSON.stringify({
      type: `${event.kind}.${event.operation}`,
      timestamp: now,
      text: textOf(event.kind, target, event.payload),
      data: event.payload,
    }),
    createdAt: now,
    updatedAt: now,
  }
}

export function emitOutbound(tx: Tx, row: OutboundRow, operation: 'created' | 'state_changed'): void {
  tx.emit({
    kind: 'outbound_delivery',
    operation,
    aggregateId: row.id,
    audience: `channel:${row.channelId}`,
    target: row.target,
    actor: SYSTEM,
    payload: outboundView(row),
  })
}
