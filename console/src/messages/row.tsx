import { createMemo, Show } from 'solid-js'
import { t } from '../i18n'
import { dayLabel, dayOf } from '../i18n/dates'
import { state } from '../store/state'
import { MessageItem } from './item'
import { PendingItem } from './pending'

interface RowProps {
  id: string
  previous: string | undefined
  marked: boolean
  firstUnread: boolean
  onThread?: ((id: string) => void) | undefined
}

/** Messages of one sender within this time stand together under one name. */
const together = 5 * 60_000

/** One row of the list: a message or one on its way, with the day and the mark of what is new above it. */
export function Row(props: RowProps) {
  const message = () => state.messages[props.id]
  const previous = () => (props.previous ? state.messages[props.previous] : undefined)
  const pending = () => state.outbox.find((item) => `pending:${item.requestId}` === props.id)
  const newDay = createMemo(() => {
    const now = message()
    const before = previous()
    if (!before && now?.threadId) return false
    return now !== undefined && (!before || dayOf(before.createdAt) !== dayOf(now.createdAt))
  })
  const continued = createMemo(() => {
    const now = message()
    const before = previous()
    if (!now || !before || newDay() || props.firstUnread || before.system || before.sender.kind === 'system')
      return false
    if (before.runId || now.runId || now.kind !== 'note' || (state.byMessage[before.id]?.length ?? 0) > 0) return false
    return before.sender.id === now.sender.id && now.createdAt - before.createdAt < together
  })
  return (
    <>
      <Show when={newDay() && message()}>{(message) => <Divider label={dayLabel(message().createdAt)} />}</Show>
      <Show when={props.firstUnread}>
        <Divider label={t('message.new')} strong />
      </Show>
      <Show
        when={message()}
        fallback={<Show when={pending()}>{(pending) => <PendingItem pending={pending()} />}</Show>}
      >
        {(message) => (
          <MessageItem message={message()} continued={continued()} marked={props.marked} onThread={props.onThread} />
        )}
      </Show>
    </>
  )
}

const Divider = (props: { label: string; strong?: boolean }) => (
  <div class="row gap-3 px-4 sm:px-5 pt-3 pb-1" role="separator" aria-label={props.label}>
    <span class={props.strong ? 'flex-1 h-px bg-bad/50' : 'flex-1 h-px bg-line'} />
    <span class={props.strong ? 'text-[12px] font-600 text-bad' : 'text-[12px] font-550 text-faint'}>
      {props.label}
    </span>
    <span class={props.strong ? 'flex-1 h-px bg-bad/50' : 'flex-1 h-px bg-line'} />
  </div>
)
