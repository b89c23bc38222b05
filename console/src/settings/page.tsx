import { A, useParams } from '@solidjs/router'
import { For, Show, Suspense } from 'solid-js'
import { Dynamic } from 'solid-js/web'
import { logOut } from '../app/logout'
import { NotFound } from '../app/notfound'
import { pages, type PageEntry } from '../app/pages'
import { narrow } from '../app/screen'
import { t } from '../i18n'
import { state } from '../store/state'
import { Button } from '../ui/button'
import { cx } from '../ui/cx'
import { Icon } from '../ui/icon'
import { Page } from '../ui/page'
import { SkeletonRows } from '../ui/skeleton'
import { views } from './views'

const sections = () => pages().filter(({ group }) => group === 'settings')
const nameOf = (page: PageEntry) => page.href.slice('/settings/'.length)
/** What concerns the reader alone; the rest concerns everybody here. */
const own = new Set(['account', 'appearance', 'browser', 'sessions', 'tokens'])

/** What a person sets for themselves, and what concerns everybody here. A phone shows the list first, then one part at a time. */
export default function SettingsPage() {
  const params = useParams<{ section?: string }>()
  const path = () => params.section ?? (narrow() ? undefined : 'account')
  const section = () => sections().find((one) => nameOf(one) === path())
  const view = () => (section() ? views[path() ?? ''] : undefined)
  const title = () => {
    const one = section()
    return narrow() && one ? t(one.label) : t('settings.title')
  }
  return (
    <Page
      title={title()}
      {...(narrow() && path() ? { back: '/settings' } : {})}
      actions={
        <Show when={!narrow() || !path()}>
          <Button size="sm" kind="ghost" icon="i-lucide-log-out" onClick={() => void logOut()}>
            {t('user.logout')}
          </Button>
        </Show>
      }
    >
      <div class="grid md:grid-cols-[11rem_1fr] gap-5">
        <Show when={!narrow() || !path()}>
          <nav aria-label={t('settings.title')} class="col gap-4">
            <Group title={t('settings.own')} sections={sections().filter((one) => own.has(nameOf(one)))} at={path()} />
            <Group
              title={t('settings.everybody')}
              sections={sections().filter((one) => !own.has(nameOf(one)))}
              at={path()}
            />
            <p class="px-2.5 text-[12px] text-faint break-all">
              Nekode {state.version} · {state.serverId}
            </p>
          </nav>
        </Show>
        <Show when={path()}>
          <div class="col gap-5 min-w-0">
            <Show when={view()} fallback={<NotFound title={t('settings.missing')} text={t('settings.missingText')} />}>
              {(view) => (
                <Suspense fallback={<SkeletonRows count={4} />}>
                  <Dynamic component={view()} />
                </Suspense>
              )}
            </Show>
          </div>
        </Show>
      </div>
    </Page>
  )
}

const Group = (props: { title: string; sections: PageEntry[]; at: string | undefined }) => (
  <section class="col gap-px">
    <h2 class="px-2.5 h-7 row text-[12px] font-600 text-faint">{props.title}</h2>
    <For each={props.sections}>
      {(item) => (
        <A
          href={item.href}
          class={cx(
            'row gap-2.5 h-11 md:h-8 px-2.5 rounded-lg text-[15px] md:text-[13.5px] whitespace-nowrap text-soft hover:bg-hover -outline-offset-2',
            'aria-[current=page]:bg-accent-soft aria-[current=page]:text-accent-text aria-[current=page]:font-600',
          )}
          aria-current={props.at === nameOf(item) ? 'page' : undefined}
        >
          <Icon name={item.icon} class="text-[16px]" />
          <span class="flex-1">{t(item.label)}</span>
          <Icon name="i-lucide-chevron-right" class="md:hidden text-faint" />
        </A>
      )}
    </For>
  </section>
)
