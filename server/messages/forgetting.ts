import type { Message } from '@shared/contract'
import { and, eq, inArray } from 'drizzle-orm'
import type { Database, Tx } from '../db/database'
import { hashOf, withoutMessage } from '../prompts/redaction'
import { type MessageRow, messageView } from './view'

/** Takes what a message said out of everything that repeats it: the log, prompts, what goes to endpoints, stored answers. */
export class Forgetting {
  constructor(private readonly db: Database) {}

  /**
   * @param row as it was, @param erased as it is now
   * @param texts everything that it ever said
   */
  async forget(tx: Tx, row: MessageRow, erased: MessageRow, texts: readonly string[]): Promise<void> {
    const shown = messageView(erased)
    await this.#fromLog(tx, shown)
    await this.#fromPrompts(tx, row, texts)
    await this.#fromOutbox(tx, shown)
    await this.#fromAnswers(tx, row, shown)
  }

  async #fromLog(tx: Tx, shown: Message): Promise<void> {
    const { events: t } = this.db.t
    await tx.q
      .update(t)
      .set({ payload: JSON.stringify(shown) })
      .where(and(eq(t.aggregateId, shown.id), eq(t.kind, 'message')))
  }

  async #fromPrompts(tx: Tx, row: MessageRow, texts: readonly string[]): Promise<void> {
    const { prompts, promptMessages } = this.db.t
    const runs = await tx.q
      .select({ id: promptMessages.runId })
      .from(promptMessages)
      .where(eq(promptMessages.messageId, row.id))
    for (const { id } of runs) {
      const [prompt] = await tx.q.select().from(prompts).where(eq(prompts.runId, id))
      if (!prompt) continue
      const sections = prompt.sections.map((s) => ({ ...s, content: withoutMessage(s.content, row, texts) }))
      const content = withoutMessage(prompt.content, row, texts)
      await tx.q
        .update(prompts)
        .set({ sections, content, contentHash: hashOf(content) })
        .where(eq(prompts.runId, id))
    }
  }

  /** What has not gone out yet does not; what has is not kept any more. */
  async #fromOutbox(tx: Tx, shown: Message): Promise<void> {
    const { outboundDeliveries: t } = this.db.t
    const rows = await tx.q.select({ id: t.id, status: t.status }).from(t).where(eq(t.messageId, shown.id))
    const waiting = rows.flatMap((row) => (row.status === 'pending' || row.status === 'retrying' ? row.id : []))
    const payload = JSON.stringify({ type: 'message.deleted', timestamp: shown.deletedAt, text: '', data: shown })
    if (rows.length) await tx.q.update(t).set({ payload }).where(eq(t.messageId, shown.id))
    if (!waiting.length) return
    const set = { status: 'canceled' as const, nextAttemptAt: null, lastError: 'The message was deleted.' }
    await tx.q.update(t).set(set).where(inArray(t.id, waiting))
  }

  /** The answer to a repetition of the request that wrote it. */
  async #fromAnswers(tx: Tx, row: MessageRow, shown: Message): Promise<void> {
    if (row.requestId === null) return
    const { idempotency: t } = this.db.t
    const principal = `${row.senderKind === 'human' ? 'user' : row.senderKind}:${row.senderId}`
    await tx.q
      .update(t)
      .set({ response: JSON.stringify({ message: shown, deliveries: [] }) })
      .where(and(eq(t.principal, principal), eq(t.method, 'message'), eq(t.key, row.requestId)))
  }
}
