import type { Message } from '@shared/contract'
import '../i18n/en/messages'
import { act } from '../app/act'
import { t } from '../i18n'
import { state } from '../store/state'
import type { MenuItem } from '../ui/menu'
import { copyContent, copyLink, deleteMessage, setPinned } from './actions'
import { allowedOn } from './allowed'
import { startEdit } from './editing'
import { isFollowed, setFollow } from './follows'
import { openOverlay, type Overlay } from './overlay'
import { markUnread } from './read'
import { isSaved, setSaved } from './saved'

export interface MessageMenuItem extends MenuItem {
  /** What the key does that stands beside it. */
  key?: string
}

/** Everything that the reader may do with a message, in the order of the menu. */
export function menuItems(message: Message, place: Omit<Overlay, 'kind' | 'messageId'>): MessageMenuItem[] {
  const may = allowedOn(message, state.me, state.channels[message.target])
  const gone = message.deletedAt !== null
  const saved = isSaved(message.id)
  const thread = message.threadId ?? message.id
  const followed = isFollowed(thread)
  const at = (kind: Overlay['kind']) => () => openOverlay({ ...place, kind, messageId: message.id })
  const items: (MessageMenuItem | false)[] = [
    may.join && { label: t('act.react'), icon: 'i-lucide-smile-plus', hint: '+', onSelect: at('emoji') },
    place.onThread !== undefined && {
      label: t('message.reply'),
      icon: 'i-lucide-message-square-reply',
      hint: 'R',
      onSelect: () => place.onThread?.(thread),
    },
    may.edit && {
      label: t('act.edit'),
      icon: 'i-lucide-pencil',
      hint: 'E',
      onSelect: () => startEdit(message.id, place.inThread),
    },
    !gone && {
      label: t(saved ? 'act.unsave' : 'act.save'),
      icon: saved ? 'i-lucide-bookmark-minus' : 'i-lucide-bookmark',
      hint: 'S',
      onSelect: () => void toggleSaved(message.id),
    },
    may.join && {
      label: t(message.pinned ? 'act.unpin' : 'act.pin'),
      icon: message.pinned ? 'i-lucide-pin-off' : 'i-lucide-pin',
      onSelect: () => void setPinned(message, !message.pinned),
    },
    followed !== undefined && {
      label: t(followed ? 'act.unfollow' : 'act.follow'),
      icon: followed ? 'i-lucide-bell-off' : 'i-lucide-bell',
      onSelect: () => void toggleFollow(thread),
    },
    mayUnread(message) && {
      label: t('act.unread'),
      icon: 'i-lucide-mail',
      onSelect: () => void act(() => markUnread(message), t('act.unreadDone')),
    },
    may.promote && { label: t('act.promote'), icon: 'i-lucide-gavel', onSelect: at('promote') },
    !gone && { label: t('message.copy'), icon: 'i-lucide-copy', onSelect: () => void copyContent(message) },
    { label: t('message.copyLink'), icon: 'i-lucide-link', onSelect: () => void copyLink(message) },
    message.editedAt !== null && !gone && { label: t('edit.history'), icon: 'i-lucide-history', onSelect: at('edits') },
    may.delete && {
      label: t('act.delete'),
      icon: 'i-lucide-trash-2',
      danger: true,
      onSelect: () => deleteMessage(message.id),
    },
  ]
  return items.filter((item) => item !== false)
}

/** A thread is read or not as a whole. */
const mayUnread = ({ target, threadId }: Message): boolean =>
  threadId === null && Boolean(state.channels[target]?.joined)

export const toggleSaved = (id: string): Promise<boolean> => {
  const on = !isSaved(id)
  return act(() => setSaved(id, on), t(on ? 'act.saved' : 'act.unsaved'))
}

export const toggleFollow = (threadId: string): Promise<boolean> => {
  const on = !isFollowed(threadId)
  return act(() => setFollow(threadId, on), t(on ? 'act.followed' : 'act.unfollowed'))
}
