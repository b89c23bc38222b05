import { and, eq } from 'drizzle-orm'
import type { Database, Query, Tx } from '../db/database'
import type { Member } from '../directory/directory'
import type { AgentRow } from './view'

export class AgentStore {
  constructor(private readonly db: Database) {}

  insert(tx: Tx, row: AgentRow): Promise<void> {
    return tx.insert(this.db.t.agents, row)
  }

  async update(tx: Tx, id: string, set: Partial<AgentRow>): Promise<void> {
    const { agents } = this.db.t
    await tx.q.update(agents).set(set).where(eq(agents.id, id))
  }

  /** Also one that was deleted. */
  async get(id: string, q: Query = this.db.q): Promise<AgentRow | undefined> {
    const { agents } = this.db.t
    const [row] = await q.select().from(agents).where(eq(agents.id, id))
    return row
  }

  /** Takes an agent out of its channels. @returns its memberships as they were */
  async leaveAll(tx: Tx, id: string): Promise<Member[]> {
    const { members } = this.db.t
    const own = and(eq(members.kind, 'agent'), eq(members.memberId, id))
    const left = await tx.q.select().from(members).where(own)
    await tx.q.delete(members).where(own)
    return left
  }
}
