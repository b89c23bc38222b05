import { A } from '@solidjs/router'
import { Show } from 'solid-js'
import type { Reminder } from '@shared/contract'
import { call } from '../api/client'
import { act } from '../app/act'
import { conversationPath } from '../app/paths'
import { channelTitle } from '../app/unread'
import { t, type PlainKey } from '../i18n'
import '../i18n/en/reminders'
import { relative, shortDate } from '../i18n/dates'
import { canWrite, isAdmin } from '../store/session'
import { state } from '../store/state'
import { Badge } from '../ui/badge'
import { confirm } from '../ui/confirm'
import { Icon } from '../ui/icon'
import { Menu, type MenuItem } from '../ui/menu'
import { spanOf } from './when'
import { reminders } from './store'

const put = async (work: Promise<Reminder>) => reminders.put(await work)

const snoozes: { seconds: number; label: PlainKey }[] = [
  { seconds: 600, label: 'reminder.snooze.tenMinutes' },
  { seconds: 3600, label: 'reminder.snooze.hour' },
  { seconds: 86_400, label: 'reminder.snooze.day' },
]

async function cancel({ id, title }: Reminder): Promise<void> {
  const question = { title: t('reminder.cancelTitle'), body: title, action: t('reminder.cancel'), danger: true }
  if (!(await confirm(question))) return
  await act(() => put(call('POST /api/reminders/{id}/cancel', { params: { id }, body: {} })), t('reminder.canceled'))
}

function menuOf(reminder: Reminder, on: RowProps): MenuItem[] {
  const { id, status } = reminder
  const log: MenuItem = { label: t('reminder.log'), icon: 'i-lucide-history', onSelect: () => on.onLog(reminder) }
  const mine = canWrite() && (isAdmin() || reminder.createdBy.id === state.me?.id || reminder.for?.id === state.me?.id)
  if (!mine || status === 'canceled') return [log]
  const snooze = snoozes.map(({ seconds, label }): MenuItem => ({
    label: t(label),
    icon: 'i-lucide-alarm-clock-plus',
    onSelect: () =>
      void act(() => put(call('POST /api/reminders/{id}/snooze', { params: { id }, body: { delaySeconds: seconds } }))),
  }))
  if (status === 'done' || status === 'failed') return [...(status === 'done' ? snooze : []), log]
  const pause = (paused: boolean) =>
    void act(() => put(call('PATCH /api/reminders/{id}', { params: { id }, body: { paused } })))
  return [
    { label: t('reminder.edit'), icon: 'i-lucide-pencil', onSelect: () => on.onEdit(reminder) },
    ...(status === 'active' ? snooze : []),
    status === 'paused'
      ? { label: t('reminder.resume'), icon: 'i-lucide-play', onSelect: () => pause(false) }
      : { label: t('reminder.pause'), icon: 'i-lucide-pause', onSelect: () => pause(true) },
    log,
    { label: t('reminder.cancel'), icon: 'i-lucide-x', danger: true, onSelect: () => void cancel(reminder) },
  ]
}

interface RowProps {
  reminder: Reminder
  onEdit: (reminder: Reminder) => void
  onLog: (reminder: Reminder) => void
}

/** How it was set: “every day at 9”, “every 2 hours”, a cron line. */
function said({ recurring, scheduleKind, schedule, rule }: Reminder): string {
  if (!recurring) return t('reminder.mode.at')
  if (scheduleKind !== 'every') return schedule
  const { count, unit } = spanOf(Number(rule))
  return `${t('reminder.every')} ${count} ${t(`reminder.unit.${unit}`)}`
}

/** One reminder with what can be done about it. */
export function ReminderRow(props: RowProps) {
  const one = () => props.reminder
  const where = () => {
    const channel = state.channels[one().target]
    return channel?.kind === 'dm' ? channelTitle(channel) : one().target
  }
  return (
    <li class="row items-start gap-3 px-4 py-3">
      <Icon
        name={one().recurring ? 'i-lucide-repeat' : 'i-lucide-alarm-clock'}
        class="text-[17px] text-soft mt-0.5 shrink-0"
      />
      <div class="flex-1 min-w-0 col gap-0.5">
        <p class="row flex-wrap gap-2">
          <span class="font-600 break-words min-w-0">{one().title}</span>
          <Show when={one().status === 'paused' || one().status === 'failed'}>
            <Badge tone={one().status === 'failed' ? 'bad' : 'warn'}>
              {one().status === 'failed' ? t('reminder.status.failed') : t('reminder.status.paused')}
            </Badge>
          </Show>
        </p>
        <p class="row flex-wrap gap-x-2 gap-y-0.5 text-[13px] text-soft">
          <Show when={one().nextRunAt} fallback={<span>{shortDate(one().lastRunAt ?? one().updatedAt)}</span>}>
            {(at) => (
              <time title={shortDate(at())} class="text-ink font-550">
                {relative(at())} · {shortDate(at())}
              </time>
            )}
          </Show>
          <span class="break-all">{said(one())}</span>
          <A href={conversationPath(one().target, { thread: one().threadId })} class="hover:underline rounded">
            {where()}
          </A>
          <Show when={one().for}>
            {(whom) => <span>{whom().id === state.me?.id ? t('reminder.me') : whom().displayName}</span>}
          </Show>
        </p>
        <Show when={one().lastError}>
          <p class="text-[13px] text-bad break-words">{one().lastError}</p>
        </Show>
      </div>
      <Menu label={t('reminder.actions', { title: one().title })} items={menuOf(one(), props)} />
    </li>
  )
}
