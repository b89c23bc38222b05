import { For, Show } from 'solid-js'
import { call } from '../api/client'
import { createLoad } from '../app/load'
import { t } from '../i18n'
import '../i18n/en/server'
import { relative, shortDate } from '../i18n/dates'
import { me } from '../store/session'
import { Card } from '../ui/card'
import { Command } from '../ui/code'
import { Icon } from '../ui/icon'
import { ErrorNotice, Notice } from '../ui/notice'
import { SkeletonRows } from '../ui/skeleton'

/** Taking a backup while the server runs, and how to bring it back. */
export default function BackupPage() {
  const status = createLoad(
    () => true,
    () => call('GET /api/server/status'),
  )
  return (
    <>
      <Card title={t('restore.download')} hint={t('restore.downloadText')}>
        <div class="col gap-4 items-start">
          <Show when={me().role === 'owner'} fallback={<Notice tone="info">{t('restore.owner')}</Notice>}>
            <a
              href="/api/backup"
              download=""
              class="row gap-2 h-9 px-3.5 rounded-lg bg-accent text-accent-ink text-sm font-550 hover:brightness-112"
            >
              <Icon name="i-lucide-download" />
              {t('restore.download')}
            </a>
          </Show>
          <Notice tone="warn" title={t('restore.keyTitle')} class="w-full">
            {t('restore.keyText')}
          </Notice>
        </div>
      </Card>
      <Card title={t('restore.last')}>
        <ErrorNotice error={status.error()} />
        <Show
          when={status.value()}
          fallback={<Show when={!status.error()}>{<SkeletonRows count={1} avatar={false} />}</Show>}
        >
          {(status) => (
            <ul class="col divide-y divide-line -my-2">
              <For
                each={status().backups}
                fallback={<li class="py-2 text-soft text-[13.5px]">{t('restore.never')}</li>}
              >
                {(backup) => (
                  <li class="row gap-2 py-2 text-[13.5px]">
                    <Icon name="i-lucide-database-backup" class="text-soft" />
                    <span class="font-550">{shortDate(backup.at)}</span>
                    <span class="text-soft">{t('restore.by', { name: backup.by })}</span>
                    <span class="text-faint ml-auto">{relative(backup.at)}</span>
                  </li>
                )}
              </For>
            </ul>
          )}
        </Show>
      </Card>
      <Card title={t('restore.regular')} hint={t('restore.regularText')}>
        <Command text="nekode backup --out /backup/nekode-$(date +%F).backup" />
      </Card>
      <Card title={t('restore.title')} hint={t('restore.text')}>
        <div class="col gap-3">
          <Command text="nekode restore nekode.backup --data-dir /srv/nekode" />
          <p class="text-[13px] text-soft">{t('restore.after')}</p>
        </div>
      </Card>
    </>
  )
}
