import { createEffect, createSignal, onCleanup } from 'solid-js'
import { call } from '../api/client'
import { put } from '../store/apply'
import { change, state } from '../store/state'

const [focused, setFocused] = createSignal(document.hasFocus())
addEventListener('focus', () => setFocused(true))
addEventListener('blur', () => setFocused(false))

/** While the reader looks at the end of a conversation, its last message is read, a moment later. */
export function markRead(last: () => string | undefined, target: () => string): void {
  let told = ''
  createEffect(() => {
    const messageId = last()
    const channel = state.channels[target()]
    if (!messageId || !channel?.joined || !focused() || told === messageId) return
    if (channel.unreadCount === 0 && (channel.lastReadMessageId ?? '') >= messageId) return
    const timer = setTimeout(() => {
      told = messageId
      void tellServer(target(), messageId)
    }, 400)
    onCleanup(() => clearTimeout(timer))
  })
}

async function tellServer(target: string, messageId: string): Promise<void> {
  change((draft) => {
    const channel = draft.channels[target]
    if (channel) Object.assign(channel, { unreadCount: 0, mentionCount: 0, lastReadMessageId: messageId })
  })
  try {
    const channel = await call('POST /api/channels/{target}/read', { params: { target }, body: { messageId } })
    change((draft) => put(draft.channels, target, channel))
  } catch {
    // Nothing that the reader has to know: the mark moves with the next message.
  }
}
