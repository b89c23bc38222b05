import { Show } from 'solid-js'
import { t } from '../i18n'
import { state } from '../store/state'
import { whoWrites } from './people'

/** Who is writing in a conversation, above the field. */
export function TypingLine(props: { target: string; threadId: string | null }) {
  const names = () => whoWrites(props.target, props.threadId).flatMap((id) => state.users[id]?.displayName ?? [])
  const text = () => {
    const [first = '', second = ''] = names()
    if (names().length === 1) return t('typing.one', { name: first })
    if (names().length === 2) return t('typing.two', { first, second })
    return t('typing.many', { n: names().length })
  }
  return (
    <div class="relative h-0 shrink-0" aria-live="polite">
      <Show when={names().length > 0}>
        <p class="absolute bottom-0 left-3 sm:left-5 z-10 row gap-2 max-w-[85%] rounded-full bg-canvas/90 px-2 text-[12px] text-soft">
          <span class="row gap-0.5" aria-hidden="true">
            <span class="size-1 rounded-full bg-soft pulse" />
            <span class="size-1 rounded-full bg-soft pulse [animation-delay:0.2s]" />
            <span class="size-1 rounded-full bg-soft pulse [animation-delay:0.4s]" />
          </span>
          <span class="truncate">{text()}</span>
        </p>
      </Show>
    </div>
  )
}
