import { A } from '@solidjs/router'
import { createSignal, For, Show } from 'solid-js'
import type { Reminder, ReminderEvent } from '@shared/contract'
import { call } from '../api/client'
import { createLoad } from '../app/load'
import { conversationPath } from '../app/paths'
import { t } from '../i18n'
import '../i18n/en/reminders'
import { shortDate } from '../i18n/dates'
import { Button } from '../ui/button'
import { Dialog } from '../ui/dialog'
import { ErrorNotice } from '../ui/notice'
import { SkeletonRows } from '../ui/skeleton'

/** What happened to a reminder. */
export function ReminderLog(props: { reminder: Reminder; onClose: () => void }) {
  const [items, setItems] = createSignal<ReminderEvent[]>([])
  const [next, setNext] = createSignal<string>()
  const ask = async (cursor?: string) => {
    const { id } = props.reminder
    const page = await call('GET /api/reminders/{id}/log', {
      params: { id },
      query: { limit: 50, ...(cursor ? { cursor } : {}) },
    })
    setItems((before) => (cursor ? [...before, ...page.items] : page.items))
    setNext(page.nextCursor)
    return true
  }
  const first = createLoad(
    () => props.reminder.version,
    () => ask(),
  )
  return (
    <Dialog open onClose={props.onClose} title={t('reminder.logOf', { title: props.reminder.title })} wide>
      <ErrorNotice error={first.error()} />
      <Show when={first.value() || first.error()} fallback={<SkeletonRows count={3} avatar={false} />}>
        <ul class="col divide-y divide-line">
          <For each={items()}>
            {(entry) => (
              <li class="row flex-wrap gap-x-3 gap-y-0.5 py-2 text-[13.5px]">
                <span class="font-600">{t(`reminder.event.${entry.type}`)}</span>
                <span class="text-soft flex-1">{entry.detail || entry.actor.displayName}</span>
                <Show when={entry.messageId}>
                  {(message) => (
                    <A
                      class="text-accent-text hover:underline rounded"
                      href={conversationPath(props.reminder.target, {
                        thread: props.reminder.threadId,
                        message: message(),
                      })}
                    >
                      {t('reminder.message')}
                    </A>
                  )}
                </Show>
                <time class="text-soft tabular-nums">{shortDate(entry.at)}</time>
              </li>
            )}
          </For>
        </ul>
        <Show when={next()}>
          {(cursor) => (
            <Button size="sm" onClick={() => void ask(cursor())}>
              {t('common.more')}
            </Button>
          )}
        </Show>
      </Show>
    </Dialog>
  )
}
