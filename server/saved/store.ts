import { and, count, desc, eq, lt } from 'drizzle-orm'
import type { Database, Tx } from '../db/database'
import type { Row } from '../db/tables'

export type SavedRow = Row<'savedMessages'>
export type Owner = Pick<SavedRow, 'kind' | 'memberId'>

export class SavedStore {
  constructor(private readonly db: Database) {}

  insert(tx: Tx, row: SavedRow): Promise<void> {
    return tx.insert(this.db.t.savedMessages, row)
  }

  async delete(tx: Tx, id: string): Promise<void> {
    const { savedMessages: t } = this.db.t
    await tx.q.delete(t).where(eq(t.id, id))
  }

  async get(tx: Tx, owner: Owner, messageId: string): Promise<SavedRow | undefined> {
    const { savedMessages: t } = this.db.t
    const [row] = await tx.q
      .select()
      .from(t)
      .where(and(eq(t.kind, owner.kind), eq(t.memberId, owner.memberId), eq(t.messageId, messageId)))
    return row
  }

  async count(tx: Tx, owner: Owner): Promise<number> {
    const { savedMessages: t } = this.db.t
    const [row] = await tx.q
      .select({ n: count() })
      .from(t)
      .where(and(eq(t.kind, owner.kind), eq(t.memberId, owner.memberId)))
    return Number(row?.n ?? 0)
  }

  /** The latest saved first. */
  async page(
    owner: Owner,
    of: { channelId?: string | undefined; before?: string | undefined; limit: number },
  ): Promise<SavedRow[]> {
    const { savedMessages: t } = this.db.t
    return this.db.q
      .select()
      .from(t)
      .where(
        and(
          eq(t.kind, owner.kind),
          eq(t.memberId, owner.memberId),
          of.channelId === undefined ? undefined : eq(t.channelId, of.channelId),
          of.before === undefined ? undefined : lt(t.id, of.before),
        ),
      )
      .orderBy(desc(t.id))
      .limit(of.limit)
  }
}
