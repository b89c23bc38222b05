import { t, type PlainKey } from '../i18n'
import { isAdmin } from '../store/session'
import { mineCount } from '../tasks/mine'
import { channels, dms, inboxUnread, isNews, pendingApprovals } from './unread'

/** A page of the console: one line here is an entry in the sidebar, on a phone in the bar or under “More”, and in the palette. */
export interface PageEntry {
  href: string
  icon: string
  label: PlainKey
  /** `top`: above the lists of the sidebar. `list`: the heading of a list there. `settings`: a section of the settings. */
  group: 'top' | 'list' | 'settings'
  /** Also in the phone's bar, which has room for five; everything else is under “More” there. */
  tab?: boolean
  /** The letter that leads here after `g`. */
  letter?: string
  adminOnly?: boolean
  /** What is new there. */
  news?: () => { count: number; label: string }
}

/** Every page, in the order in which they are shown. */
const entries: PageEntry[] = [
  {
    href: '/inbox',
    icon: 'i-lucide-inbox',
    label: 'nav.inbox',
    group: 'top',
    tab: true,
    letter: 'i',
    news: () => ({ count: inboxUnread() ?? 0, label: t('nav.unread', { n: inboxUnread() ?? 0 }) }),
  },
  {
    href: '/tasks',
    icon: 'i-lucide-square-kanban',
    label: 'nav.tasks',
    group: 'top',
    tab: true,
    letter: 't',
    news: () => ({ count: mineCount(), label: t('nav.tasksMine', { n: mineCount() }) }),
  },
  {
    href: '/approvals',
    icon: 'i-lucide-shield-question',
    label: 'nav.approvals',
    group: 'top',
    letter: 'p',
    news: () => ({
      count: pendingApprovals().length,
      label: t('nav.approvalsWaiting', { n: pendingApprovals().length }),
    }),
  },
  { href: '/runs', icon: 'i-lucide-activity', label: 'nav.runs', group: 'top', letter: 'v' },
  { href: '/reminders', icon: 'i-lucide-alarm-clock', label: 'nav.reminders', group: 'top', letter: 'r' },
  { href: '/saved', icon: 'i-lucide-bookmark', label: 'nav.saved', group: 'top', letter: 'b' },
  { href: '/search', icon: 'i-lucide-search', label: 'nav.search', group: 'list', letter: 's' },
  { href: '/agents', icon: 'i-lucide-bot', label: 'nav.agents', group: 'list', tab: true, letter: 'a' },
  { href: '/computers', icon: 'i-lucide-monitor', label: 'nav.computers', group: 'list', letter: 'm' },
  { href: '/drafts', icon: 'i-lucide-pencil-line', label: 'nav.drafts', group: 'list', letter: 'd' },
  { href: '/tunnels', icon: 'i-lucide-app-window', label: 'nav.tunnels', group: 'list' },
  { href: '/artifacts', icon: 'i-lucide-panels-top-left', label: 'nav.artifacts', group: 'list' },
  { href: '/settings/account', icon: 'i-lucide-user', label: 'settings.account', group: 'settings', letter: ',' },
  { href: '/settings/appearance', icon: 'i-lucide-palette', label: 'settings.appearance', group: 'settings' },
  { href: '/settings/browser', icon: 'i-lucide-bell', label: 'settings.browser', group: 'settings' },
  { href: '/settings/sessions', icon: 'i-lucide-monitor-smartphone', label: 'settings.sessions', group: 'settings' },
  { href: '/settings/tokens', icon: 'i-lucide-key-round', label: 'settings.tokens', group: 'settings' },
  { href: '/settings/people', icon: 'i-lucide-users', label: 'settings.people', group: 'settings' },
  { href: '/settings/endpoints', icon: 'i-lucide-plug', label: 'settings.endpoints', group: 'settings' },
  { href: '/settings/notifications', icon: 'i-lucide-send', label: 'settings.notifications', group: 'settings' },
  { href: '/settings/usage', icon: 'i-lucide-chart-column', label: 'nav.usage', group: 'settings', adminOnly: true },
  {
    href: '/settings/server',
    icon: 'i-lucide-heart-pulse',
    label: 'settings.serverHealth',
    group: 'settings',
    adminOnly: true,
  },
  { href: '/settings/events', icon: 'i-lucide-radio', label: 'settings.events', group: 'settings' },
  {
    href: '/settings/backup',
    icon: 'i-lucide-database-backup',
    label: 'settings.backup',
    group: 'settings',
    adminOnly: true,
  },
  {
    href: '/settings/audit',
    icon: 'i-lucide-scroll-text',
    label: 'settings.audit',
    group: 'settings',
    adminOnly: true,
  },
]

const unreadChats = () => [...channels(), ...dms()].filter(isNews).length

/** Where a phone shows the conversations, which elsewhere are always on screen. */
const chats: PageEntry = {
  href: '/',
  icon: 'i-lucide-messages-square',
  label: 'tab.chats',
  group: 'top',
  tab: true,
  news: () => ({ count: unreadChats(), label: t('nav.unread', { n: unreadChats() }) }),
}
const more: PageEntry = { href: '/more', icon: 'i-lucide-ellipsis', label: 'tab.more', group: 'top', tab: true }

/** The pages that the reader may go to. */
export const pages = (): PageEntry[] => entries.filter((entry) => !entry.adminOnly || isAdmin())

/** What the phone's bar leads to. */
export const tabs = (): PageEntry[] => [chats, ...pages().filter((entry) => entry.tab), more]
