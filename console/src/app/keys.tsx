import { useLocation, useNavigate } from '@solidjs/router'
import { onCleanup, onMount } from 'solid-js'
import { t } from '../i18n'
import { canWrite } from '../store/session'
import { openCreateTask } from '../tasks/open'
import { useHotkeys, pressed, type Hotkey } from './hotkeys'
import { pages } from './pages'
import { conversationPath } from './paths'
import { openShortcuts } from './shortcuts'
import { openSwitcher } from './switcher'
import { channels, dms, isNews } from './unread'

const composer = () => document.querySelector<HTMLTextAreaElement>('textarea[data-composer]')
const general = () => t('shortcuts.general')
const writing = () => t('shortcuts.writing')

/** The keys that work everywhere. */
export function KeyboardKeys() {
  const navigate = useNavigate()
  const location = useLocation()
  const step = (direction: 1 | -1, unreadOnly: boolean) => {
    const all = [...channels(), ...dms()]
    const here = all.findIndex((channel) => conversationPath(channel.target) === location.pathname)
    for (let distance = 1; distance <= all.length; distance++) {
      const channel = all[(here + direction * distance + all.length * 2) % all.length]
      if (channel && (!unreadOnly || isNews(channel))) return navigate(conversationPath(channel.target))
    }
  }
  const frame: Hotkey[] = [
    {
      keys: 'mod+k',
      label: () => t('shortcuts.switcher'),
      group: general,
      run: openSwitcher,
      inFields: true,
      inWindows: true,
    },
    { keys: 'c', label: () => t('nav.newTask'), group: general, run: () => openCreateTask(), when: canWrite },
    { keys: '?', label: () => t('shortcuts.help'), group: general, run: openShortcuts },
    { keys: 'Escape', label: () => t('shortcuts.close'), group: general },
    {
      keys: 'alt+ArrowUp',
      label: () => t('shortcuts.previous'),
      group: general,
      run: () => step(-1, false),
      inFields: true,
    },
    {
      keys: 'alt+ArrowDown',
      label: () => t('shortcuts.next'),
      group: general,
      run: () => step(1, false),
      inFields: true,
    },
    {
      keys: 'alt+shift+ArrowDown',
      label: () => t('shortcuts.nextUnread'),
      group: general,
      run: () => step(1, true),
      inFields: true,
    },
    {
      keys: '/',
      label: () => t('shortcuts.compose'),
      group: writing,
      run: () => composer()?.focus(),
      when: () => inConversation() && composer() !== null,
    },
    { keys: 'Enter', label: () => t('shortcuts.send'), group: writing, when: inConversation },
    { keys: 'shift+Enter', label: () => t('shortcuts.newline'), group: writing, when: inConversation },
    { keys: '@', label: () => t('shortcuts.mention'), group: writing, when: inConversation },
    { keys: 'ArrowUp', label: () => t('shortcuts.editLast'), group: writing, when: inConversation },
    { keys: 'mod+b', label: () => t('shortcuts.bold'), group: writing, when: inConversation },
    { keys: 'mod+i', label: () => t('shortcuts.italic'), group: writing, when: inConversation },
    { keys: 'mod+e', label: () => t('shortcuts.code'), group: writing, when: inConversation },
    { keys: 'mod+shift+x', label: () => t('shortcuts.strike'), group: writing, when: inConversation },
  ]
  function inConversation(): boolean {
    return /^\/[cd]\//.test(location.pathname)
  }
  const go: Hotkey[] = pages().flatMap(({ href, label, letter }) =>
    letter
      ? [{ keys: `g ${letter}`, label: () => t(label), group: () => t('shortcuts.goTo'), run: () => navigate(href) }]
      : [],
  )
  useHotkeys([...frame, ...go])
  onMount(() => document.addEventListener('keydown', pressed))
  onCleanup(() => document.removeEventListener('keydown', pressed))
  return null
}
