import { eq } from 'drizzle-orm'
import type { Database, Tx } from '../db/database'
import type { Row } from '../db/tables'

export type Identity = Row<'identities'>

export class IdentityStore {
  constructor(private readonly db: Database) {}

  async get(tx: Tx, key: string): Promise<Identity | undefined> {
    const { identities } = this.db.t
    return (await tx.q.select().from(identities).where(eq(identities.key, key)))[0]
  }

  insert(tx: Tx, identity: Identity): Promise<void> {
    return tx.insert(this.db.t.identities, identity)
  }

  async seen(tx: Tx, id: string, email: string, lastLoginAt: number): Promise<void> {
    const { identities } = this.db.t
    await tx.q.update(identities).set({ email, lastLoginAt }).where(eq(identities.id, id))
  }
}
