import { Show } from 'solid-js'
import { A } from '@solidjs/router'
import { channelTitle } from '../app/unread'
import { t } from '../i18n'
import '../i18n/en/inbox'
import { relative } from '../i18n/dates'
import { state } from '../store/state'
import { Count } from '../ui/badge'
import { cx } from '../ui/cx'
import { Icon } from '../ui/icon'
import { firstWords, type Entry, type EntryKind } from './entries'
import { inbox } from './store'

export const kindIcons: Record<EntryKind, string> = {
  thread: 'i-lucide-messages-square',
  mention: 'i-lucide-at-sign',
  approval: 'i-lucide-shield-question',
  task: 'i-lucide-square-check-big',
  tunnel: 'i-lucide-cable',
}

/** Where it is: `#general`, or whom a direct conversation is with. */
export function whereText(target: string): string {
  const channel = state.channels[target]
  if (!channel) return target
  return channel.kind === 'dm' ? channelTitle(channel) : `#${channelTitle(channel)}`
}

/** What an entry says in a list: who or what, and the first words. */
export function entryTexts(entry: Entry): { title: string; text: string } {
  const message = entry.messageId ? inbox.messages[entry.messageId] : undefined
  const words = message ? (message.deletedAt ? t('message.deleted') : firstWords(message.content)) : ''
  const from = message?.sender.displayName ?? ''
  switch (entry.kind) {
    case 'approval': {
      const approval = state.approvals[entry.id]
      const agent = approval ? (state.agents[approval.agentId]?.displayName ?? t('agent.gone')) : ''
      return { title: agent, text: approval ? `${t(`approval.${approval.kind}`)} ${approval.title}` : '' }
    }
    case 'tunnel': {
      const tunnel = inbox.tunnels[entry.id]
      return { title: tunnel?.creator.displayName ?? '', text: t('inbox.tunnel', { what: tunnelName(entry.id) }) }
    }
    case 'task': {
      const task = entry.taskId ? inbox.tasks[entry.taskId] : undefined
      const title = task ? `#${task.number} ${task.summary}` : t('inbox.kind.task')
      const reason = t(`inbox.reason.${entry.reason ?? 'assigned'}`)
      return { title, text: entry.reason === 'comment' && words ? `${from}: ${words}` : reason }
    }
    case 'thread': {
      const root = entry.threadId ? inbox.messages[entry.threadId] : undefined
      const title = root && firstWords(root.content)
      return { title: title || t('thread.title'), text: from ? `${from}: ${words}` : words }
    }
    case 'mention':
      return { title: from, text: words }
  }
}

export function tunnelName(id: string): string {
  const tunnel = inbox.tunnels[id]
  return tunnel ? tunnel.label || `:${tunnel.localPort}` : ''
}

/** One line of the list. */
export function EntryRow(props: { entry: Entry; selected: boolean }) {
  const texts = () => entryTexts(props.entry)
  const isUnread = () => props.entry.state === 'unread'
  return (
    <A
      href={`/inbox/${props.entry.id}`}
      data-entry={props.entry.id}
      class={cx(
        'relative row items-start gap-3 pl-6 pr-4 py-[var(--entry)] border-b border-line -outline-offset-2',
        props.selected ? 'bg-accent-soft' : 'hover:bg-hover',
      )}
    >
      <Show when={isUnread()}>
        <span class="absolute left-2 top-4.5 size-2 rounded-full bg-accent" aria-hidden="true" />
        <span class="sr-only">{t('inbox.unread')}</span>
      </Show>
      <Icon name={kindIcons[props.entry.kind]} class="text-[17px] mt-0.5 text-soft" />
      <span class="flex-1 min-w-0 col gap-0.5">
        <span class="row gap-2">
          <span class={cx('flex-1 min-w-0 truncate text-[13.5px]', isUnread() ? 'font-650' : 'font-500 text-soft')}>
            {texts().title}
          </span>
          <time class="text-[12px] text-soft shrink-0 tabular-nums">{relative(props.entry.at)}</time>
        </span>
        <span class="row gap-2">
          <span class="flex-1 min-w-0 truncate text-[13px] text-soft">{texts().text}</span>
          <Show when={props.entry.unreadCount > 1}>
            <Count value={props.entry.unreadCount} label={t('nav.unread', { n: props.entry.unreadCount })} />
          </Show>
        </span>
        <span class="truncate text-[12px] text-soft">{whereText(props.entry.target)}</span>
      </span>
    </A>
  )
}
