import type { JSX, ParentProps } from 'solid-js'
import '../i18n/en/panels'
import { narrow } from '../app/screen'
import { t } from '../i18n'
import { IconButton } from '../ui/button'
import { cx } from '../ui/cx'

/** The frame of a panel: its title, what can be begun in it, and what closes it. */
export const SidePanel = (props: ParentProps<{ title: string; action?: JSX.Element; onClose: () => void }>) => (
  <aside
    aria-label={props.title}
    class={cx('col min-w-0 bg-canvas', narrow() ? 'flex-1' : 'w-105 xl:w-120 shrink-0 border-l border-line')}
  >
    <header class="row gap-2 h-13 pl-4 pr-2 border-b border-line shrink-0">
      <h2 class="font-650 text-[15px] flex-1 truncate">{props.title}</h2>
      {props.action}
      <IconButton icon="i-lucide-x" label={t('panel.close')} onClick={() => props.onClose()} />
    </header>
    <div class="flex-1 min-h-0 overflow-y-auto overscroll-contain p-4">{props.children}</div>
  </aside>
)
