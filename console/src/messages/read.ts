import { createEffect, createSignal, onCleanup } from 'solid-js'
import type { Message } from '@shared/contract'
import { call } from '../api/client'
import { put } from '../store/apply'
import { change, state, type State } from '../store/state'

const [focused, setFocused] = createSignal(document.hasFocus())
addEventListener('focus', () => setFocused(true))
addEventListener('blur', () => setFocused(false))

/** The conversation that the reader has marked as unread: looking at it does not count until they come back to it. */
const [held, setHeld] = createSignal<string>()

/** Marks as unread from a message on, at once. Throws `ApiError`. */
export async function markUnread({ id, target }: Message): Promise<void> {
  setHeld(target)
  try {
    const channel = await call('POST /api/channels/{target}/unread', { params: { target }, body: { messageId: id } })
    change((draft) => put(draft.channels, target, channel))
  } catch (error) {
    setHeld(undefined)
    throw error
  }
}

/** While the reader looks at the end of a conversation, its last message is read; the server hears of it a moment later. */
export function markRead(last: () => string | undefined, target: () => string): void {
  let told = ''
  setHeld(undefined)
  createEffect(() => {
    if (held() === target()) {
      told = ''
      return
    }
    const messageId = last()
    const channel = state.channels[target()]
    if (!messageId || !channel?.joined || !focused()) return
    const isNew = (channel.lastReadMessageId ?? '') < messageId
    // What is being looked at never counts as unread in the lists.
    if (isNew && channel.unreadCount + channel.mentionCount > 0) change((draft) => clearCounts(draft, target()))
    if (told === messageId || (!isNew && channel.unreadCount === 0)) return
    const timer = setTimeout(() => {
      told = messageId
      void tellServer(target(), messageId)
    }, 400)
    onCleanup(() => clearTimeout(timer))
  })
}

function clearCounts(draft: State, target: string): void {
  const channel = draft.channels[target]
  if (channel) Object.assign(channel, { unreadCount: 0, mentionCount: 0 })
}

async function tellServer(target: string, messageId: string): Promise<void> {
  change((draft) => {
    clearCounts(draft, target)
    const channel = draft.channels[target]
    if (channel) channel.lastReadMessageId = messageId
  })
  try {
    const channel = await call('POST /api/channels/{target}/read', { params: { target }, body: { messageId } })
    change((draft) => put(draft.channels, target, channel))
  } catch {
    // Nothing that the reader has to know: the mark moves with the next message.
  }
}

/** The same for a thread, whose replies count in the reader's inbox. */
export function markThreadRead(last: () => string | undefined, threadId: string): void {
  let told = ''
  createEffect(() => {
    const messageId = last()
    if (!messageId || messageId === told || !focused()) return
    const timer = setTimeout(() => {
      told = messageId
      call('POST /api/inbox/threads/{threadId}/read', { params: { threadId } }).catch(() => (told = ''))
    }, 400)
    onCleanup(() => clearTimeout(timer))
  })
}
