import { type ParentProps } from 'solid-js'
import { cx } from './cx'
import { Icon } from './icon'

/** What a place says while there is nothing in it: what belongs here, and the button that makes the first one. */
export const Empty = (props: ParentProps<{ icon: string; title: string; text: string; class?: string }>) => (
  <div class={cx('col items-center text-center gap-1 px-6 py-12 mx-auto max-w-110', props.class)}>
    <span class="size-12 rounded-2xl bg-accent-soft text-accent-text inline-flex items-center justify-center mb-2">
      <Icon name={props.icon} class="text-2xl" />
    </span>
    <p class="font-650 text-[15px]">{props.title}</p>
    <p class="text-soft text-[13.5px] text-balance">{props.text}</p>
    <div class="row flex-wrap justify-center gap-2 mt-3 empty:hidden">{props.children}</div>
  </div>
)
