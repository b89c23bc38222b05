import { createSignal, For, Show } from 'solid-js'
import { t } from '../i18n'
import { Button, IconButton } from './button'
import { cx } from './cx'
import { Icon } from './icon'

type Tone = 'ok' | 'bad' | 'info'
interface Toast {
  id: number
  tone: Tone
  text: string
  next?: string | undefined
  action?: ToastAction | undefined
}

/** One thing that can be done about what a toast says, such as taking it back. */
export interface ToastAction {
  label: string
  run: () => void
}

const look: Record<Tone, { icon: string; text: string }> = {
  ok: { icon: 'i-lucide-circle-check', text: 'text-ok' },
  bad: { icon: 'i-lucide-circle-alert', text: 'text-bad' },
  info: { icon: 'i-lucide-info', text: 'text-info' },
}

const [toasts, setToasts] = createSignal<Toast[]>([])
let count = 0

const dismiss = (id: number) => setToasts((list) => list.filter((toast) => toast.id !== id))

/** How long a toast with something to do stays, in milliseconds. */
export const ACTION_MS = 7000

/** Says something in the corner for a few seconds. `next` is what the reader can do about it. Returns what takes it away. */
export function toast(tone: Tone, text: string, next?: string, action?: ToastAction): () => void {
  const id = ++count
  setToasts((list) => [...list.slice(-3), { id, tone, text, next, action }])
  setTimeout(() => dismiss(id), action ? ACTION_MS : tone === 'bad' ? 9000 : 4500)
  return () => dismiss(id)
}

/** Where toasts are shown; once in the page. */
export const ToastHost = () => (
  <div
    aria-live="polite"
    class="fixed z-50 inset-x-3 top-15 sm:left-auto sm:right-4 col gap-2 items-end pointer-events-none"
  >
    <For each={toasts()}>
      {(item) => (
        <div
          role={item.tone === 'bad' ? 'alert' : 'status'}
          class="pointer-events-auto row items-start gap-2.5 w-full sm:w-90 rounded-xl border border-line bg-raised pl-3.5 pr-1.5 py-1.5 shadow-[var(--float)] animate-[rise_200ms]"
        >
          <Icon name={look[item.tone].icon} class={cx('mt-2 text-[17px]', look[item.tone].text)} />
          <div class="flex-1 min-w-0 py-1.5 text-[13.5px] leading-snug">
            <p class="font-500">{item.text}</p>
            <p class="text-soft">{item.next}</p>
          </div>
          <Show when={item.action}>
            {(action) => (
              <Button
                size="sm"
                class="self-center shrink-0"
                onClick={() => {
                  dismiss(item.id)
                  action().run()
                }}
              >
                {action().label}
              </Button>
            )}
          </Show>
          <IconButton icon="i-lucide-x" label={t('common.dismiss')} onClick={() => dismiss(item.id)} />
        </div>
      )}
    </For>
  </div>
)
