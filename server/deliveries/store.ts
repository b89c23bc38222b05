import { and, desc, eq, inArray, lt, sql } from 'drizzle-orm'
import type { Database, Query, Tx } from '../db/database'
import type { DeliveryRow } from './view'

export interface DeliveryFilter {
  /** At least one of the two says whose deliveries these may be. */
  channelIds?: string[] | undefined
  agentIds?: string[] | undefined
  messageId?: string | undefined
  state?: DeliveryRow['state'] | undefined
  states?: readonly DeliveryRow['state'][] | undefined
  before?: string | undefined
  limit: number
}

export class DeliveryStore {
  constructor(private readonly db: Database) {}

  insert(tx: Tx, row: DeliveryRow): Promise<void> {
    return tx.insert(this.db.t.deliveries, row)
  }

  async update(tx: Tx, id: string, set: Partial<DeliveryRow>): Promise<void> {
    const { deliveries } = this.db.t
    await tx.q.update(deliveries).set(set).where(eq(deliveries.id, id))
  }

  async get(id: string, q: Query = this.db.q): Promise<DeliveryRow | undefined> {
    const { deliveries } = this.db.t
    const [row] = await q.select().from(deliveries).where(eq(deliveries.id, id))
    return row
  }

  async ofMessages(messageIds: string[]): Promise<DeliveryRow[]> {
    const { deliveries } = this.db.t
    if (!messageIds.length) return []
    return this.db.q.select().from(deliveries).where(inArray(deliveries.messageId, messageIds)).orderBy(deliveries.id)
  }

  /** As `ofMessages`, for one and as a transaction has them. */
  async ofMessage(tx: Tx, messageId: string): Promise<DeliveryRow[]> {
    const { deliveries } = this.db.t
    return tx.q.select().from(deliveries).where(eq(deliveries.messageId, messageId))
  }

  async list(f: DeliveryFilter): Promise<DeliveryRow[]> {
    const { deliveries } = this.db.t
    if (f.channelIds?.length === 0 || f.agentIds?.length === 0) return []
    const open = isOpen(f)
    // What an agent owes is little; all that was ever said in its channels is not.
    const within = !f.channelIds
      ? undefined
      : open && f.agentIds
        ? inArray(sql`coalesce(${deliveries.channelId}, '')`, f.channelIds)
        : inArray(deliveries.channelId, f.channelIds)
    return (
      this.db.q
        .select()
        .from(deliveries)
        .where(
          and(
            within,
            f.agentIds && inArray(deliveries.agentId, f.agentIds),
            f.messageId === undefined ? undefined : eq(deliveries.messageId, f.messageId),
            f.state === undefined ? undefined : eq(deliveries.state, f.state),
            f.states && inArray(deliveries.state, [...f.states]),
            f.before === undefined ? undefined : lt(deliveries.id, f.before),
          ),
        )
        // Those that wait are few among all: for the sake of an order by the column itself SQLite would go through all.
        .orderBy(open ? sql`coalesce(${deliveries.id}, '') desc` : desc(deliveries.id))
        .limit(f.limit)
    )
  }

  /** Deliveries of an agent that are still owed an answer. */
  async open(agentIds: string[], q: Query = this.db.q): Promise<DeliveryRow[]> {
    const { deliveries } = this.db.t
    if (!agentIds.length) return []
    return q
      .select()
      .from(deliveries)
      .where(and(inArray(deliveries.agentId, agentIds), inArray(deliveries.state, ['pending', 'claimed'])))
  }

  /** The agents that have been asked in a thread. */
  async agentsIn(tx: Tx, channelId: string, threadId: string): Promise<string[]> {
    const { deliveries } = this.db.t
    const rows = await tx.q
      .selectDistinct({ id: deliveries.agentId })
      .from(deliveries)
      .where(and(eq(deliveries.channelId, channelId), eq(deliveries.threadId, threadId)))
    return rows.map((r) => r.id)
  }
}

const isOpen = ({ state, states = [] }: DeliveryFilter): boolean =>
  [...states, ...(state ? [state] : [])].every((one) => one === 'pending' || one === 'claimed') &&
  (state !== undefined || states.length > 0)
