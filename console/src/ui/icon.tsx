import { cx } from './cx'

/** A Lucide icon by its whole class (`i-lucide-hash`), which the style sheet is made from. It says nothing to a reader. */
export const Icon = (props: { name: string; class?: string | undefined }) => (
  <span class={cx('inline-block shrink-0', props.name, props.class)} aria-hidden="true" />
)
