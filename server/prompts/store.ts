import { and, eq, inArray, isNotNull, ne } from 'drizzle-orm'
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

  /** @param messageIds what went into it */
  async insert(tx: Tx, row: PromptRow, messageIds: string[]): Promise<void> {
    await tx.insert(this.db.t.prompts, row)
    await tx.insert(this.db.t.promptMessages, ...messageIds.map((messageId) => ({ messageId, runId: row.runId })))
  }

  /** Which of these messages are deleted. */
  async deleted(tx: Tx, ids: string[]): Promise<Set<string>> {
    const { messages } = this.db.t
    if (!ids.length) return new Set()
    const rows = await tx.q
      .select({ id: messages.id })
      .from(messages)
      .where(and(inArray(messages.id, ids), isNotNull(messages.deletedAt)))
    return new Set(rows.map(({ id }) => id))
  }
}
