import { eq, inArray } from 'drizzle-orm'
import type { Database, Query, Tx } from '../db/database'
import type { Row } from '../db/tables'

export type SubscriptionRow = Row<'pushSubscriptions'>

export class PushStore {
  constructor(private readonly db: Database) {}

  async get(sessionId: string, q: Query = this.db.q): Promise<SubscriptionRow | undefined> {
    const { pushSubscriptions: t } = this.db.t
    return (await q.select().from(t).where(eq(t.sessionId, sessionId)))[0]
  }

  async put(tx: Tx, row: SubscriptionRow): Promise<void> {
    const { pushSubscriptions: t } = this.db.t
    await this.delete(tx, [row.sessionId])
    await tx.insert(t, row)
  }

  async delete(tx: Tx, sessionIds: readonly string[]): Promise<void> {
    const { pushSubscriptions: t } = this.db.t
    if (sessionIds.length) await tx.q.delete(t).where(inArray(t.sessionId, [...sessionIds]))
  }

  /** Those of these people whose sessions go on, and those whose sessions are over. */
  async ofUsers(userIds: readonly string[]): Promise<{ open: SubscriptionRow[]; over: string[] }> {
    const { pushSubscriptions: t, credentials } = this.db.t
    if (!userIds.length) return { open: [], over: [] }
    const rows = await this.db.q
      .select()
      .from(t)
      .where(inArray(t.userId, [...userIds]))
    if (!rows.length) return { open: [], over: [] }
    const ids = rows.map(({ sessionId }) => sessionId)
    const found = await this.db.q
      .select({ id: credentials.id, expiresAt: credentials.expiresAt })
      .from(credentials)
      .where(inArray(credentials.id, ids))
    const now = Date.now()
    const alive = new Set(found.filter(({ expiresAt }) => expiresAt === null || expiresAt > now).map(({ id }) => id))
    return { open: rows.filter((row) => alive.has(row.sessionId)), over: ids.filter((id) => !alive.has(id)) }
  }
}
