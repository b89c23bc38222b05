import { createMemo, createRoot } from 'solid-js'
import type { EventOf } from '@shared/contract'
import { call } from '../api/client'
import { createCollection } from '../store/collection'

type Saved = EventOf<'saved'>['payload']

/** Pages of saved messages that are asked for to know which of a conversation's are; more than that nobody looks through. */
const pages = 5

/** As the event has it. */
const brief = ({ id, messageId, target, threadId, savedAt }: Saved): Saved => ({
  id,
  messageId,
  target,
  threadId,
  savedAt,
})

/** What the reader has saved, as far as it was asked for. */
const saved = createCollection<Saved>({
  ofEvent: (event) => (event.kind === 'saved' ? event.payload : undefined),
  idOf: (item) => item.id,
  age: (item) => item.savedAt,
})

const byMessage = createRoot(() =>
  createMemo(() => new Map(Object.values(saved.items).map((item) => [item.messageId, item.id]))),
)
const asked = new Map<string, number>()

export const isSaved = (messageId: string): boolean => byMessage().has(messageId)

/** Finds out once which messages of a conversation the reader has saved. */
export async function loadSaved(target: string): Promise<void> {
  const era = saved.era()
  if (asked.get(target) === era) return
  asked.set(target, era)
  try {
    let cursor: string | undefined
    for (let page = 0; page < pages; page++) {
      const query = { target, limit: 100, ...(cursor ? { cursor } : {}) }
      const { items, nextCursor } = await call('GET /api/messages/saved', { query })
      saved.put(...items.map(brief))
      if (!nextCursor) return
      cursor = nextCursor
    }
  } catch {
    // Only a mark is missing; the next menu that opens asks again.
    asked.delete(target)
  }
}

/** Saves a message, or takes it out again. Shown once the server has it: the id is the server's. */
export async function setSaved(messageId: string, on: boolean): Promise<void> {
  const params = { id: messageId }
  if (on) {
    saved.put(brief(await call('POST /api/messages/{id}/save', { params })))
    return
  }
  const id = byMessage().get(messageId)
  const item = id ? saved.items[id] : undefined
  const before = item && { ...item }
  if (id) saved.remove(id)
  try {
    await call('DELETE /api/messages/{id}/save', { params })
  } catch (error) {
    if (before) saved.put(before)
    throw error
  }
}
