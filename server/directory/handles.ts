import { and, eq, isNull } from 'drizzle-orm'
import type { Database, Tx } from '../db/database'

/** Handles that mean somebody else than a person or an agent, or everybody. */
const RESERVED = new Set(['all', 'channel', 'everyone', 'here', 'nekode', 'system'])

/** Whether nobody else can have this handle: people and agents share one space of names, and some are kept free. */
export async function handleTaken({ t: { users, agents } }: Database, tx: Tx, name: string): Promise<boolean> {
  if (RESERVED.has(name)) return true
  const user = await tx.q.select({ id: users.id }).from(users).where(eq(users.username, name))
  const agent = await tx.q
    .select({ id: agents.id })
    .from(agents)
    .where(and(eq(agents.name, name), isNull(agents.deletedAt)))
  return user.length + agent.length > 0
}
