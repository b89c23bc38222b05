import { createComputed, createSignal, type Accessor } from 'solid-js'
import { call } from '../api/client'
import { put } from '../store/apply'
import { change, listKey, state } from '../store/state'

/** What was unread when a conversation was opened; it stays while the reader reads on. */
export interface Unread {
  /** How many. */
  count: Accessor<number>
  /** The first of them, once it is loaded. */
  first: Accessor<string | undefined>
  /** The last message that was read then; null where nothing was, or that is not known. */
  after: string | null
  /** Takes the line and the count away. */
  clear: () => void
}

/**
 * Of a channel: from its mark on. Of a thread: the last `replies` that others wrote.
 * @param replies how many replies of the thread are unread, once that is known
 */
export function createUnread(target: string, threadId: string | null, replies?: () => number | undefined): Unread {
  const channel = state.channels[target]
  const after = threadId === null ? (channel?.lastReadMessageId ?? null) : null
  const [count, setCount] = createSignal(threadId === null && after ? (channel?.unreadCount ?? 0) : 0)
  const [first, setFirst] = createSignal<string>()
  let decided = false
  createComputed(() => {
    const list = state.lists[listKey(target, threadId)]
    const known = threadId === null ? count() : replies?.()
    if (decided || list?.status !== 'ready' || known === undefined) return
    if (known === 0) return void (decided = true)
    const found = after ? firstAfter(list.ids, after, list.older !== null) : lastOfOthers(list.ids, known)
    if (!found) return
    decided = true
    setCount(known)
    setFirst(found)
  })
  return {
    count,
    first,
    after,
    clear: () => {
      decided = true
      setCount(0)
      setFirst(undefined)
    },
  }
}

/** The first of `ids` after the mark; undefined while the mark may lie before what is loaded. */
function firstAfter(ids: string[], after: string, older: boolean): string | undefined {
  if (older && (ids[0] ?? '') > after) return undefined
  return ids.find((id) => id > after && !isMine(id))
}

function lastOfOthers(ids: string[], count: number): string | undefined {
  const others = ids.filter((id) => !isMine(id))
  return others[Math.max(0, others.length - count)]
}

const isMine = (id: string): boolean => {
  const sender = state.messages[id]?.sender
  return sender?.kind === 'human' && sender.id === state.me?.id
}

/** Marks every conversation of the reader as read. Throws `ApiError`. */
export async function readEverything(): Promise<void> {
  const unread = Object.values(state.channels).filter(({ joined, unreadCount, mentionCount }) => {
    return joined && unreadCount + mentionCount > 0
  })
  for (const { target } of unread) {
    const { items } = await call('GET /api/messages', { query: { target, limit: 1 } })
    const [last] = items
    if (!last) continue
    const channel = await call('POST /api/channels/{target}/read', { params: { target }, body: { messageId: last.id } })
    change((draft) => put(draft.channels, target, channel))
  }
  await call('POST /api/inbox/threads/read-all', { body: {} })
}
