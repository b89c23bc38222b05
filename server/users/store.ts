import { and, eq, isNull, ne } from 'drizzle-orm'
import type { Database, Tx } from '../db/database'
import type { User } from '../directory/directory'

export class UserStore {
  constructor(private readonly db: Database) {}

  insert(tx: Tx, user: User): Promise<void> {
    return tx.insert(this.db.t.users, user)
  }

  async update(tx: Tx, id: string, set: Partial<Omit<User, 'id'>>): Promise<void> {
    const { users } = this.db.t
    await tx.q.update(users).set(set).where(eq(users.id, id))
  }

  /** A person as they are in this transaction. */
  async get(tx: Tx, id: string): Promise<User | undefined> {
    const { users } = this.db.t
    return (await tx.q.select().from(users).where(eq(users.id, id)))[0]
  }

  /** Whether there is an owner besides this one who can log in. */
  async otherOwner(tx: Tx, id: string): Promise<boolean> {
    const { users } = this.db.t
    const others = and(eq(users.role, 'owner'), isNull(users.disabledAt), ne(users.id, id))
    return (await tx.q.select({ id: users.id }).from(users).where(others).limit(1)).length > 0
  }
}
