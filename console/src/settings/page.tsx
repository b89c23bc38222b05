import { A, useParams } from '@solidjs/router'
import { For, Match, Switch } from 'solid-js'
import { logOut } from '../app/logout'
import { t, type Key } from '../i18n'
import { state } from '../store/state'
import { Button } from '../ui/button'
import { Icon } from '../ui/icon'
import { Page } from '../ui/page'
import { isAdmin } from '../store/session'
import { Account } from './account'
import { Appearance } from './appearance'
import { AuditLog } from './audit'
import { People } from './people'
import { Sessions } from './sessions'
import { Tokens } from './tokens'

const sections: { path: string; icon: string; label: Extract<Key, `settings.${string}`> }[] = [
  { path: 'account', icon: 'i-lucide-user', label: 'settings.account' },
  { path: 'appearance', icon: 'i-lucide-palette', label: 'settings.appearance' },
  { path: 'sessions', icon: 'i-lucide-monitor-smartphone', label: 'settings.sessions' },
  { path: 'tokens', icon: 'i-lucide-key-round', label: 'settings.tokens' },
  { path: 'people', icon: 'i-lucide-users', label: 'settings.people' },
  { path: 'audit', icon: 'i-lucide-scroll-text', label: 'settings.audit' },
]

/** What a person sets for themselves, and who else is here. */
export default function SettingsPage() {
  const params = useParams<{ section?: string }>()
  const section = () => params.section ?? 'account'
  return (
    <Page
      title={t('settings.title')}
      actions={
        <Button size="sm" kind="ghost" icon="i-lucide-log-out" onClick={() => void logOut()}>
          {t('user.logout')}
        </Button>
      }
    >
      <div class="grid md:grid-cols-[11rem_1fr] gap-5">
        <nav aria-label={t('settings.title')} class="row flex-wrap md:flex-col md:items-stretch gap-1">
          <For each={sections.filter(({ path }) => path !== 'audit' || isAdmin())}>
            {(item) => (
              <A
                href={`/settings/${item.path}`}
                class="row gap-2 h-8 px-2.5 rounded-lg text-[13.5px] whitespace-nowrap text-soft hover:bg-hover aria-[current=page]:bg-accent-soft aria-[current=page]:text-accent-text aria-[current=page]:font-600"
                aria-current={section() === item.path ? 'page' : undefined}
              >
                <Icon name={item.icon} />
                {t(item.label)}
              </A>
            )}
          </For>
        </nav>
        <div class="col gap-5 min-w-0">
          <Switch fallback={<Account />}>
            <Match when={section() === 'appearance'}>
              <Appearance />
            </Match>
            <Match when={section() === 'sessions'}>
              <Sessions />
            </Match>
            <Match when={section() === 'tokens'}>
              <Tokens />
            </Match>
            <Match when={section() === 'people'}>
              <People />
            </Match>
            <Match when={section() === 'audit' && isAdmin()}>
              <AuditLog />
            </Match>
          </Switch>
          <p class="text-[12.5px] text-faint">
            Nekode {state.version} · {state.serverId}
          </p>
        </div>
      </div>
    </Page>
  )
}
