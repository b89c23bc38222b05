import type { AgentInboxItem, Delivery } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import type { AgentPrincipal } from '../access/principal'
import type { Core } from '../core'
import type { Tx } from '../db/database'
import { type MessageRow, messageView } from '../messages/view'
import type { RunRow } from '../runs/view'
import { DeliveryStore } from './store'
import { type DeliveryRow, deliveryView } from './view'

const PAGE = 50
const OPEN: readonly DeliveryRow['state'][] = ['pending', 'claimed']

export interface Runs {
  /** Ends a run that nobody has begun with, without an answer. */
  decline(tx: Tx, runId: string, p: AgentPrincipal): Promise<RunRow>
}

/** What one agent owes an answer to, for the agent itself. */
export class AgentInbox {
  readonly #store: DeliveryStore

  constructor(
    private readonly core: Core,
    private readonly runs: Runs,
    private readonly messages: { named(ids: string[]): Promise<MessageRow[]> },
  ) {
    this.#store = new DeliveryStore(core.db)
  }

  /** Newest first; of channels that the agent is in. */
  async list(
    p: AgentPrincipal,
    query: { all?: boolean | undefined; limit?: number | undefined; cursor?: string | undefined },
  ): Promise<{ items: AgentInboxItem[]; nextCursor?: string }> {
    const limit = query.limit ?? PAGE
    const rows = await this.#store.list({
      channelIds: this.core.access.visibleChannels(p),
      agentIds: [p.id],
      states: query.all ? undefined : OPEN,
      before: query.cursor,
      limit: limit + 1,
    })
    const shown = rows.slice(0, limit)
    const found = await this.messages.named(shown.map((row) => row.messageId))
    const messages = new Map(found.map((row) => [row.id, messageView(row)]))
    const items = shown.map((row) => ({
      delivery: deliveryView(row),
      message: messages.get(row.messageId) ?? null,
    }))
    const last = shown.at(-1)
    return { items, ...(rows.length > limit && last ? { nextCursor: last.id } : {}) }
  }

  /** The agent has seen it and has nothing to say; there will be no turn. */
  async decline(p: AgentPrincipal, id: string): Promise<Delivery> {
    return this.core.db.tx(async (tx) => {
      const row = await this.#store.get(id, tx.q)
      if (!row || row.agentId !== p.id) throw new NekodeError('not_found', 'There is no such delivery.')
      if (row.state === 'declined') return deliveryView(row)
      if (row.state !== 'pending' || row.runId === null)
        throw new NekodeError('conflict', `This delivery is ${row.state}.`, {
          code: 'illegal_transition',
          next: row.state === 'claimed' ? 'End your turn without a text.' : 'There is nothing to do.',
        })
      await this.runs.decline(tx, row.runId, p)
      return deliveryView((await this.#store.get(id, tx.q)) ?? row)
    })
  }
}
