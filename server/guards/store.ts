import { and, count, eq, gte, min, sum } from 'drizzle-orm'
import type { Database, Tx } from '../db/database'

export class GuardStore {
  constructor(private readonly db: Database) {}

  async turnsSince(tx: Tx, agentId: string, since: number): Promise<{ turns: number; oldest: number | null }> {
    const { runs } = this.db.t
    const [row] = await tx.q
      .select({ turns: count(), oldest: min(runs.createdAt) })
      .from(runs)
      .where(and(eq(runs.agentId, agentId), gte(runs.createdAt, since)))
    return { turns: Number(row?.turns ?? 0), oldest: row?.oldest ?? null }
  }

  async costSince(tx: Tx, agentId: string, since: number): Promise<number> {
    const { runs } = this.db.t
    const [row] = await tx.q
      .select({ cost: sum(runs.costUsd) })
      .from(runs)
      .where(and(eq(runs.agentId, agentId), gte(runs.createdAt, since)))
    return Number(row?.cost ?? 0)
  }
}
