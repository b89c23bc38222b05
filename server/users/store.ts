import { and, eq, isNull } from 'drizzle-orm'
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

  /** Whether a person or an agent has this handle. */
  async handleTaken(tx: Tx, name: string): Promise<boolean> {
    const { users, agents } = this.db.t
    const user = await tx.q.select({ id: users.id }).from(users).where(eq(users.username, name))
    const agent = await tx.q
      .select({ id: agents.id })
      .from(agents)
      .where(and(eq(agents.name, name), isNull(agents.deletedAt)))
    return user.length + agent.length > 0
  }
}
