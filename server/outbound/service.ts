import type { OutboundDelivery, OutboundStatus } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import { type AgentPrincipal, type Principal, type UserPrincipal, actorOf } from '../access/principal'
import type { Core } from '../core'
import type { Tx } from '../db/database'
import { type Once, always } from '../idempotency/service'
import { OutboundStore } from './store'
import { type OutboundRow, outboundView } from './view'
import { canceled } from './worker'

/** How long what is over can still be looked at. */
const KEPT_MS = 30 * 24 * 60 * 60_000

export interface OutboundQuery {
  target?: string | undefined
  messageId?: string | undefined
  endpointId?: string | undefined
  statuses?: OutboundStatus[] | undefined
  limit?: number | undefined
  cursor?: string | undefined
}

/** What goes to endpoints, for looking at and trying again. It is as visible as the channel that it is from. */
export class OutboundService {
  readonly #store: OutboundStore

  constructor(
    private readonly core: Core,
    private readonly isOpen: (endpointId: string) => boolean,
  ) {
    this.#store = new OutboundStore(core.db)
  }

  /** Newest first. @param readers who reads, or all in whose name a computer reads */
  async list(
    readers: readonly Principal[],
    query: OutboundQuery,
  ): Promise<{ items: OutboundDelivery[]; nextCursor?: string }> {
    const { access } = this.core
    const limit = query.limit ?? 50
    const { target, messageId, endpointId, statuses, cursor: before } = query
    const seen = readers.flatMap((p) =>
      target === undefined ? access.visibleChannels(p) : [access.channel(p, 'read', target).id],
    )
    const channelIds = [...new Set(seen)]
    const rows = await this.#store.list({ channelIds, messageId, endpointId, statuses, before, limit: limit + 1 })
    const items = rows.slice(0, limit)
    const last = items.at(-1)
    return { items: items.map(outboundView), ...(rows.length > limit && last ? { nextCursor: last.id } : {}) }
  }

  /** The channel that a delivery is from. */
  async channelOf(id: string): Promise<string | undefined> {
    return (await this.#store.get(id))?.target
  }

  /** Makes another attempt due at once. What waits anyway is only brought forward; what arrived is not sent again. */
  async retry(
    p: UserPrincipal | AgentPrincipal,
    id: string,
    { once = always, address = '' }: { once?: Once; address?: string } = {},
  ): Promise<OutboundDelivery> {
    const seen = await this.#store.get(id)
    if (!seen) throw new NekodeError('not_found', 'There is no such delivery.')
    this.core.access.channelById(p, 'write', seen.channelId)
    return this.core.db.tx((tx) =>
      once(tx, async () => {
        const row = (await this.#store.get(id, tx.q)) ?? seen
        if (row.status === 'delivered')
          throw new NekodeError('conflict', 'This has arrived and is not sent again.', { code: 'illegal_transition' })
        const now = Date.now()
        if ((row.leaseUntil ?? 0) > now) return outboundView(row)
        if (!this.isOpen(row.endpointId))
          throw new NekodeError('precondition', 'Its endpoint is switched off or gone.', {
            code: 'endpoint_off',
            next: 'Switch sending on for the endpoint first.',
          })
        const set = { status: 'retrying' as const, nextAttemptAt: now, updatedAt: now }
        await this.#store.update(tx, id, set)
        this.#emit(tx, p, { ...row, ...set })
        await this.core.audit.record(tx, { by: p, action: 'outbound.retry', subject: id, address })
        return outboundView({ ...row, ...set })
      }),
    )
  }

  /** What still waits to go to an endpoint will not go there any more. */
  async cancelWaiting(tx: Tx, endpointId: string, by: UserPrincipal): Promise<void> {
    const now = Date.now()
    for (const row of await this.#store.waiting(tx, endpointId)) {
      const set = canceled('The endpoint was removed.', now)
      await this.#store.update(tx, row.id, set)
      this.#emit(tx, by, { ...row, ...set })
    }
  }

  /** Forgets what has been over for a month. */
  async sweep(now = Date.now()): Promise<void> {
    while ((await this.#store.sweep(now - KEPT_MS)) > 0);
  }

  #emit(tx: Tx, p: Principal, row: OutboundRow): void {
    tx.emit({
      kind: 'outbound_delivery',
      operation: 'state_changed',
      aggregateId: row.id,
      audience: `channel:${row.channelId}`,
      target: row.target,
      actor: actorOf(p),
      payload: outboundView(row),
    })
  }
}
