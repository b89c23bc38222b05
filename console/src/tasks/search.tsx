import { createEffect, createSignal, on, onCleanup } from 'solid-js'
import { t } from '../i18n'
import '../i18n/en/tasks'
import { Icon } from '../ui/icon'

/** Words; the address follows when typing pauses. */
export function Search(props: { text: string; onText: (text: string) => void }) {
  const [text, setText] = createSignal(props.text)
  let timer: ReturnType<typeof setTimeout> | undefined
  let sent = props.text
  createEffect(
    on(
      () => props.text,
      (now) => now !== sent && setText((sent = now)),
      { defer: true },
    ),
  )
  onCleanup(() => clearTimeout(timer))
  return (
    <label class="row gap-2 h-10 md:h-7 [@media(pointer:coarse)]:h-10! px-2.5 w-44 shrink-0 rounded-lg border border-line bg-surface focus-within:border-accent">
      <Icon name="i-lucide-search" class="text-soft" />
      <input
        type="search"
        data-task-search
        aria-label={t('task.search')}
        placeholder={t('task.search')}
        maxLength={200}
        value={text()}
        onInput={(event) => {
          const value = event.currentTarget.value
          setText(value)
          clearTimeout(timer)
          timer = setTimeout(() => props.onText((sent = value)), 200)
        }}
        class="flex-1 min-w-0 bg-transparent text-[13px] outline-none! [&::-webkit-search-cancel-button]:hidden"
      />
    </label>
  )
}
