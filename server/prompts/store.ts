import { eq } from 'drizzle-orm'
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

  insert(tx: Tx, row: PromptRow): Promise<void> {
    return tx.insert(this.db.t.prompts, row)
  }
}
