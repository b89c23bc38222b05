import { and, asc, desc, eq, exists, gt, inArray, lt, lte } from 'drizzle-orm'
import type { Database, Query, Tx } from '../db/database'
import type { OutboundRow } from './view'

export interface OutboundFilter {
  channelIds: string[]
  messageId?: string | undefined
  endpointId?: string | undefined
  statuses?: OutboundRow['status'][] | undefined
  before?: string | undefined
  limit: number
}

const SWEPT_AT_ONCE = 500

export class OutboundStore {
  constructor(private readonly db: Database) {}

  insert(tx: Tx, ...rows: OutboundRow[]): Promise<void> {
    return tx.insert(this.db.t.outboundDeliveries, ...rows)
  }

  async update(tx: Tx, id: string, set: Partial<OutboundRow>): Promise<void> {
    const { outboundDeliveries: t } = this.db.t
    await tx.q.update(t).set(set).where(eq(t.id, id))
  }

  async get(id: string, q: Query = this.db.q): Promise<OutboundRow | undefined> {
    const { outboundDeliveries: t } = this.db.t
    const [row] = await q.select().from(t).where(eq(t.id, id))
    return row
  }

  /** Newest first. */
  async list(f: OutboundFilter): Promise<OutboundRow[]> {
    const { outboundDeliveries: t } = this.db.t
    if (!f.channelIds.length) return []
    return this.db.q
      .select()
      .from(t)
      .where(
        and(
          inArray(t.channelId, f.channelIds),
          f.messageId === undefined ? undefined : eq(t.messageId, f.messageId),
          f.endpointId === undefined ? undefined : eq(t.endpointId, f.endpointId),
          f.statuses?.length ? inArray(t.status, f.statuses) : undefined,
          f.before === undefined ? undefined : lt(t.id, f.before),
        ),
      )
      .orderBy(desc(t.id))
      .limit(f.limit)
  }

  /** The next one for an endpoint: what was made first goes first. */
  async due(tx: Tx, endpointId: string, now: number): Promise<OutboundRow | undefined> {
    const { outboundDeliveries: t } = this.db.t
    const [row] = await tx.q
      .select()
      .from(t)
      .where(and(eq(t.endpointId, endpointId), lte(t.nextAttemptAt, now)))
      .orderBy(asc(t.nextAttemptAt), asc(t.id))
      .limit(1)
    return row
  }

  /** Whether somebody is sending to an endpoint just now. */
  async isLeased(tx: Tx, endpointId: string, now: number): Promise<boolean> {
    const { outboundDeliveries: t } = this.db.t
    const leased = and(eq(t.endpointId, endpointId), gt(t.leaseUntil, now))
    return (await tx.q.select({ id: t.id }).from(t).where(leased).limit(1)).length > 0
  }

  /** Endpoints that something is due for: an index look-up for each endpoint, however much waits. */
  async endpointsDue(now: number): Promise<string[]> {
    const { outboundDeliveries: t, interactionEndpoints: e } = this.db.t
    const waiting = this.db.q
      .select({ id: t.id })
      .from(t)
      .where(and(eq(t.endpointId, e.id), lte(t.nextAttemptAt, now)))
    return (await this.db.q.select({ id: e.id }).from(e).where(exists(waiting))).map((row) => row.id)
  }

  /** Ends every lease. */
  async release(now: number, before: number): Promise<void> {
    const { outboundDeliveries: t } = this.db.t
    const set = { leaseId: null, leaseUntil: null, nextAttemptAt: now }
    await this.db.tx((tx) =>
      Promise.resolve(
        tx.q
          .update(t)
          .set(set)
          .where(and(gt(t.leaseUntil, 0), lt(t.leaseUntil, before))),
      ),
    )
  }

  /** What still waits to go to an endpoint. */
  async waiting(tx: Tx, endpointId: string): Promise<OutboundRow[]> {
    const { outboundDeliveries: t } = this.db.t
    return tx.q
      .select()
      .from(t)
      .where(and(eq(t.endpointId, endpointId), gt(t.nextAttemptAt, 0)))
  }

  /** Removes what was over before a time, a part at once. @returns how many there were */
  async sweep(before: number): Promise<number> {
    const { outboundDeliveries: t } = this.db.t
    return this.db.tx(async (tx) => {
      const ids: string[] = []
      for (const status of ['delivered', 'failed', 'canceled'] as const) {
        const old = and(eq(t.status, status), lt(t.updatedAt, before))
        const rows = await tx.q.select({ id: t.id }).from(t).where(old).limit(SWEPT_AT_ONCE)
        ids.push(...rows.map((row) => row.id))
      }
      if (ids.length) await tx.q.delete(t).where(inArray(t.id, ids))
      return ids.length
    })
  }
}
