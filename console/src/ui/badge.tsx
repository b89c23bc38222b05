import { Show, type ParentProps } from 'solid-js'
import { cx } from './cx'
import { Icon } from './icon'

export type Tone = 'plain' | 'ok' | 'warn' | 'bad' | 'info' | 'bot' | 'accent'

const tones: Record<Tone, string> = {
  plain: 'bg-hover text-soft',
  ok: 'bg-ok-soft text-ok',
  warn: 'bg-warn-soft text-warn',
  bad: 'bg-bad-soft text-bad',
  info: 'bg-info-soft text-info',
  bot: 'bg-bot-soft text-bot',
  accent: 'bg-accent-soft text-accent-text',
}

/** A word about a thing's state or kind. */
export const Badge = (props: ParentProps<{ tone?: Tone | undefined; icon?: string | undefined; class?: string }>) => (
  <span
    class={cx(
      'inline-flex items-center gap-1 rounded-md px-1.5 h-5 text-[11.5px] font-550 whitespace-nowrap',
      tones[props.tone ?? 'plain'],
      props.class,
    )}
  >
    <Show when={props.icon}>{(icon) => <Icon name={icon()} />}</Show>
    {props.children}
  </span>
)

/** How many are unread; red when the reader was mentioned. Nothing for none. */
export const Count = (props: { value: number; strong?: boolean; label: string }) => (
  <Show when={props.value > 0}>
    <span
      title={props.label}
      class={cx(
        'inline-flex items-center justify-center min-w-5 h-4.5 px-1.25 rounded-full text-[11px] font-650 tabular-nums',
        props.strong ? 'bg-accent text-accent-ink' : 'bg-hover text-soft',
      )}
    >
      <span aria-hidden="true">{props.value > 99 ? '99+' : props.value}</span>
      <span class="sr-only">{props.label}</span>
    </span>
  </Show>
)
