import { t } from '../i18n'
import { isAdmin } from '../store/session'
import { state } from '../store/state'
import { chooseTheme, type Theme } from '../theme/theme'
import { agentPath, computerPath, conversationPath } from './paths'
import { pages } from './pages'
import { browsable, channels, channelTitle, dms } from './unread'

/** Something that the quick switcher leads to. */
export interface Place {
  key: string
  icon: string
  label: string
  hint?: string | undefined
  href?: string
  run?: () => void
}

function places(): Place[] {
  return [
    ...pages().map(({ href, icon, label }) => ({ key: href, icon, label: t(label), href })),
    ...(isAdmin()
      ? [{ key: '/computers/new', icon: 'i-lucide-monitor-up', label: t('enroll.add'), href: '/computers/new' }]
      : []),
  ]
}

function themes(): Place[] {
  const theme = (theme: Theme, icon: string, label: string): Place => ({
    key: `theme-${theme}`,
    icon,
    label: `${t('settings.theme')}: ${label}`,
    run: () => chooseTheme(theme),
  })
  return [
    theme('light', 'i-lucide-sun', t('theme.light')),
    theme('dark', 'i-lucide-moon', t('theme.dark')),
    theme('system', 'i-lucide-sun-moon', t('theme.system')),
  ]
}

function all(): Place[] {
  const conversations = [...channels(), ...dms(), ...browsable()].map((channel) => ({
    key: channel.target,
    icon: channel.kind === 'dm' ? 'i-lucide-message-circle' : 'i-lucide-hash',
    label: channelTitle(channel),
    href: conversationPath(channel.target),
    hint: channel.joined ? undefined : t('channel.notJoined'),
  }))
  const agents = Object.values(state.agents).map((agent) => ({
    key: agent.id,
    icon: 'i-lucide-bot',
    label: agent.displayName,
    hint: `@${agent.name}`,
    href: agentPath(agent.id),
  }))
  const computers = Object.values(state.computers).map((computer) => ({
    key: computer.id,
    icon: 'i-lucide-monitor',
    label: computer.displayName,
    href: computerPath(computer.id),
  }))
  return [...conversations, ...agents, ...computers, ...places(), ...themes()]
}

/** How well `text` fits what was typed: 0 not at all; the start of the name fits best, letters spread over it least. */
export function fit(text: string, typed: string): number {
  const hay = text.toLowerCase()
  const needle = typed.trim().replace(/^[#@]/, '').toLowerCase()
  if (!needle) return 1
  if (hay.startsWith(needle)) return 4
  if (hay.split(/[\s._-]+/).some((word) => word.startsWith(needle))) return 3
  if (hay.includes(needle)) return 2
  let from = 0
  for (const letter of needle) {
    from = hay.indexOf(letter, from) + 1
    if (from === 0) return 0
  }
  return 1
}

/** Places that fit `typed`, best first. */
export function findPlaces(typed: string, limit = 12): Place[] {
  return all()
    .map((place) => ({ place, score: Math.max(fit(place.label, typed), place.hint ? fit(place.hint, typed) : 0) }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score)
    .slice(0, limit)
    .map(({ place }) => place)
}
