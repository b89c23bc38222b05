import { t } from '../i18n'
import { IconButton } from '../ui/button'
import { Logo } from './logo'
import { Lists } from './lists'
import { openSwitcher } from './switcher'
import { Icon } from '../ui/icon'
import { UserMenu } from './usermenu'
import { openShortcuts } from './shortcuts'

export const commandKey = /Mac|iP(hone|ad)/.test(navigator.userAgent) ? '⌘' : 'Ctrl '

/** The list of everything, left of the screen. */
export const Sidebar = () => (
  <div class="col w-66 shrink-0 bg-sidebar border-r border-line">
    <header class="row gap-2.5 h-13 pl-4 pr-2 shrink-0">
      <Logo class="size-6" />
      <span class="font-700 tracking-tight text-[15px] flex-1">Nekode</span>
      <IconButton icon="i-lucide-keyboard" label={t('shortcuts.title')} onClick={openShortcuts} />
    </header>
    <div class="px-3 pb-2 shrink-0">
      <button
        type="button"
        onClick={openSwitcher}
        class="row w-full gap-2 h-8 px-2.5 rounded-lg border border-line bg-surface text-soft text-[13px] hover:border-edge"
      >
        <Icon name="i-lucide-search" />
        <span class="flex-1 text-left">{t('switcher.open')}</span>
        <kbd class="text-[11px] text-faint font-sans">{commandKey}K</kbd>
      </button>
    </div>
    <Lists class="flex-1 min-h-0 overflow-y-auto px-2 pb-4" />
    <UserMenu />
  </div>
)
