import { call } from '../api/client'
import { chooseLocale, locale, locales, t, type Locale } from '../i18n'
import '../i18n/en/palette'
import '../i18n/en/reminders'
import { canWrite, isAdmin } from '../store/session'
import { put } from '../store/apply'
import { change, state } from '../store/state'
import { panelNames, type PanelName } from '../channels/panels'
import { openCreateTask } from '../tasks/open'
import { chooseDensity, storedDensity, type Density } from '../theme/density'
import { chooseTheme, storedTheme, type Theme } from '../theme/theme'
import { toast } from '../ui/toast'
import { actOnRun } from '../runs/actions'
import { isOver } from '../store/runs'
import { act } from './act'
import type { Command } from './commands'
import { logOut } from './logout'
import { pages } from './pages'
import { agentPath, computerPath, conversationPath, runPath } from './paths'
import { openShortcuts } from './shortcuts'
import { browsable, channels, channelTitle, dms } from './unread'
import { openWindow } from './windows'

/** What a command needs to lead somewhere. */
export interface Reader {
  /** The address of the screen. */
  pathname: string
  go: (href: string) => void
}

/** Every page of the table in `pages`. */
const pageCommands = (): Command[] =>
  pages().map(({ href, icon, label, letter }) => ({
    id: `page.${href}`,
    group: 'page',
    icon,
    label: t(label),
    hint: href.startsWith('/settings') ? t('settings.title') : undefined,
    keys: letter && `g ${letter}`,
    href,
  }))

const creating = ({ go }: Reader): Command[] => {
  const make = (id: string, icon: string, label: string, run: () => void): Command => ({
    id: `create.${id}`,
    group: 'create',
    icon,
    label,
    run,
  })
  return [
    ...(canWrite()
      ? [
          make('task', 'i-lucide-square-kanban', t('nav.newTask'), () => openCreateTask()),
          make('mine', 'i-lucide-list-checks', t('nav.myTasks'), () => go('/tasks?assignee=me')),
          make('channel', 'i-lucide-hash', t('channel.create'), () => openWindow('createChannel')),
          make('reminder', 'i-lucide-alarm-clock', t('reminder.create'), () => go('/reminders?new=1')),
          make('dm', 'i-lucide-message-circle-plus', t('nav.newDm'), () => openWindow('newDm')),
        ]
      : []),
    ...(isAdmin()
      ? [
          make('agent', 'i-lucide-bot', t('agent.create'), () => openWindow('createAgent')),
          make('computer', 'i-lucide-monitor-up', t('enroll.add'), () => go('/computers/new')),
        ]
      : []),
    make('browse', 'i-lucide-list', t('channel.browse'), () => openWindow('browseChannels')),
  ]
}

const themes: [theme: Theme, icon: string][] = [
  ['light', 'i-lucide-sun'],
  ['dark', 'i-lucide-moon'],
  ['system', 'i-lucide-sun-moon'],
]

const densities: Density[] = ['comfortable', 'compact']

const isLocale = (name: string): name is Locale => Object.hasOwn(locales, name)

const preferences = (): Command[] => {
  const set = (id: string, icon: string, label: string, more: Partial<Command>): Command => ({
    id: `set.${id}`,
    group: 'preference',
    icon,
    label,
    ...more,
  })
  const shown = document.documentElement.dataset['theme']
  return [
    set('theme.toggle', 'i-lucide-contrast', t('palette.toggleTheme'), {
      run: () => chooseTheme(shown === 'dark' ? 'light' : 'dark'),
    }),
    set('theme', 'i-lucide-palette', t('settings.theme'), {
      steps: () =>
        themes.map(([theme, icon]) =>
          set(`theme.${theme}`, icon, t(`theme.${theme}`), {
            hint: storedTheme() === theme ? t('palette.current') : undefined,
            run: () => chooseTheme(theme),
          }),
        ),
    }),
    set('density', 'i-lucide-rows-3', t('settings.density'), {
      steps: () =>
        densities.map((density) =>
          set(
            `density.${density}`,
            density === 'compact' ? 'i-lucide-rows-4' : 'i-lucide-rows-2',
            t(`settings.${density}`),
            {
              hint: storedDensity() === density ? t('palette.current') : undefined,
              run: () => chooseDensity(density),
            },
          ),
        ),
    }),
    set('language', 'i-lucide-languages', t('settings.language'), {
      words: 'language 语言',
      steps: () =>
        Object.entries(locales).map(([name, label]) =>
          set(`language.${name}`, 'i-lucide-languages', label, {
            hint: locale() === name ? t('palette.current') : undefined,
            run: () => void (isLocale(name) && chooseLocale(name)),
          }),
        ),
    }),
    set('read', 'i-lucide-check-check', t('palette.readAll'), { run: () => void readEverything() }),
    set('keys', 'i-lucide-keyboard', t('shortcuts.title'), { keys: '?', run: openShortcuts }),
    set('logout', 'i-lucide-log-out', t('user.logout'), { run: () => void logOut() }),
  ]
}

/** Marks every conversation and everything in the inbox as read. */
async function readEverything(): Promise<void> {
  const unread = [...channels(), ...dms()].filter(({ unreadCount, mentionCount }) => unreadCount + mentionCount > 0)
  await act(async () => {
    for (const { target } of unread) {
      const { items } = await call('GET /api/messages', { query: { target, limit: 1 } })
      const messageId = items.at(-1)?.id
      if (!messageId) continue
      const channel = await call('POST /api/channels/{target}/read', { params: { target }, body: { messageId } })
      change((draft) => put(draft.channels, target, channel))
    }
    await call('POST /api/inbox/mark-all', { body: { state: 'read' } })
    toast('ok', t('palette.readAllDone'))
  })
}

