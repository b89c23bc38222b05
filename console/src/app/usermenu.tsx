import { useNavigate } from '@solidjs/router'
import { t } from '../i18n'
import { state } from '../store/state'
import { Avatar } from '../ui/avatar'
import { Icon } from '../ui/icon'
import { Menu } from '../ui/menu'
import { logOut } from './logout'

/** Who is logged in, and what concerns them. */
export function UserMenu() {
  const navigate = useNavigate()
  return (
    <div class="border-t border-line p-2 shrink-0">
      <Menu
        label={t('user.menu')}
        placement="top-start"
        trigger={(trigger) => (
          <button
            type="button"
            {...trigger}
            class="row w-full gap-2.5 rounded-lg px-2 py-1.5 text-left hover:bg-hover -outline-offset-2"
          >
            <Avatar name={state.me?.displayName ?? ''} kind="human" size="sm" />
            <span class="col flex-1 min-w-0">
              <span class="text-[13.5px] font-600 truncate leading-tight">{state.me?.displayName}</span>
              <span class="text-[12px] text-faint truncate leading-tight">@{state.me?.username}</span>
            </span>
            <Icon name="i-lucide-chevrons-up-down" class="text-faint" />
          </button>
        )}
        items={[
          { label: t('settings.title'), icon: 'i-lucide-settings', onSelect: () => navigate('/settings') },
          {
            label: t('user.logout'),
            icon: 'i-lucide-log-out',
            onSelect: () => void logOut(),
          },
        ]}
      />
    </div>
  )
}
