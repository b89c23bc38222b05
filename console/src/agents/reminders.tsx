import { A } from '@solidjs/router'
import { createSignal, For, Show } from 'solid-js'
import type { Agent, Reminder } from '@shared/contract'
import '../i18n/en/agentpage'
import { call } from '../api/client'
import { act } from '../app/act'
import { createLoad } from '../app/load'
import { conversationPath } from '../app/paths'
import { t } from '../i18n'
import { relative } from '../i18n/dates'
import { createCollection } from '../store/collection'
import { Badge, type Tone } from '../ui/badge'
import { Button } from '../ui/button'
import { Empty } from '../ui/empty'
import { Icon } from '../ui/icon'
import { ErrorNotice } from '../ui/notice'
import { SkeletonRows } from '../ui/skeleton'

const known = createCollection<Reminder>({
  ofEvent: (event) => (event.kind === 'reminder' ? event.payload : undefined),
  idOf: (reminder) => reminder.id,
  age: (reminder) => reminder.version,
})

const tones: Record<Reminder['status'], Tone> = {
  active: 'ok',
  paused: 'warn',
  done: 'plain',
  canceled: 'plain',
  failed: 'bad',
}

/** What will wake an agent, and when. */
export default function AgentReminders(props: { agent: Agent }) {
  const [cursor, setCursor] = createSignal<string>()
  const fetchPage = async (memberId: string, from?: string) => {
    const query = { memberId, limit: 50, ...(from ? { cursor: from } : {}) }
    const page = await call('GET /api/reminders', { query })
    known.put(...page.items)
    setCursor(page.nextCursor)
    return true
  }
  const first = createLoad(
    () => ({ id: props.agent.id, era: known.era() }),
    ({ id }) => fetchPage(id),
  )
  const reminders = () =>
    Object.values(known.items)
      .filter((reminder) => reminder.for?.id === props.agent.id && reminder.status !== 'canceled')
      .sort((a, b) => (a.nextRunAt ?? Infinity) - (b.nextRunAt ?? Infinity) || b.updatedAt - a.updatedAt)
  return (
    <Show when={first.value() || first.error()} fallback={<SkeletonRows count={3} avatar={false} />}>
      <ErrorNotice error={first.error()} />
      <Show
        when={reminders().length > 0}
        fallback={
          <Empty icon="i-lucide-alarm-clock" title={t('agentReminders.none')} text={t('agentReminders.noneText')} />
        }
      >
        <ul class="col rounded-xl border border-line bg-surface divide-y divide-line overflow-hidden">
          <For each={reminders()}>{(reminder) => <Line reminder={reminder} />}</For>
        </ul>
      </Show>
      <Show when={cursor()}>
        {(cursor) => (
          <Button class="self-center" onClick={() => void act(() => fetchPage(props.agent.id, cursor()))}>
            {t('common.more')}
          </Button>
        )}
      </Show>
    </Show>
  )
}

const Line = (props: { reminder: Reminder }) => (
  <li class="row gap-3 px-4 py-3">
    <Icon name={props.reminder.recurring ? 'i-lucide-repeat' : 'i-lucide-alarm-clock'} class="text-soft" />
    <span class="col flex-1 min-w-0">
      <span class="font-550 text-[13.5px] truncate">{props.reminder.title}</span>
      <span class="text-[12.5px] text-soft truncate">
        <A
          href={conversationPath(props.reminder.target, { thread: props.reminder.threadId })}
          class="hover:underline rounded"
        >
          {props.reminder.target.startsWith('dm:') ? t('run.inDm') : props.reminder.target}
        </A>{' '}
        · {props.reminder.schedule}
      </span>
    </span>
    <Show when={props.reminder.nextRunAt}>
      {(at) => (
        <span class="text-[12.5px] text-faint tabular-nums">{t('agentReminders.next', { when: relative(at()) })}</span>
      )}
    </Show>
    <Badge tone={tones[props.reminder.status]}>{t(`agentReminders.${props.reminder.status}`)}</Badge>
  </li>
)
