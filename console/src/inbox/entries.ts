import type { Approval, InboxItem, InboxState, Message, Tunnel } from '@shared/contract'

/** One line of the inbox: an item of the server's, a permission or a tunnel that waits for somebody. */
export type Entry = Omit<InboxItem, 'kind'> & { kind: InboxItem['kind'] | 'tunnel' }
export type EntryKind = Entry['kind']

const empty = { taskId: null, reason: null, messageId: null } as const

/** A permission that waits; `mark` is what its reader did with it. */
export const ofApproval = (approval: Approval, mark: InboxState = 'unread'): Entry => ({
  ...empty,
  id: approval.id,
  kind: 'approval',
  state: mark,
  target: approval.target,
  threadId: approval.threadId,
  unreadCount: mark === 'unread' ? 1 : 0,
  at: approval.createdAt,
})

export const ofTunnel = (tunnel: Tunnel, mark: InboxState = 'unread'): Entry => ({
  ...empty,
  id: tunnel.id,
  kind: 'tunnel',
  state: mark,
  target: tunnel.target ?? '',
  threadId: tunnel.threadId,
  unreadCount: mark === 'unread' ? 1 : 0,
  at: tunnel.createdAt,
})

/**
 * What is left, in order: what was unread when the list was arranged, then the rest, each the latest first. What is read meanwhile stays
 * where it is, so that nothing moves away under the reader.
 */
export const arranged = (entries: readonly Entry[], wasUnread: ReadonlySet<string>): Entry[] =>
  entries
    .filter(({ state }) => state !== 'done')
    .toSorted((a, b) => {
      const first = Number(wasUnread.has(b.id)) - Number(wasUnread.has(a.id))
      return first || b.at - a.at || (a.id < b.id ? 1 : -1)
    })

/** The entry to show when `id` is done: the one below it, else the one above, else none. */
export function neighbour(entries: readonly Entry[], id: string): string | undefined {
  const at = entries.findIndex((entry) => entry.id === id)
  return (entries[at + 1] ?? entries[at - 1])?.id
}

/** A thread that is unread already is told of one more message by the message itself. */
export function moved(item: InboxItem, message: Message, me: string): InboxItem {
  const counts =
    item.kind === 'thread' &&
    item.state === 'unread' &&
    message.threadId !== null &&
    item.threadId === message.threadId &&
    message.sender.id !== me &&
    (item.messageId ?? '') < message.id
  return counts ? { ...item, messageId: message.id, unreadCount: item.unreadCount + 1, at: message.createdAt } : item
}

/** The first words of a message on one line, without the signs that only lay it out. */
export const firstWords = (content: string): string =>
  content
    .slice(0, 400)
    .replace(/```\w*/g, ' ')
    .replace(/`/g, '')
    .replace(/\*\*|__|~~|^#+\s|^>\s?/gm, '')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 200)
