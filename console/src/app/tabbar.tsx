import { A } from '@solidjs/router'
import { For, Show } from 'solid-js'
import { t } from '../i18n'
import { Count } from '../ui/badge'
import { Icon } from '../ui/icon'
import { tabs } from './pages'

/** The phone's way between the main screens. */
export const TabBar = () => (
  <nav
    aria-label={t('shell.tabs')}
    class="grid grid-flow-col auto-cols-fr border-t border-line bg-sidebar shrink-0 pb-[env(safe-area-inset-bottom)]"
  >
    <For each={tabs()}>
      {(tab) => (
        <A
          href={tab.href}
          end={tab.href === '/'}
          activeClass="text-accent-text!"
          class="relative col items-center justify-center gap-0.5 h-14 text-[11px] font-550 text-soft -outline-offset-2"
        >
          <Icon name={tab.icon} class="text-[20px]" />
          {t(tab.label)}
          <span class="absolute top-1 left-1/2 ml-1.5">
            <Show when={tab.news?.()}>{(news) => <Count value={news().count} strong label={news().label} />}</Show>
          </span>
        </A>
      )}
    </For>
  </nav>
)
