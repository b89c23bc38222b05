import { createMemo, createSignal, For, Show } from 'solid-js'
import type { NotificationRoute } from '@shared/contract'
import { call } from '../api/client'
import { act, createRequest } from '../app/act'
import { channels, channelTitle } from '../app/unread'
import { endpoints, notificationRoutes } from '../endpoints/store'
import { t } from '../i18n'
import '../i18n/en/endpoints'
import { isAdmin } from '../store/session'
import { Badge } from '../ui/badge'
import { Button, IconButton } from '../ui/button'
import { Card } from '../ui/card'
import { Dialog } from '../ui/dialog'
import { Icon } from '../ui/icon'
import { ErrorNotice, Notice } from '../ui/notice'
import { Checkbox, Select } from '../ui/select'
import { SkeletonRows } from '../ui/skeleton'
import { toast } from '../ui/toast'
import { endpointName, kinds, preferences, type Kind, type Preference } from './words'

/** What of a channel goes to which endpoint. */
export function Routes(props: { ready: boolean }) {
  const [making, setMaking] = createSignal(false)
  const all = createMemo(() =>
    Object.values(notificationRoutes.items).sort(
      (a, b) => a.target.localeCompare(b.target) || a.createdAt - b.createdAt,
    ),
  )
  return (
    <Card
      title={t('route.title')}
      hint={t('route.text')}
      actions={
        <Show when={isAdmin()}>
          <Button kind="primary" size="sm" icon="i-lucide-plus" onClick={() => setMaking(true)}>
            {t('route.add')}
          </Button>
        </Show>
      }
    >
      <Show when={props.ready} fallback={<SkeletonRows count={2} avatar={false} />}>
        <ul class="col divide-y divide-line -my-2">
          <For each={all()} fallback={<li class="py-2 text-soft text-[13.5px]">{t('route.noneText')}</li>}>
            {(route) => <Row route={route} />}
          </For>
        </ul>
      </Show>
      <Dialog open={making()} onClose={() => setMaking(false)} title={t('route.add')} subtitle={t('route.text')}>
        <Form onClose={() => setMaking(false)} />
      </Dialog>
    </Card>
  )
}

function Row(props: { route: NotificationRoute }) {
  const name = () => endpointName(props.route.endpointId)
  const enable = (enabled: boolean) =>
    act(async () => {
      const params = { id: props.route.id }
      notificationRoutes.put(await call('PATCH /api/notification-routes/{id}', { params, body: { enabled } }))
    })
  const remove = async () => {
    const { id, target, endpointId, threadId, eventKind, preference, enabled } = props.route
    if (!(await act(() => call('DELETE /api/notification-routes/{id}', { params: { id } })))) return
    notificationRoutes.remove(id)
    const body = { target, endpointId, eventKind, preference, enabled, ...(threadId ? { threadId } : {}) }
    const again = () => act(async () => notificationRoutes.put(await call('POST /api/notification-routes', { body })))
    toast('ok', t('route.removed'), undefined, { label: t('route.undo'), run: () => void again() })
  }
  return (
    <li class="row flex-wrap gap-x-3 gap-y-1 py-2.5">
      <p class="flex-1 min-w-0 row flex-wrap gap-x-2 gap-y-1">
        <span class="font-600 break-words min-w-0">{props.route.target}</span>
        <Icon name="i-lucide-arrow-right" class="text-faint" />
        <span class="break-words min-w-0">{name()}</span>
        <Badge>{t(`route.kind.${props.route.eventKind}`)}</Badge>
        <Show when={props.route.preference !== 'all'}>
          <Badge tone="warn">{t(`route.preference.${props.route.preference}`)}</Badge>
        </Show>
        <Show when={props.route.threadId}>
          <Badge>{t('route.thread')}</Badge>
        </Show>
      </p>
      <Checkbox
        label={
          <span>
            {t('route.enabled')}
            <span class="sr-only"> – {t('route.switch', { channel: props.route.target, name: name() })}</span>
          </span>
        }
        checked={props.route.enabled}
        disabled={!isAdmin()}
        onChange={(on) => void enable(on)}
      />
      <Show when={isAdmin()}>
        <IconButton icon="i-lucide-trash-2" label={t('route.remove')} onClick={() => void remove()} />
      </Show>
    </li>
  )
}

function Form(props: { onClose: () => void }) {
  const usable = createMemo(() => Object.values(endpoints.items).filter((one) => one.outboundEnabled))
  const [target, setTarget] = createSignal(channels()[0]?.target ?? '')
  const [endpointId, setEndpointId] = createSignal(usable()[0]?.id ?? '')
  const [eventKind, setEventKind] = createSignal<Kind>('message')
  const [preference, setPreference] = createSignal<Preference>('all')
  const request = createRequest()
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    void request.run(async () => {
      const body = { target: target(), endpointId: endpointId(), eventKind: eventKind(), preference: preference() }
      notificationRoutes.put(await call('POST /api/notification-routes', { body }))
      toast('ok', t('route.created'))
      props.onClose()
    })
  }
  return (
    <Show when={usable().length > 0} fallback={<Notice tone="info">{t('route.needsEndpoint')}</Notice>}>
      <form class="col gap-4" onSubmit={submit}>
        <div class="grid sm:grid-cols-2 gap-4">
          <Select
            label={t('route.channel')}
            value={target()}
            options={channels().map((channel) => ({ value: channel.target, label: `#${channelTitle(channel)}` }))}
            onChange={setTarget}
          />
          <Select
            label={t('route.endpoint')}
            value={endpointId()}
            options={usable().map((one) => ({ value: one.id, label: one.displayName }))}
            onChange={setEndpointId}
          />
          <Select<Kind>
            label={t('route.kind')}
            value={eventKind()}
            options={kinds.map((value) => ({ value, label: t(`route.kind.${value}`) }))}
            onChange={setEventKind}
          />
          <Select<Preference>
            label={t('route.preference')}
            value={preference()}
            options={preferences.map((value) => ({ value, label: t(`route.preference.${value}`) }))}
            onChange={setPreference}
          />
        </div>
        <ErrorNotice error={request.error()} />
        <div class="row justify-end gap-2">
          <Button kind="ghost" onClick={() => props.onClose()}>
            {t('common.cancel')}
          </Button>
          <Button type="submit" kind="primary" busy={request.busy()}>
            {t('route.add')}
          </Button>
        </div>
      </form>
    </Show>
  )
}
