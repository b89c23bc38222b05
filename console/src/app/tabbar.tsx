import { A } from '@solidjs/router'
import { For, type JSX } from 'solid-js'
import { t, type Key } from '../i18n'
import { Icon } from '../ui/icon'
import { Count } from '../ui/badge'
import { channels, dms, pendingApprovals } from './unread'

interface Tab {
  href: string
  icon: string
  label: Extract<Key, `tab.${string}`>
  badge?: () => JSX.Element
}

const unreadChats = () => [...channels(), ...dms()].filter((channel) => channel.unreadCount > 0).length

const tabs: Tab[] = [
  {
    href: '/',
    icon: 'i-lucide-messages-square',
    label: 'tab.chats',
    badge: () => <Count value={unreadChats()} strong label={t('nav.unread', { n: unreadChats() })} />,
  },
  {
    href: '/approvals',
    icon: 'i-lucide-shield-question',
    label: 'tab.approvals',
    badge: () => (
      <Count
        value={pendingApprovals().length}
        strong
        label={t('nav.approvalsWaiting', { n: pendingApprovals().length })}
      />
    ),
  },
  { href: '/agents', icon: 'i-lucide-bot', label: 'tab.agents' },
  { href: '/computers', icon: 'i-lucide-monitor', label: 'tab.computers' },
  { href: '/settings', icon: 'i-lucide-settings', label: 'tab.settings' },
]

/** The phone's way between the main screens. */
export const TabBar = () => (
  <nav
    aria-label={t('shell.tabs')}
    class="grid grid-cols-5 border-t border-line bg-sidebar shrink-0 pb-[env(safe-area-inset-bottom)]"
  >
    <For each={tabs}>
      {(tab) => (
        <A
          href={tab.href}
          end={tab.href === '/'}
          activeClass="text-accent-text!"
          class="relative col items-center justify-center gap-0.5 h-14 text-[11px] font-550 text-soft -outline-offset-2"
        >
          <Icon name={tab.icon} class="text-[20px]" />
          {t(tab.label)}
          <span class="absolute top-1 left-1/2 ml-1.5">{tab.badge?.()}</span>
        </A>
      )}
    </For>
  </nav>
)
