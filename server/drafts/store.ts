import { and, eq } from 'drizzle-orm'
import type { Database, Query, Tx } from '../db/database'
import type { Row } from '../db/tables'

export type DraftRow = Row<'drafts'>

export class DraftStore {
  constructor(private readonly db: Database) {}

  insert(tx: Tx, row: DraftRow): Promise<void> {
    return tx.insert(this.db.t.drafts, row)
  }

  async delete(tx: Tx, { userId, channelId, threadId }: DraftRow): Promise<void> {
    const { drafts: t } = this.db.t
    await tx.q.delete(t).where(and(eq(t.userId, userId), eq(t.channelId, channelId), eq(t.threadId, threadId)))
  }

  /** All of one person's: their number is bounded. */
  async ofUser(userId: string, q: Query = this.db.q): Promise<DraftRow[]> {
    const { drafts: t } = this.db.t
    return q.select().from(t).where(eq(t.userId, userId))
  }
}
