import { For, Show } from 'solid-js'
import { call } from '../api/client'
import { act } from '../app/act'
import { createLoad } from '../app/load'
import { t } from '../i18n'
import '../i18n/en/settings'
import { relative } from '../i18n/dates'
import { Badge } from '../ui/badge'
import { Button } from '../ui/button'
import { Card } from '../ui/card'
import { Icon } from '../ui/icon'
import { ErrorNotice } from '../ui/notice'
import { SkeletonRows } from '../ui/skeleton'

/** “Chrome on Linux” out of what browsers send. */
export function browserName(userAgent: string): string {
  const browser = /Edg\//.test(userAgent)
    ? 'Edge'
    : (/(Firefox|Chrome|Safari|nekode|curl|Bun)\//i.exec(userAgent)?.[1] ?? userAgent.split('/')[0] ?? '')
  const system = /(Windows|Android|iPhone|iPad|Mac OS X|Linux)/.exec(userAgent)?.[1]?.replace('Mac OS X', 'macOS')
  return system ? `${browser} · ${system}` : browser || '?'
}

/** Where one is logged in. */
export default function Sessions() {
  const sessions = createLoad(
    () => true,
    async () => (await call('GET /api/auth/sessions')).items,
  )
  const end = async (id: string) => {
    await act(() => call('DELETE /api/auth/sessions/{id}', { params: { id } }), t('session.ended'))
    await sessions.reload()
  }
  const endOthers = async () => {
    await act(() => call('DELETE /api/auth/sessions'), t('session.othersEnded'))
    await sessions.reload()
  }
  return (
    <Card
      title={t('settings.sessions')}
      hint={t('session.text')}
      actions={
        <Show when={(sessions.value()?.length ?? 0) > 1}>
          <Button size="sm" onClick={() => void endOthers()}>
            {t('session.endOthers')}
          </Button>
        </Show>
      }
    >
      <ErrorNotice error={sessions.error()} />
      <Show
        when={!sessions.error() && sessions.value()}
        fallback={
          <Show when={!sessions.error()}>
            <SkeletonRows count={2} />
          </Show>
        }
      >
        {(sessions) => (
          <ul class="col divide-y divide-line -my-2">
            <For each={sessions()}>
              {(session) => (
                <li class="row gap-3 py-3">
                  <Icon name="i-lucide-monitor-smartphone" class="text-soft text-[18px]" />
                  <div class="flex-1 min-w-0">
                    <p class="font-550 row gap-2">
                      <span class="truncate" title={session.userAgent}>
                        {browserName(session.userAgent)}
                      </span>
                      <Show when={session.current}>
                        <Badge tone="ok">{t('session.current')}</Badge>
                      </Show>
                    </p>
                    <p class="text-[13px] text-soft truncate">
                      {session.address} · {t('session.seen', { when: relative(session.lastSeenAt) })}
                    </p>
                  </div>
                  <Show when={!session.current}>
                    <Button size="sm" onClick={() => void end(session.id)}>
                      {t('session.end')}
                    </Button>
                  </Show>
                </li>
              )}
            </For>
          </ul>
        )}
      </Show>
    </Card>
  )
}
