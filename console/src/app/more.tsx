import { For } from 'solid-js'
import { t, type PlainKey } from '../i18n'
import { Button } from '../ui/button'
import { Page } from '../ui/page'
import { logOut } from './logout'
import { NavPage } from './nav'
import { pages, type PageEntry } from './pages'

const groups: { label: PlainKey; has: (entry: PageEntry) => boolean }[] = [
  { label: 'more.places', has: (entry) => entry.group !== 'settings' && !entry.tab },
  { label: 'settings.title', has: (entry) => entry.group === 'settings' },
]

/** On a phone: every page that its bar has no room for. */
export default function MorePage() {
  return (
    <Page
      title={t('tab.more')}
      actions={
        <Button size="sm" kind="ghost" icon="i-lucide-log-out" onClick={() => void logOut()}>
          {t('user.logout')}
        </Button>
      }
    >
      <For each={groups}>
        {(group) => (
          <section class="col gap-1" aria-label={t(group.label)}>
            <h2 class="text-[12px] font-600 text-faint px-2.5">{t(group.label)}</h2>
            <div class="col rounded-xl border border-line bg-surface p-1">
              <For each={pages().filter(group.has)}>{(entry) => <NavPage entry={entry} touch />}</For>
            </div>
          </section>
        )}
      </For>
    </Page>
  )
}
