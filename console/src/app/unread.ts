import { createMemo, createRoot, createSignal } from 'solid-js'
import type { Approval, Channel } from '@shared/contract'
import { state } from '../store/state'

/** Names of channels are in lower case; comparing as a language does would load that language's rules before the first paint. */
const byName = (a: Channel, b: Channel) => (a.name < b.name ? -1 : Number(a.name > b.name))

/** Whether something new in a conversation is news to the reader. */
export const isNews = ({ notify, unreadCount }: Channel): boolean => notify !== 'nothing' && unreadCount > 0

/** What stands beside a conversation: how often the reader is called, else how much is new; nothing where they turned that off. */
export function badgeOf({ kind, notify, unreadCount, mentionCount }: Channel): {
  value: number
  calls: boolean
  strong: boolean
} {
  if (notify === 'nothing') return { value: 0, calls: false, strong: false }
  const calls = mentionCount > 0
  return { value: calls ? mentionCount : unreadCount, calls, strong: calls || kind === 'dm' || notify === 'all' }
}

/** How many items of the inbox are unread; undefined until it is loaded, which is a moment after the first screen. */
const [inboxUnread, setInboxUnread] = createSignal<number>()
export { inboxUnread, setInboxUnread }

/** What is in the reader's lists, computed once for all views. */
export const { channels, dms, browsable, unreadTotal, pendingApprovals } = createRoot(() => {
  const all = createMemo(() => Object.values(state.channels))
  const joined = createMemo(() => all().filter((channel) => channel.joined))
  return {
    channels: createMemo(() =>
      joined()
        .filter((channel) => channel.kind === 'channel')
        .sort(byName),
    ),
    dms: createMemo(() =>
      joined()
        .filter((channel) => channel.kind === 'dm')
        .sort((a, b) => (b.lastMessageAt ?? b.createdAt) - (a.lastMessageAt ?? a.createdAt)),
    ),
    browsable: createMemo(() =>
      all()
        .filter((channel) => channel.kind === 'channel' && !channel.joined)
        .sort(byName),
    ),
    unreadTotal: createMemo(() => {
      const inbox = inboxUnread()
      let count = inbox ?? pendingOf().length
      for (const channel of joined()) {
        if (channel.notify === 'nothing') continue
        if (channel.kind === 'dm' || channel.notify === 'all') count += channel.unreadCount
        // The inbox has mentions, once it is there.
        else if (inbox === undefined) count += channel.mentionCount
      }
      return count
    }),
    pendingApprovals: createMemo(pendingOf),
  }
})

function pendingOf(): Approval[] {
  return Object.values(state.approvals)
    .filter((approval) => approval.state === 'pending')
    .sort((a, b) => a.createdAt - b.createdAt)
}

/** A direct conversation is called after whom it is with. */
export function channelTitle(channel: Channel): string {
  if (channel.kind === 'channel') return channel.name.replace(/^#/, '')
  const names = channel.peers.map((peer) => peer.displayName || peer.name)
  return names.join(', ') || state.me?.displayName || channel.name
}
