import { and, desc, inArray, isNull, lt, or } from 'drizzle-orm'
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
    const places = [
      ...(channelIds?.length ? [inArray(activities.channelId, channelIds)] : []),
      ...(unplaced ? [isNull(activities.channelId)] : []),
    ]
    if ((channelIds && !places.length) || agentIds?.length === 0) return []
    return this.db.q
      .select()
      .from(activities)
      .where(
        and(
          or(...places),
          agentIds ? inArray(activities.agentId, agentIds) : undefined,
          before === undefined ? undefined : lt(activities.id, before),
        ),
      )
      .orderBy(desc(activities.id))
      .limit(limit)
  }

  async named(ids: string[]): Promise<ActivityRow[]> {
    const { activities } = this.db.t
    if (!ids.length) return []
    return this.db.q.select().from(activities).where(inArray(activities.id, ids))
  }
}
