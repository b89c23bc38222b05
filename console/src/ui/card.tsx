import { Show, type JSX, type ParentProps } from 'solid-js'
import { cx } from './cx'

interface CardProps {
  title?: string
  hint?: JSX.Element
  /** Buttons beside the title. */
  actions?: JSX.Element
  class?: string
}

/** A bordered part of a page with a heading of its own. */
export const Card = (props: ParentProps<CardProps>) => (
  <section class={cx('rounded-xl border border-line bg-surface', props.class)}>
    <Show when={props.title}>
      <header class="row flex-wrap gap-x-3 gap-y-2 px-4 sm:px-5 pt-4">
        <div class="flex-1 min-w-0">
          <h2 class="text-[15px] font-650">{props.title}</h2>
          <Show when={props.hint}>
            <p class="text-[13px] text-soft mt-0.5">{props.hint}</p>
          </Show>
        </div>
        {props.actions}
      </header>
    </Show>
    <div class="px-4 sm:px-5 py-4">{props.children}</div>
  </section>
)
