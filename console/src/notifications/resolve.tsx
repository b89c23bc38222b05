import { createSignal, For, Show } from 'solid-js'
import { call } from '../api/client'
import { createLoad } from '../app/load'
import { channels, channelTitle } from '../app/unread'
import { notificationRoutes } from '../endpoints/store'
import { t } from '../i18n'
import '../i18n/en/endpoints'
import { Card } from '../ui/card'
import { Icon } from '../ui/icon'
import { ErrorNotice } from '../ui/notice'
import { Select } from '../ui/select'
import { endpointName, eventKinds, type EventKind } from './words'

/** Where an event would go as the routes are now, and why not elsewhere. */
export function Resolve() {
  const [target, setTarget] = createSignal(channels()[0]?.target ?? '')
  const [eventKind, setEventKind] = createSignal<EventKind>('message')
  // Asked again when a route has changed, because which of several counts is the server's to say.
  const routes = () =>
    Object.values(notificationRoutes.items)
      .map((route) => `${route.id}.${route.updatedAt}.${route.enabled}`)
      .join()
  const answer = createLoad(
    () => (target() ? { target: target(), eventKind: eventKind(), routes: routes() } : undefined),
    (asked) =>
      call('GET /api/notification-routes/resolve', { query: { target: asked.target, eventKind: asked.eventKind } }),
  )
  return (
    <Card title={t('route.preview')} hint={t('route.previewText')}>
      <div class="col gap-3">
        <div class="grid sm:grid-cols-2 gap-3">
          <Select
            label={t('route.channel')}
            value={target()}
            options={channels().map((channel) => ({ value: channel.target, label: `#${channelTitle(channel)}` }))}
            onChange={setTarget}
          />
          <Select<EventKind>
            label={t('route.kind')}
            value={eventKind()}
            options={eventKinds.map((value) => ({ value, label: t(`route.kind.${value}`) }))}
            onChange={setEventKind}
          />
        </div>
        <ErrorNotice error={answer.error()} />
        <Show when={answer.value()}>
          {(found) => (
            <ul class="col gap-1.5 text-[13.5px]" aria-live="polite">
              <For each={found().items} fallback={<li class="text-soft">{t('route.goesNowhere')}</li>}>
                {(route) => (
                  <li class="row gap-2">
                    <Icon name="i-lucide-circle-check" class="text-ok" />
                    {t('route.goes', { name: endpointName(route.endpointId) })}
                  </li>
                )}
              </For>
              <For each={found().dropped}>
                {({ route, reason }) => (
                  <li class="row gap-2 text-soft">
                    <Icon name="i-lucide-circle-slash" />
                    <span class="min-w-0 break-words">
                      {endpointName(route.endpointId)}: {t(`route.drops.${reason}`)}
                    </span>
                  </li>
                )}
              </For>
            </ul>
          )}
        </Show>
      </div>
    </Card>
  )
}
