import { and, asc, gt, inArray, isNull } from 'drizzle-orm'
import type { Database } from '../db/database'
import type { Has } from '../search/query'
import type { SearchDoc, SearchSource, Shown } from '../search/service'
import { type MessageRow, messageView } from './view'

const LINK = /\bhttps?:\/\/\S/i
const CODE = /`[^`]+`|^ {4}\S/m

/** Messages as something that can be found: what people and agents wrote, and not what the system says of them. */
export class MessageSource implements SearchSource {
  readonly kind = 'message'

  constructor(private readonly db: Database) {}

  async load(ids: string[]): Promise<Map<string, Shown>> {
    const rows = await this.named(ids)
    return new Map(rows.map((row) => [row.id, { title: '', text: row.content, sender: messageView(row).sender }]))
  }

  async named(ids: string[]): Promise<MessageRow[]> {
    const { messages } = this.db.t
    if (!ids.length) return []
    return this.db.q.select().from(messages).where(inArray(messages.id, ids))
  }

  async after(id: string, limit: number): Promise<SearchDoc[]> {
    const { messages } = this.db.t
    const rows = await this.db.q
      .select()
      .from(messages)
      .where(and(gt(messages.id, id), isNull(messages.system), isNull(messages.deletedAt)))
      .orderBy(asc(messages.id))
      .limit(limit)
    return rows.map(messageDoc)
  }
}

/** A message for the index. */
export function messageDoc(row: MessageRow): SearchDoc {
  const { id: refId, channelId, threadId, senderId, content: text, createdAt } = row
  const has: Has[] = []
  if (LINK.test(text)) has.push('link')
  if (CODE.test(text)) has.push('code')
  if (row.attachments.length) has.push('file')
  if (row.attachments.some(({ media }) => media === 'image')) has.push('image')
  return { kind: 'message', refId, channelId, threadId, senderId, text, has, label: row.kind, createdAt }
}
