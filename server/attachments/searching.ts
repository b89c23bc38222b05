import { inArray } from 'drizzle-orm'
import type { Database } from '../db/database'
import type { SearchDoc, SearchSource, Shown } from '../search/service'
import { AttachmentStore } from './store'
import type { AttachmentRow } from './view'

/** Files as something that can be found: by their names, and by what texts among them say. */
export class AttachmentSource implements SearchSource {
  readonly kind = 'attachment'
  readonly #store: AttachmentStore

  constructor(private readonly db: Database) {
    this.#store = new AttachmentStore(db)
  }

  async load(ids: string[]): Promise<Map<string, Shown>> {
    const rows = await this.#store.named(ids)
    return new Map(
      rows.map(({ id, filename: title, text, owner: sender, messageId }) => [
        id,
        { title, text: text ?? '', sender, messageId },
      ]),
    )
  }

  async after(id: string, limit: number): Promise<SearchDoc[]> {
    const rows = await this.#store.after(id, limit)
    const threads = await this.#threads(rows.flatMap((row) => row.messageId ?? []))
    return rows.map((row) => attachmentDoc(row, threads.get(row.messageId ?? '') ?? ''))
  }

  async #threads(messageIds: string[]): Promise<Map<string, string>> {
    const { messages } = this.db.t
    if (!messageIds.length) return new Map()
    const rows = await this.db.q
      .select({ id: messages.id, threadId: messages.threadId })
      .from(messages)
      .where(inArray(messages.id, messageIds))
    return new Map(rows.map((row) => [row.id, row.threadId]))
  }
}

/** A file for the index. */
export const attachmentDoc = (row: AttachmentRow, threadId: string): SearchDoc => ({
  kind: 'attachment',
  refId: row.id,
  channelId: row.channelId ?? '',
  threadId,
  senderId: row.ownerId,
  // Words of a name are also those between its dots and dashes.
  text: `${row.filename}\n${row.filename.replace(/[._-]+/g, ' ')}\n${row.text ?? ''}`,
  has: row.media === 'image' ? ['file', 'image'] : ['file'],
  label: row.media,
  createdAt: row.createdAt,
})
