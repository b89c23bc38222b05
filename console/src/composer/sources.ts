import { createSignal, type Accessor } from 'solid-js'
import { channels, channelTitle } from '../app/unread'
import type { EmojiFact } from '../emoji/data'
import { t } from '../i18n'
import { state } from '../store/state'
import type { CommandHelp } from './commands/table'
import { candidates, type Someone } from './mentions'
import type { Typed } from './triggers'

/** Something that can stand in the place of what is being typed. */
export interface Choice {
  key: string
  label: string
  detail?: string
  /** Something to mind about it. */
  note?: string | undefined
  /** What is written, without the space behind it. */
  insert: string
  someone?: Someone
  icon?: string
  emoji?: string
  /** The detail is a sentence and stands below. */
  tall?: boolean
}

const most = 8

const fromSomeone = (someone: Someone): Choice => ({
  key: someone.id,
  label: someone.displayName,
  detail: `@${someone.name}`,
  note: someone.inside ? undefined : t('composer.outside'),
  insert: `@${someone.name}`,
  someone,
})

/** `@channel` and `@here` call everybody; a conversation of two needs neither. */
function groups(target: string, query: string): Choice[] {
  if (state.channels[target]?.kind !== 'channel') return []
  return (['channel', 'here'] as const)
    .filter((name) => query !== '' && name.startsWith(query))
    .map((name) => ({
      key: name,
      label: `@${name}`,
      detail: t(`composer.group.${name}`),
      insert: `@${name}`,
      icon: 'i-lucide-megaphone',
    }))
}

function inChannels(query: string): Choice[] {
  const rank = (name: string) => (name.startsWith(query) ? 2 : name.includes(query) ? 1 : 0)
  return channels()
    .map((channel) => ({ channel, score: rank(channelTitle(channel).toLowerCase()) }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score)
    .slice(0, most)
    .map(({ channel }) => ({
      key: channel.target,
      label: channelTitle(channel),
      detail: channel.topic.slice(0, 80),
      insert: channel.target,
      icon: channel.visibility === 'private' ? 'i-lucide-lock' : 'i-lucide-hash',
    }))
}

type Emoji = Pick<typeof import('../emoji/data'), 'findEmoji'> & { all: EmojiFact[] }

/** Where the choices for each sign come from. Emoji and commands are loaded when somebody types the first of them. */
export function createSources(target: Accessor<string>, people: Accessor<Someone[]>, isThread: Accessor<boolean>) {
  const [emoji, setEmoji] = createSignal<Emoji>()
  const [commands, setCommands] = createSignal<readonly CommandHelp[]>()
  // A list that could not be loaded stays closed, and is asked for with the next letter.
  const loadEmoji = () =>
    void import('../emoji/data')
      .then(async ({ findEmoji, loadEmoji }) => setEmoji({ findEmoji, all: await loadEmoji() }))
      .catch(() => undefined)
  const loadCommands = () =>
    void import('./commands/table').then(({ commandHelp }) => setCommands(commandHelp)).catch(() => undefined)

  const smileys = (query: string): Choice[] => {
    const known = emoji()
    if (!known) loadEmoji()
    return (known?.findEmoji(known.all, query) ?? [])
      .slice(0, most)
      .map(({ emoji, name }) => ({ key: emoji, label: name, insert: emoji, emoji }))
  }
  const orders = (query: string): Choice[] => {
    const known = commands()
    const kind = state.channels[target()]?.kind
    if (!known) loadCommands()
    return (known ?? [])
      .filter(
        ({ name, only, inThread }) => name.startsWith(query) && (!inThread || isThread()) && (!only || only === kind),
      )
      .map(({ name, usage, text }) => ({
        key: name,
        label: `/${name} ${usage()}`.trim(),
        detail: text(),
        insert: `/${name}`,
        icon: 'i-lucide-square-slash',
        tall: true,
      }))
  }
  return (typed: Typed): Choice[] => {
    const { sign, query } = typed
    if (sign === '@') return [...candidates(people(), query, most).map(fromSomeone), ...groups(target(), query)]
    if (sign === '#') return inChannels(query)
    return sign === ':' ? smileys(query) : orders(query)
  }
}
