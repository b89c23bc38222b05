import { and, desc, eq, gt, inArray, lt, lte, or, sql } from 'drizzle-orm'
import type { Database, Query, Tx } from '../db/database'
import type { Row } from '../db/tables'

export type InboxRow = Row<'inbox'>

/** Values of a row's `state`. */
export const UNREAD = 2
export const READ = 1
export const DONE = 0

const BATCH = 500

/** Where a page of one state goes on. */
export interface Place {
  at: number
  id: string
}

export class InboxStore {
  constructor(private readonly db: Database) {}

  async insert(tx: Tx, rows: readonly InboxRow[]): Promise<void> {
    for (let at = 0; at < rows.length; at += BATCH) await tx.insert(this.db.t.inbox, ...rows.slice(at, at + BATCH))
  }

  async update(tx: Tx, ids: readonly string[], set: Partial<InboxRow>): Promise<void> {
    const { inbox: t } = this.db.t
    for (let at = 0; at < ids.length; at += BATCH)
      await tx.q
        .update(t)
        .set(set)
        .where(inArray(t.id, ids.slice(at, at + BATCH)))
  }

  /** One message more in each of these. */
  async bump(tx: Tx, ids: readonly string[], set: Pick<InboxRow, 'messageId' | 'at'>): Promise<void> {
    const { inbox: t } = this.db.t
    for (let at = 0; at < ids.length; at += BATCH)
      await tx.q
        .update(t)
        .set({ ...set, state: UNREAD, unread: sql`${t.unread} + 1` })
        .where(inArray(t.id, ids.slice(at, at + BATCH)))
  }

  async delete(tx: Tx, ids: readonly string[]): Promise<void> {
    const { inbox: t } = this.db.t
    for (let at = 0; at < ids.length; at += BATCH) await tx.q.delete(t).where(inArray(t.id, ids.slice(at, at + BATCH)))
  }

  async get(id: string, q: Query = this.db.q): Promise<InboxRow | undefined> {
    const { inbox: t } = this.db.t
    const [row] = await q.select().from(t).where(eq(t.id, id))
    return row
  }

  /** Everybody's rows about one thing. */
  async about(kind: InboxRow['kind'], subjectId: string, q: Query = this.db.q): Promise<InboxRow[]> {
    const { inbox: t } = this.db.t
    return q
      .select()
      .from(t)
      .where(and(eq(t.kind, kind), eq(t.subjectId, subjectId)))
  }

  /** One reader's rows about these. */
  async of(
    userId: string,
    kind: InboxRow['kind'],
    subjectIds: readonly string[],
    q: Query = this.db.q,
  ): Promise<InboxRow[]> {
    const { inbox: t } = this.db.t
    if (!subjectIds.length) return []
    return q
      .select()
      .from(t)
      .where(and(eq(t.userId, userId), eq(t.kind, kind), inArray(t.subjectId, [...subjectIds])))
  }

  /** Rows of one state, the latest first. */
  async page(userId: string, state: number, after: Place | undefined, limit: number): Promise<InboxRow[]> {
    const { inbox: t } = this.db.t
    const beyond = after && and(lte(t.at, after.at), or(lt(t.at, after.at), lt(t.id, after.id)))
    return this.db.q
      .select()
      .from(t)
      .where(and(eq(t.userId, userId), eq(t.state, state), beyond))
      .orderBy(desc(t.at), desc(t.id))
      .limit(limit)
  }

  /** What a reader has not looked at, at most so much. */
  async unread(userId: string, limit: number, q: Query = this.db.q): Promise<InboxRow[]> {
    const { inbox: t } = this.db.t
    return q
      .select()
      .from(t)
      .where(and(eq(t.userId, userId), eq(t.state, UNREAD)))
      .limit(limit)
  }

  /** What is above a state, and may be brought down to it: ids, at most so many. */
  async above(
    tx: Tx,
    of: { userId: string; state: number; kinds: readonly InboxRow['kind'][]; channelId?: string | undefined },
    limit: number,
  ): Promise<string[]> {
    const { inbox: t } = this.db.t
    const rows = await tx.q
      .select({ id: t.id })
      .from(t)
      .where(
        and(
          eq(t.userId, of.userId),
          gt(t.state, of.state),
          inArray(t.kind, [...of.kinds]),
          of.channelId === undefined ? undefined : eq(t.channelId, of.channelId),
        ),
      )
      .limit(limit)
    return rows.map(({ id }) => id)
  }
}
