import { A } from '@solidjs/router'
import { Show, type JSX, type ParentProps } from 'solid-js'
import { t } from '../i18n'
import { cx } from './cx'
import { Icon } from './icon'
import { nameView } from './title'

interface PageProps {
  title: string
  /** Beside the title: a badge, a count. */
  badge?: JSX.Element
  actions?: JSX.Element
  /** Where the arrow on the left leads. */
  back?: string
  /** Room for what is wide by itself: diffs, a terminal; `full` for what takes all there is, such as a screen. */
  wide?: boolean | 'full'
}

/** A page beside the conversations: a bar with its title and actions, and below it a column that scrolls. */
export function Page(props: ParentProps<PageProps>) {
  nameView(() => props.title)
  return (
    <div class="col h-full min-h-0">
      <header class="row gap-2 h-13 px-3 sm:px-5 border-b border-line shrink-0">
        <Show when={props.back}>
          {(back) => (
            <A
              href={back()}
              aria-label={t('common.back')}
              class="size-8 -ml-1 row justify-center rounded-lg text-soft hover:bg-hover hover:text-ink"
            >
              <Icon name="i-lucide-arrow-left" class="text-[17px]" />
            </A>
          )}
        </Show>
        <h1 class="font-650 text-[15px] truncate">{props.title}</h1>
        {props.badge}
        <div class="row gap-2 ml-auto shrink-0">{props.actions}</div>
      </header>
      <div class="flex-1 min-h-0 overflow-y-auto" data-scroller>
        <div
          class={cx(
            'mx-auto w-full px-4 sm:px-6 py-5 sm:py-7 col gap-5',
            props.wide === 'full' ? 'max-w-480' : props.wide ? 'max-w-300' : 'max-w-220',
          )}
        >
          {props.children}
        </div>
      </div>
    </div>
  )
}