const copyLink = async (path: string): Promise<void> => {
  try {
    await navigator.clipboard.writeText(location.origin + path)
    toast('ok', t('message.linkCopied'))
  } catch {
    // Without https, or forbidden.
    toast('bad', t('common.copyFailed'))
  }
}

const control = (id: string, action: 'restart' | 'terminate') =>
  void act(() => call('POST /api/agents/{id}/control', { params: { id }, body: { action } }), t('agent.controlSent'))

/** What can be done with one agent. */
function agentSteps(id: string, { go }: Reader, group: Command['group'] = 'agent'): Command[] {
  const agent = state.agents[id]
  if (!agent) return []
  const step = (name: string, icon: string, label: string, run: () => void): Command => ({
    id: `agent.${id}.${name}`,
    group,
    icon,
    label,
    hint: agent.displayName,
    run,
  })
  return [
    ...(group === 'here' ? [] : [step('open', 'i-lucide-bot', t('palette.agentPage'), () => go(agentPath(id)))]),
    ...(canWrite()
      ? [
          step('message', 'i-lucide-message-circle', t('palette.agentMessage'), () => {
            void import('../channels/dm').then(({ openDm }) => openDm('agent', id, go))
          }),
          step('restart', 'i-lucide-rotate-cw', t('agent.restart'), () => control(id, 'restart')),
          step('stop', 'i-lucide-square', t('palette.agentStop'), () => control(id, 'terminate')),
        ]
      : []),
    step('link', 'i-lucide-link', t('message.copyLink'), () => void copyLink(agentPath(id))),
  ]
}

const panelIcons: Record<PanelName, string> = {
  pins: 'i-lucide-pin',
  decisions: 'i-lucide-gavel',
  topics: 'i-lucide-list-tree',
  debates: 'i-lucide-swords',
}

/** What can be done with what is on screen. */
function here(reader: Reader): Command[] {
  const [, kind, name = ''] = reader.pathname.split('/')
  const act = (id: string, icon: string, label: string, run: () => void): Command => ({
    id: `here.${id}`,
    group: 'here',
    icon,
    label,
    run,
  })
  const link = act('link', 'i-lucide-link', t('message.copyLink'), () => void copyLink(reader.pathname))
  if (kind === 'agents' && name) return agentSteps(name, reader, 'here')
  if (kind === 'runs' && name) {
    const run = state.runs[name]
    if (!run || !canWrite()) return [link]
    return isOver(run)
      ? [
          act(
            'retry',
            'i-lucide-rotate-cw',
            t('run.retry'),
            () => void actOnRun(run, 'retry', ({ id }) => reader.go(runPath(id))),
          ),
          link,
        ]
      : [act('stop', 'i-lucide-square', t('run.interrupt'), () => void actOnRun(run, 'interrupt')), link]
  }
  const channel = Object.values(state.channels).find(({ target }) => conversationPath(target) === reader.pathname)
  if (!channel) return []
  const where = channelTitle(channel)
  return [
    act('search', 'i-lucide-search', t('palette.searchHere', { name: where }), () =>
      reader.go(`/search?q=${encodeURIComponent(`in:${channel.target} `)}`),
    ),
    act('tasks', 'i-lucide-square-kanban', t('nav.tasksHere', { name: where }), () =>
      reader.go(`/tasks?channel=${encodeURIComponent(channel.target)}`),
    ),
    link,
    ...panelNames.map((name) =>
      act(name, panelIcons[name], t(`header.${name}`), () =>
        reader.go(`${conversationPath(channel.target)}?panel=${name}`),
      ),
    ),
    ...(channel.kind === 'channel' && channel.joined && channel.target !== '#general'
      ? [
          act(
            'leave',
            'i-lucide-log-out',
            t('palette.leave', { name: where }),
            () => void leave(channel.target, reader),
          ),
        ]
      : []),
  ]
}

async function leave(target: string, { go }: Reader): Promise<void> {
  const memberId = state.me?.id ?? ''
  const gone = await act(() =>
    call('DELETE /api/channels/{target}/members/{kind}/{memberId}', { params: { target, kind: 'human', memberId } }),
  )
  if (gone) go('/')
}

const entities = (reader: Reader): Command[] => [
  ...[...channels(), ...dms(), ...browsable()].map((channel): Command => ({
    id: channel.id,
    group: 'conversation',
    icon: channel.kind === 'dm' ? 'i-lucide-message-circle' : 'i-lucide-hash',
    label: channelTitle(channel),
    href: conversationPath(channel.target),
    hint: channel.joined ? undefined : t('channel.notJoined'),
    words: channel.topic,
  })),
  ...Object.values(state.agents).map((agent): Command => ({
    id: agent.id,
    group: 'agent',
    icon: 'i-lucide-bot',
    label: agent.displayName,
    hint: `@${agent.name}`,
    href: agentPath(agent.id),
    steps: () => agentSteps(agent.id, reader),
  })),
  ...Object.values(state.users)
    .filter(({ id }) => id !== state.me?.id && canWrite())
    .map((user): Command => ({
      id: user.id,
      group: 'person',
      icon: 'i-lucide-user',
      label: user.displayName,
      hint: `@${user.username}`,
      run: () => void import('../channels/dm').then(({ openDm }) => openDm('human', user.id, reader.go)),
    })),
  ...Object.values(state.computers).map((computer): Command => ({
    id: computer.id,
    group: 'computer',
    icon: 'i-lucide-monitor',
    label: computer.displayName,
    href: computerPath(computer.id),
  })),
]

/** Every place of the console and everything that can be done anywhere. What belongs to one feature it adds itself: see `addCommands`. */
export const builtIn = (reader: Reader): Command[] => [
  ...here(reader),
  ...creating(reader),
  ...pageCommands(),
  ...entities(reader),
  ...preferences(),
]
