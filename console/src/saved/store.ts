import { createStore, produce } from 'solid-js/store'
import type { SavedMessage } from '@shared/contract'
import { call } from '../api/client'
import { onEvent } from '../store/feed'

/** What the reader keeps, by id, as far as the page has loaded it. */
const [saved, setSaved] = createStore<Record<string, SavedMessage>>({})
export { saved }

const edit = (recipe: (draft: Record<string, SavedMessage>) => void): void => setSaved(produce(recipe))

/** Saved messages that fit a filter, the latest saved first. */
export function fitting(all: SavedMessage[], filter: { target: string; words: string }): SavedMessage[] {
  const words = filter.words.trim().toLowerCase().split(/\s+/).filter(Boolean)
  return all
    .filter(({ target }) => !filter.target || target === filter.target)
    .filter(({ message }) => {
      const text = `${message.content} ${message.sender.displayName}`.toLowerCase()
      return words.every((word) => text.includes(word))
    })
    .sort((a, b) => b.savedAt - a.savedAt || (a.id < b.id ? 1 : -1))
}

/** Fetches a page, of one conversation or of all. Returns where the next one starts. */
export async function fetchSaved(target: string, cursor?: string): Promise<string | undefined> {
  const page = await call('GET /api/messages/saved', {
    query: { limit: 50, ...(target ? { target } : {}), ...(cursor ? { cursor } : {}) },
  })
  edit((draft) => {
    for (const item of page.items) draft[item.id] = item
  })
  return page.nextCursor
}

/** Lets go of a message; it is gone here at once, and back when the server refuses. */
export async function letGo({ id, messageId }: SavedMessage): Promise<void> {
  const item = saved[id]
  edit((draft) => void delete draft[id])
  try {
    await call('DELETE /api/messages/{id}/save', { params: { id: messageId } })
  } catch (error) {
    if (item) edit((draft) => void (draft[id] = { ...item }))
    throw error
  }
}

/** Keeps a message again. */
export async function keep(messageId: string): Promise<void> {
  const item = await call('POST /api/messages/{id}/save', { params: { id: messageId } })
  edit((draft) => void (draft[item.id] = item))
}

/** Follows what is saved and let go of on other screens. Returns what ends it. */
export const followSaved = (): (() => void) =>
  onEvent((event) => {
    if (event.kind === 'message') {
      const { payload } = event
      edit((draft) => {
        for (const item of Object.values(draft)) if (item.messageId === payload.id) item.message = payload
      })
    }
    if (event.kind !== 'saved') return
    const { payload } = event
    if (event.operation === 'deleted') return edit((draft) => void delete draft[payload.id])
    void call('GET /api/messages/{id}', { params: { id: payload.messageId } }).then(
      ({ message }) => edit((draft) => void (draft[payload.id] = { ...payload, message })),
      // Gone meanwhile.
      () => {},
    )
  })
