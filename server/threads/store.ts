import { and, desc, eq, inArray, lt, ne } from 'drizzle-orm'
import type { Database, Query, Tx } from '../db/database'
import type { Row } from '../db/tables'

export type ThreadRow = Row<'threads'>
export type FollowRow = Row<'threadFollows'>
/** Somebody who can follow a thread. */
export type Follower = Pick<FollowRow, 'kind' | 'memberId'>

/** After every id of a message: they begin with the time. */
const AFTER_ALL = `msg_${'f'.repeat(32)}`

export class ThreadStore {
  constructor(private readonly db: Database) {}

  insert(tx: Tx, row: ThreadRow): Promise<void> {
    return tx.insert(this.db.t.threads, row)
  }

  async move(tx: Tx, id: string, lastMessageId: string): Promise<void> {
    const { threads: t } = this.db.t
    await tx.q.update(t).set({ lastMessageId }).where(eq(t.id, id))
  }

  /** Everybody who said, or showed, whether they follow a thread. */
  async follows(threadId: string, q: Query = this.db.q): Promise<FollowRow[]> {
    const { threadFollows: t } = this.db.t
    return q.select().from(t).where(eq(t.threadId, threadId))
  }

  /** Of these threads those that somebody follows. */
  async followed(who: Follower, threadIds: string[]): Promise<Set<string>> {
    const { threadFollows: t } = this.db.t
    if (!threadIds.length) return new Set()
    const rows = await this.db.q
      .select({ id: t.threadId })
      .from(t)
      .where(
        and(eq(t.kind, who.kind), eq(t.memberId, who.memberId), inArray(t.threadId, threadIds), ne(t.state, 'off')),
      )
    return new Set(rows.map(({ id }) => id))
  }

  /** @returns what it was before */
  async setFollow(tx: Tx, row: FollowRow): Promise<FollowRow['state'] | undefined> {
    const { threadFollows: t } = this.db.t
    const is = and(eq(t.threadId, row.threadId), eq(t.kind, row.kind), eq(t.memberId, row.memberId))
    const [known] = await tx.q.select({ state: t.state }).from(t).where(is)
    if (!known) await tx.insert(t, row)
    else if (known.state !== row.state) await tx.q.update(t).set({ state: row.state }).where(is)
    return known?.state
  }

  insertFollows(tx: Tx, rows: FollowRow[]): Promise<void> {
    return tx.insert(this.db.t.threadFollows, ...rows)
  }

  /** The most recently moved first. */
  async page(of: { channelId?: string | undefined; before?: string | undefined; limit: number }): Promise<ThreadRow[]> {
    const { threads: t } = this.db.t
    return this.db.q
      .select()
      .from(t)
      .where(
        and(
          of.channelId === undefined ? undefined : eq(t.channelId, of.channelId),
          lt(t.lastMessageId, of.before ?? AFTER_ALL),
        ),
      )
      .orderBy(desc(t.lastMessageId))
      .limit(of.limit)
  }

  /** As `page`, of what somebody follows. */
  async followedPage(
    who: Follower,
    of: { channelId?: string | undefined; before?: string | undefined; limit: number },
  ): Promise<ThreadRow[]> {
    const { threads: t, threadFollows: f } = this.db.t
    return this.db.q
      .select({ id: t.id, channelId: t.channelId, lastMessageId: t.lastMessageId })
      .from(f)
      .innerJoin(t, eq(t.id, f.threadId))
      .where(
        and(
          eq(f.kind, who.kind),
          eq(f.memberId, who.memberId),
          ne(f.state, 'off'),
          of.channelId === undefined ? undefined : eq(t.channelId, of.channelId),
          lt(t.lastMessageId, of.before ?? AFTER_ALL),
        ),
      )
      .orderBy(desc(t.lastMessageId))
      .limit(of.limit)
  }
}
