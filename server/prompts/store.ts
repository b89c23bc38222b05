import { and, eq, inArray, ne } from 'drizzle-orm'
import type { Database, Query, Tx } from '../db/database'
import type { Row } from '../db/tables'

export type PromptRow = Row<'prompts'>

export class PromptStore {
  constructor(private readonly db: Database) {}

  async get(runId: string, q: Query = this.db.q): Promise<PromptRow | undefined> {
    const { prompts } = this.db.t
    const [row] = await q.select().from(prompts).where(eq(prompts.runId, runId))
    return row
  }

  /** Which of these messages an agent was given as a turn. One that failed may have failed before that. */
  async told(agentId: string, messageIds: string[]): Promise<Set<string | null>> {
    const { prompts, runs } = this.db.t
    if (!messageIds.length) return new Set()
    const rows = await this.db.q
      .select({ id: runs.inputMessageId })
      .from(runs)
      .innerJoin(prompts, eq(prompts.runId, runs.id))
      .where(and(eq(runs.agentId, agentId), inArray(runs.inputMessageId, messageIds), ne(runs.state, 'failed')))
    return new Set(rows.map(({ id }) => id))
  }

  insert(tx: Tx, row: PromptRow): Promise<void> {
    return tx.insert(this.db.t.prompts, row)
  }
}
