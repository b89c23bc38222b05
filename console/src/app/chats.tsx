import { t } from '../i18n'
import { IconButton } from '../ui/button'
import { Lists } from './lists'
import { Logo } from './logo'
import { openSwitcher } from './switcher'

/** The phone's first screen: every conversation. */
export const Chats = () => (
  <div class="col h-full">
    <header class="row gap-2.5 h-13 pl-4 pr-2 border-b border-line shrink-0">
      <Logo class="size-6" />
      <h1 class="font-700 tracking-tight text-[15px] flex-1">Nekode</h1>
      <IconButton icon="i-lucide-search" label={t('switcher.open')} onClick={openSwitcher} />
    </header>
    <Lists class="flex-1 min-h-0 overflow-y-auto px-2 py-3" />
  </div>
)
