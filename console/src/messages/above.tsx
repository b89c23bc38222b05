import { createEffect, createSignal, on, onCleanup, Show } from 'solid-js'
import { t } from '../i18n'
import { clock, dayLabel, dayOf, shortDate } from '../i18n/dates'
import { state } from '../store/state'
import { IconButton } from '../ui/button'
import { cx } from '../ui/cx'
import { Icon } from '../ui/icon'
import type { Unread } from './unread'

/** What is new above what is on screen: a press leads to the first of it. */
export function UnreadBar(props: { unread: Unread; above: boolean; onJump: () => void }) {
  const label = () => {
    const n = props.unread.count()
    const at = state.messages[props.unread.first() ?? '']?.createdAt
    if (at === undefined) return t('message.newCount', { n })
    return t('message.newSince', { n, when: dayOf(at) === dayOf(Date.now()) ? clock(at) : shortDate(at) })
  }
  return (
    <Show when={props.unread.count() > 0 && props.above}>
      <div class="absolute z-10 top-2 inset-x-3 row justify-center pointer-events-none">
        <div class="row rounded-full bg-accent text-accent-ink shadow-[var(--float)] pointer-events-auto overflow-hidden">
          <button
            type="button"
            class="row gap-2 h-8 pl-3.5 pr-2 text-[13px] font-550 hover:brightness-112 -outline-offset-2"
            onClick={() => props.onJump()}
          >
            <Icon name="i-lucide-arrow-up" />
            {label()}
          </button>
          <IconButton
            icon="i-lucide-x"
            label={t('message.markRead')}
            class="text-accent-ink! hover:bg-transparent! rounded-full!"
            onClick={() => props.unread.clear()}
          />
        </div>
      </div>
    </Show>
  )
}

/** How long the day stays after the reader has stopped scrolling, in milliseconds. */
const stays = 1500

/** The day of what is at the top, while the reader scrolls. */
export function FloatingDay(props: { id: string | undefined }) {
  const [shown, setShown] = createSignal(false)
  const message = () => state.messages[props.id ?? '']
  const opened = performance.now()
  let timer: ReturnType<typeof setTimeout> | undefined
  createEffect(
    on(
      () => props.id,
      (id, before) => {
        // What moves while the conversation is opened was not scrolled by anybody.
        if (!id || !before || performance.now() - opened < stays) return
        clearTimeout(timer)
        setShown(true)
        timer = setTimeout(() => setShown(false), stays)
      },
    ),
  )
  onCleanup(() => clearTimeout(timer))
  return (
    <Show when={message()}>
      {(message) => (
        <div
          aria-hidden="true"
          class={cx(
            'absolute top-2 inset-x-0 row justify-center pointer-events-none transition-opacity duration-[var(--slow)]',
            !shown() && 'opacity-0',
          )}
        >
          <span class="rounded-full border border-line bg-raised px-3 py-0.5 text-[12px] font-550 text-soft shadow-[var(--lift)]">
            {dayLabel(message().createdAt)}
          </span>
        </div>
      )}
    </Show>
  )
}
