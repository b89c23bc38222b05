import { createSignal, Show, type JSX, type ParentProps } from 'solid-js'
import { cx } from '../ui/cx'
import { Icon } from '../ui/icon'

interface FoldProps {
  icon: string
  title: string
  /** More of it, in less ink, as far as the line goes. */
  hint?: string | undefined
  /** What is inside says the hint anyway. */
  brief?: boolean
  end?: JSX.Element
  /** Nothing inside: the line is all. */
  empty?: boolean
  open?: boolean
}

/** A line that unfolds. */
export function Fold(props: ParentProps<FoldProps>) {
  const [open, setOpen] = createSignal(props.open ?? false)
  return (
    <div class="min-w-0">
      <button
        type="button"
        aria-expanded={props.empty ? undefined : open()}
        disabled={props.empty}
        onClick={() => setOpen((open) => !open)}
        class="row gap-2 w-[calc(100%+0.75rem)] h-7 [@media(pointer:coarse)]:h-10 -mx-1.5 px-1.5 rounded-md text-left text-[13px] hover:bg-hover disabled:cursor-default! disabled:hover:bg-transparent -outline-offset-2"
      >
        <Icon name={props.icon} class="text-soft text-[15px]" />
        <span class="font-550 truncate max-w-full shrink-0">{props.title}</span>
        <span class="flex-1 min-w-0 truncate text-faint">{open() && props.brief ? '' : props.hint}</span>
        {props.end}
        <Icon
          name="i-lucide-chevron-right"
          class={cx('text-faint transition-transform', open() && 'rotate-90', props.empty && 'invisible')}
        />
      </button>
      <Show when={open() && !props.empty}>
        <div class="pl-6 pt-1 pb-1.5 col gap-2 min-w-0">{props.children}</div>
      </Show>
    </div>
  )
}
