import { type SQL, and, desc, inArray, isNull, lt } from 'drizzle-orm'
import type { Database, Tx } from '../db/database'
import type { ActivityRow } from './view'

export interface ActivityFilter {
  /** Entries of these channels … */
  channelIds?: string[] | undefined
  /** … and, when set, those that belong to none. */
  unplaced?: boolean | undefined
  /** Entries about these agents. */
  agentIds?: string[] | undefined
  before?: string | undefined
  limit: number
}

export class ActivityStore {
  constructor(private readonly db: Database) {}

  insert(tx: Tx, row: ActivityRow): Promise<void> {
    return tx.insert(this.db.t.activities, row)
  }

  async list({ channelIds, unplaced, agentIds, before, limit }: ActivityFilter): Promise<ActivityRow[]> {
    const { activities } = this.db.t
    if (agentIds?.length === 0) return []
    const page = (place: SQL | undefined): Promise<ActivityRow[]> =>
      this.db.q
        .select()
        .from(activities)
        .where(
          and(
            place,
            agentIds ? inArray(activities.agentId, agentIds) : undefined,
            before === undefined ? undefined : lt(activities.id, before),
          ),
        )
        .orderBy(desc(activities.id))
        .limit(limit)
    if (!channelIds) return page(undefined)
    // With “or” between the two the index would give no order, and all of both would be read.
    const placed = channelIds.length ? await page(inArray(activities.channelId, channelIds)) : []
    const others = unplaced ? await page(isNull(activities.channelId)) : []
    return [...placed, ...others].toSorted((a, b) => (a.id > b.id ? -1 : 1)).slice(0, limit)
  }

  async named(ids: string[]): Promise<ActivityRow[]> {
    const { activities } = this.db.t
    if (!ids.length) return []
    return this.db.q.select().from(activities).where(inArray(activities.id, ids))
  }
}
