import type { ReminderStatus } from '@shared/contract'
import { and, asc, count, desc, eq, inArray, lt, lte, ne } from 'drizzle-orm'
import type { Database, Query, Tx } from '../db/database'
import type { ReminderEventRow, ReminderRow } from './view'

export interface ReminderFilter {
  channelIds: string[]
  statuses: readonly ReminderStatus[] | undefined
  includeCanceled: boolean
  forId: string | undefined
  before: string | undefined
  limit: number
}

export class ReminderStore {
  constructor(private readonly db: Database) {}

  insert(tx: Tx, row: ReminderRow): Promise<void> {
    return tx.insert(this.db.t.reminders, row)
  }

  async update(tx: Tx, id: string, set: Partial<ReminderRow>): Promise<void> {
    const { reminders } = this.db.t
    await tx.q.update(reminders).set(set).where(eq(reminders.id, id))
  }

  async get(id: string, q: Query = this.db.q): Promise<ReminderRow | undefined> {
    const { reminders } = this.db.t
    const [row] = await q.select().from(reminders).where(eq(reminders.id, id))
    return row
  }

  async list(f: ReminderFilter): Promise<ReminderRow[]> {
    const { reminders: t } = this.db.t
    if (!f.channelIds.length) return []
    const wanted = f.statuses ? inArray(t.status, [...f.statuses]) : undefined
    return this.db.q
      .select()
      .from(t)
      .where(
        and(
          inArray(t.channelId, f.channelIds),
          wanted ?? (f.includeCanceled ? undefined : ne(t.status, 'canceled')),
          f.forId === undefined ? undefined : eq(t.forId, f.forId),
          f.before === undefined ? undefined : lt(t.id, f.before),
        ),
      )
      .orderBy(desc(t.id))
      .limit(f.limit)
  }

  /** What is due, the longest overdue first. */
  async due(now: number, limit: number): Promise<ReminderRow[]> {
    const { reminders: t } = this.db.t
    return this.db.q.select().from(t).where(lte(t.nextRunAt, now)).orderBy(asc(t.nextRunAt)).limit(limit)
  }

  /** How many of somebody’s are going on. */
  async active(tx: Tx, creatorId: string): Promise<number> {
    const { reminders: t } = this.db.t
    const [row] = await tx.q
      .select({ n: count() })
      .from(t)
      .where(and(eq(t.creatorId, creatorId), inArray(t.status, ['active', 'paused'])))
    return row?.n ?? 0
  }

  addEvent(tx: Tx, row: ReminderEventRow): Promise<void> {
    return tx.insert(this.db.t.reminderEvents, row)
  }

  async events(reminderId: string, before: string | undefined, limit: number): Promise<ReminderEventRow[]> {
    const { reminderEvents: t } = this.db.t
    return this.db.q
      .select()
      .from(t)
      .where(and(eq(t.reminderId, reminderId), before === undefined ? undefined : lt(t.id, before)))
      .orderBy(desc(t.id))
      .limit(limit)
  }

  /** Removes some of the log before a moment. Returns how many rows. */
  async forget(tx: Tx, before: number, limit: number): Promise<number> {
    const { reminderEvents: t } = this.db.t
    const rows = await tx.q.select({ id: t.id }).from(t).where(lt(t.at, before)).orderBy(asc(t.at)).limit(limit)
    if (rows.length)
      await tx.q.delete(t).where(
        inArray(
          t.id,
          rows.map(({ id }) => id),
        ),
      )
    return rows.length
  }
}
