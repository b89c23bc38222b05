import { createEffect, createMemo, createSignal, For, on, Show } from 'solid-js'
import type { OutboundDelivery } from '@shared/contract'
import { call } from '../api/client'
import { act } from '../app/act'
import { createLoad } from '../app/load'
import { outbound } from '../endpoints/store'
import { t } from '../i18n'
import '../i18n/en/endpoints'
import { duration, now, relative } from '../i18n/dates'
import { canWrite } from '../store/session'
import { Badge, type Tone } from '../ui/badge'
import { Button } from '../ui/button'
import { Card } from '../ui/card'
import { Empty } from '../ui/empty'
import { ErrorNotice } from '../ui/notice'
import { Select } from '../ui/select'
import { SkeletonRows } from '../ui/skeleton'
import { endpointName } from './words'

type Status = OutboundDelivery['status']
const statuses = ['failed', 'retrying', 'pending', 'delivered', 'canceled'] as const satisfies Status[]
const tones: Record<Status, Tone> = {
  pending: 'info',
  delivered: 'ok',
  failed: 'bad',
  retrying: 'warn',
  canceled: 'plain',
}

/** What is on its way to endpoints, or was, as it happens. */
export function Deliveries() {
  const [status, setStatus] = createSignal<'all' | Status>('all')
  const [cursor, setCursor] = createSignal<string>()
  const ask = async (before?: string) => {
    const chosen = status()
    const page = await call('GET /api/outbound-deliveries', {
      query: { limit: 50, ...(chosen === 'all' ? {} : { status: chosen }), ...(before ? { cursor: before } : {}) },
    })
    outbound.put(...page.items)
    return page
  }
  const first = createLoad(
    () => ({ era: outbound.era(), status: status() }),
    () => ask(),
  )
  createEffect(on(first.value, (page) => setCursor(page?.nextCursor)))
  const more = async () => setCursor((await ask(cursor())).nextCursor)
  // What is older than the last page would stand in the list with gaps before it.
  const shown = createMemo(() =>
    Object.values(outbound.items)
      .filter((one) => (status() === 'all' || one.status === status()) && one.id >= (cursor() ?? ''))
      .sort((a, b) => (a.id < b.id ? 1 : -1)),
  )
  const failed = () => shown().filter((one) => one.status === 'failed')
  const retry = async (one: OutboundDelivery) =>
    outbound.put(await call('POST /api/outbound-deliveries/{id}/retry', { params: { id: one.id } }))
  const retryAll = () =>
    act(async () => {
      for (const one of failed()) await retry(one)
    }, t('outbound.retried'))
  return (
    <Card
      title={t('outbound.title')}
      hint={t('outbound.text')}
      actions={
        <Show when={canWrite() && failed().length > 1}>
          <Button size="sm" icon="i-lucide-rotate-cw" onClick={() => void retryAll()}>
            {t('outbound.retryAll')}
          </Button>
        </Show>
      }
    >
      <div class="col gap-3">
        <Select
          label={t('outbound.status')}
          quiet
          value={status()}
          options={(['all', ...statuses] as const).map((value) => ({ value, label: t(`outbound.status.${value}`) }))}
          onChange={setStatus}
        />
        <ErrorNotice error={first.error()} />
        <Show
          when={first.value()}
          fallback={<Show when={!first.error()}>{<SkeletonRows count={3} avatar={false} />}</Show>}
        >
          <ul class="col divide-y divide-line">
            <For
              each={shown()}
              fallback={
                <li>
                  <Empty icon="i-lucide-send" title={t('outbound.none')} text={t('outbound.noneText')} />
                </li>
              }
            >
              {(one) => <Row delivery={one} onRetry={() => void act(() => retry(one), t('outbound.retried'))} />}
            </For>
          </ul>
          <Show when={cursor()}>
            <Button size="sm" class="self-center" onClick={() => void act(more)}>
              {t('common.more')}
            </Button>
          </Show>
        </Show>
      </div>
    </Card>
  )
}

function Row(props: { delivery: OutboundDelivery; onRetry: () => void }) {
  const again = () => props.delivery.status === 'failed' || props.delivery.status === 'retrying'
  return (
    <li class="row flex-wrap gap-x-3 gap-y-1.5 py-2.5">
      <div class="flex-1 min-w-50 col gap-0.5">
        <p class="row flex-wrap gap-x-2 gap-y-1 text-[13.5px]">
          <Badge tone={tones[props.delivery.status]}>{t(`outbound.status.${props.delivery.status}`)}</Badge>
          <span class="font-550">{props.delivery.eventKind}</span>
          <span class="text-soft break-words min-w-0">
            {props.delivery.target} {t('outbound.to', { name: endpointName(props.delivery.endpointId) })}
          </span>
        </p>
        <p class="text-[12.5px] text-faint break-words tabular-nums">
          {[
            relative(props.delivery.createdAt),
            t('outbound.attempts', { n: props.delivery.attemptCount }),
            props.delivery.status === 'retrying' && props.delivery.nextRetryAt !== null
              ? t('outbound.next', { time: duration(Math.max(0, props.delivery.nextRetryAt - now())) })
              : '',
            props.delivery.status === 'delivered' ? '' : props.delivery.lastError,
          ]
            .filter(Boolean)
            .join(' · ')}
        </p>
      </div>
      <Show when={again() && canWrite()}>
        <Button size="sm" icon="i-lucide-rotate-cw" onClick={() => props.onRetry()}>
          {t('outbound.retry')}
        </Button>
      </Show>
    </li>
  )
}
