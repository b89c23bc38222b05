import { eq } from 'drizzle-orm'
import type { Database, Tx } from '../db/database'
import type { User } from '../directory/directory'

export class UserStore {
  constructor(private readonly db: Database) {}

  insert(tx: Tx, user: User): Promise<void> {
    return tx.insert(this.db.t.users, user)
  }

  async setPassword(tx: Tx, id: string, passwordHash: string, updatedAt: number): Promise<void> {
    const { users } = this.db.t
    await tx.q.update(users).set({ passwordHash, updatedAt }).where(eq(users.id, id))
  }
}
