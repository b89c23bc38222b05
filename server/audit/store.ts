import { desc, lt } from 'drizzle-orm'
import type { Database, Tx } from '../db/database'
import type { Row } from '../db/tables'

export class AuditStore {
  constructor(private readonly db: Database) {}

  insert(tx: Tx, row: Row<'audit'>): Promise<void> {
    return tx.insert(this.db.t.audit, row)
  }

  /** Rows before an id, newest first: ids sort by creation. */
  async before(id: string | undefined, limit: number): Promise<Row<'audit'>[]> {
    const { audit } = this.db.t
    return this.db.q
      .select()
      .from(audit)
      .where(id === undefined ? undefined : lt(audit.id, id))
      .orderBy(desc(audit.id))
      .limit(limit)
  }
}
