import { and, eq } from 'drizzle-orm'
import type { Database, Query, Tx } from '../db/database'

/** Which messages came from which endpoint, and what it calls them. */
export class ExternalMessages {
  constructor(private readonly db: Database) {}

  /** The message that an endpoint has sent under an id before. */
  async known(endpointId: string, externalId: string, q: Query = this.db.q): Promise<string | undefined> {
    const { externalMessages: t } = this.db.t
    const [row] = await q
      .select({ messageId: t.messageId })
      .from(t)
      .where(and(eq(t.endpointId, endpointId), eq(t.externalId, externalId)))
    return row?.messageId
  }

  remember(tx: Tx, endpointId: string, externalId: string, messageId: string): Promise<void> {
    return tx.insert(this.db.t.externalMessages, { endpointId, externalId, messageId, createdAt: Date.now() })
  }

  /** Where a message came from. */
  async sourceOf(tx: Tx, messageId: string): Promise<{ endpointId: string; externalId: string } | undefined> {
    const { externalMessages: t } = this.db.t
    const [row] = await tx.q
      .select({ endpointId: t.endpointId, externalId: t.externalId })
      .from(t)
      .where(eq(t.messageId, messageId))
    return row
  }
}
