import { Show } from 'solid-js'
import { cx } from './cx'
import { Icon } from './icon'

const sizes = {
  xs: 'size-5 text-[10px] rounded-md',
  sm: 'size-6 text-[11px] rounded-md',
  md: 'size-9 text-sm rounded-xl',
  lg: 'size-14 text-xl rounded-2xl',
}
const hues = [285, 245, 155, 60, 0, 315, 200, 30]

/** Always the same hue (of OKLCH) for the same name. */
export function hueOf(name: string): number {
  let sum = 0
  for (const letter of name) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) >>> 0
  return hues[sum % hues.length] ?? 285
}

const initials = (name: string) => {
  const words = name
    .trim()
    .split(/[\s._-]+/)
    .filter(Boolean)
  const letters = words.length > 1 ? [words[0], words[1]] : [words[0]]
  return letters
    .map((word) => [...(word ?? '?')][0] ?? '')
    .join('')
    .toUpperCase()
}

/** Who someone is at a glance: people by their initials, agents by a robot, both in a colour of their own. */
export const Avatar = (props: {
  name: string
  kind: 'human' | 'agent' | 'system'
  size?: keyof typeof sizes
  class?: string
}) => (
  <span
    aria-hidden="true"
    class={cx(
      'inline-flex shrink-0 items-center justify-center font-650 select-none',
      sizes[props.size ?? 'md'],
      props.class,
    )}
    style={{
      // Every hue is equally light in OKLCH, and dark enough for white letters.
      background: props.kind === 'system' ? 'var(--hover)' : `oklch(52% 0.12 ${hueOf(props.name)})`,
      color: props.kind === 'system' ? 'var(--soft)' : '#fff',
    }}
  >
    <Show
      when={props.kind === 'human'}
      fallback={<Icon name={props.kind === 'agent' ? 'i-lucide-bot' : 'i-lucide-info'} class="text-[1.25em]" />}
    >
      {initials(props.name)}
    </Show>
  </span>
)
