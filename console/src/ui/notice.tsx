import { Show, type JSX, type ParentProps } from 'solid-js'
import { errorNext, errorText } from '../i18n/errors'
import { cx } from './cx'
import { Icon } from './icon'

const tones = {
  info: { look: 'bg-info-soft text-info', icon: 'i-lucide-info' },
  warn: { look: 'bg-warn-soft text-warn', icon: 'i-lucide-triangle-alert' },
  bad: { look: 'bg-bad-soft text-bad', icon: 'i-lucide-circle-alert' },
  ok: { look: 'bg-ok-soft text-ok', icon: 'i-lucide-circle-check' },
}

/** A box that says something about what is around it. */
export const Notice = (props: ParentProps<{ tone: keyof typeof tones; title?: JSX.Element; class?: string }>) => (
  <div
    role={props.tone === 'bad' ? 'alert' : 'note'}
    class={cx(
      'row items-start gap-2.5 rounded-lg px-3 py-2.5 text-[13.5px] leading-snug',
      tones[props.tone].look,
      props.class,
    )}
  >
    <Icon name={tones[props.tone].icon} class="text-[16px] mt-0.25" />
    <div class="min-w-0 flex-1 col gap-1">
      <Show when={props.title}>
        <p class="font-600">{props.title}</p>
      </Show>
      <div class="text-ink">{props.children}</div>
    </div>
  </div>
)

/** What went wrong with a request, and what to do. Nothing while nothing did. */
export const ErrorNotice = (props: { error: unknown }) => (
  <Show when={props.error}>
    {(error) => (
      <Notice tone="bad" title={errorText(error())}>
        {errorNext(error())}
      </Notice>
    )}
  </Show>
)
