import { and, count, eq, lt } from 'drizzle-orm'
import { type Database, type Tx, affected } from '../db/database'
import type { Row } from '../db/tables'

export class PermitStore {
  constructor(private readonly db: Database) {}

  insert(tx: Tx, row: Row<'permits'>): Promise<void> {
    return tx.insert(this.db.t.permits, row)
  }

  async get(tx: Tx, id: string): Promise<Row<'permits'> | undefined> {
    const { permits } = this.db.t
    const [row] = await tx.q.select().from(permits).where(eq(permits.id, id))
    return row
  }

  async sweep(tx: Tx, now: number): Promise<void> {
    const { permits } = this.db.t
    await tx.q.delete(permits).where(lt(permits.expiresAt, now))
  }

  async count(tx: Tx, computerId: string): Promise<number> {
    const { permits } = this.db.t
    const [row] = await tx.q.select({ n: count() }).from(permits).where(eq(permits.computerId, computerId))
    return Number(row?.n ?? 0)
  }

  async delete(tx: Tx, computerId: string, id: string): Promise<boolean> {
    const { permits } = this.db.t
    return affected(await tx.q.delete(permits).where(and(eq(permits.id, id), eq(permits.computerId, computerId)))) > 0
  }
}
