import { useLocation, useNavigate } from '@solidjs/router'
import { onCleanup, onMount } from 'solid-js'
import { conversationPath } from './paths'
import { openShortcuts } from './shortcuts'
import { openSwitcher } from './switcher'
import { channels, dms } from './unread'

const isTyping = (target: EventTarget | null) =>
  target instanceof HTMLElement && target.closest('input, textarea, select, [contenteditable]') !== null
const inDialog = () => document.querySelector('dialog[open]') !== null

/** The keys that work everywhere. */
export function KeyboardKeys() {
  const navigate = useNavigate()
  const location = useLocation()
  const step = (direction: 1 | -1, unreadOnly: boolean) => {
    const all = [...channels(), ...dms()]
    const here = all.findIndex((channel) => conversationPath(channel.target) === location.pathname)
    for (let distance = 1; distance <= all.length; distance++) {
      const channel = all[(here + direction * distance + all.length * 2) % all.length]
      if (channel && (!unreadOnly || channel.unreadCount > 0)) return navigate(conversationPath(channel.target))
    }
  }
  const keydown = (event: KeyboardEvent) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
      event.preventDefault()
      return openSwitcher()
    }
    if (inDialog()) return
    if (event.altKey && (event.key === 'ArrowUp' || event.key === 'ArrowDown')) {
      event.preventDefault()
      return step(event.key === 'ArrowDown' ? 1 : -1, event.shiftKey)
    }
    if (isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey) return
    if (event.key === '?') {
      event.preventDefault()
      openShortcuts()
    } else if (event.key === '/') {
      const composer = document.querySelector<HTMLTextAreaElement>('textarea[data-composer]')
      if (!composer) return
      event.preventDefault()
      composer.focus()
    }
  }
  onMount(() => document.addEventListener('keydown', keydown))
  onCleanup(() => document.removeEventListener('keydown', keydown))
  return null
}
