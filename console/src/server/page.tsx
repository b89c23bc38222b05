import { For, Show, type ParentProps } from 'solid-js'
import type { ServerStatus } from '@shared/contract'
import { call } from '../api/client'
import { createLoad } from '../app/load'
import { sizeText } from '../attachments/file'
import { locale, t } from '../i18n'
import '../i18n/en/server'
import { duration, now, shortDate } from '../i18n/dates'
import { state } from '../store/state'
import { Button } from '../ui/button'
import { Card } from '../ui/card'
import { cx } from '../ui/cx'
import { Icon } from '../ui/icon'
import { ErrorNotice, Notice } from '../ui/notice'
import { SkeletonRows } from '../ui/skeleton'
import { checkName } from './words'

const number = (value: number): string => new Intl.NumberFormat(locale(), { maximumFractionDigits: 1 }).format(value)
const size = (bytes: number | null | undefined): string =>
  bytes === null || bytes === undefined ? t('server.unknown') : sizeText(bytes)
const limit = (value: number): string => (value === 0 ? t('server.unlimited') : number(value))
const days = (value: number): string => (value === 0 ? t('server.forever') : t('server.days', { n: value }))

/** How the server is, for admins. */
export default function ServerPage() {
  const status = createLoad(
    () => state.connection === 'live' || undefined,
    () => call('GET /api/server/status'),
  )
  return (
    <>
      <Card
        title={t('settings.serverHealth')}
        hint={t('server.text')}
        actions={
          <Button size="sm" icon="i-lucide-refresh-cw" busy={status.loading()} onClick={() => void status.reload()}>
            {t('server.refresh')}
          </Button>
        }
      >
        <ErrorNotice error={status.error()} />
        <Show
          when={status.value()}
          fallback={<Show when={!status.error()}>{<SkeletonRows count={3} avatar={false} />}</Show>}
        >
          {(now) => <Checks status={now()} />}
        </Show>
      </Card>
      <Show when={status.value()}>{(now) => <Numbers status={now()} />}</Show>
    </>
  )
}

function Checks(props: { status: ServerStatus }) {
  const well = () => props.status.checks.every(({ ok }) => ok)
  return (
    <div class="col gap-3">
      <Notice tone={well() ? 'ok' : 'bad'}>{well() ? t('server.well') : t('server.trouble')}</Notice>
      <ul class="col divide-y divide-line">
        <For each={props.status.checks}>
          {(check) => (
            <li class="row items-start gap-2.5 py-2 text-[13.5px]">
              <Icon
                name={check.ok ? 'i-lucide-circle-check text-ok' : 'i-lucide-circle-x text-bad'}
                class="mt-0.5 text-[16px]"
              />
              <span class="font-550 w-24 shrink-0">
                {checkName(check.name)}
                <span class="sr-only">: {check.ok ? t('server.check.ok') : t('server.check.failed')}</span>
              </span>
              <span class="text-soft min-w-0 break-words">
                {check.detail}
                <Show when={!check.ok && (check.name === 'disk' || check.name === 'storage') && check.name}>
                  {(name) => <> {t(`server.next.${name()}`)}</>}
                </Show>
              </span>
            </li>
          )}
        </For>
      </ul>
      <Facts>
        <Fact name={t('server.version')}>
          {[props.status.version, props.status.commit.slice(0, 10)].filter(Boolean).join(' · ')}
        </Fact>
        <Fact name={t('server.uptime')}>
          <span title={t('server.since', { when: shortDate(props.status.startedAt) })}>
            {duration(now() - props.status.startedAt)}
          </span>
        </Fact>
        <Fact name={t('server.platform')}>
          {props.status.platform} · {props.status.runtime}
        </Fact>
        <Fact name={t('server.id')} wide>
          <code class="text-[12.5px] break-all">{state.serverId}</code>
        </Fact>
      </Facts>
    </div>
  )
}

const Numbers = (props: { status: ServerStatus }) => (
  <>
    <Card title={t('server.storage')}>
      <Facts>
        <Fact name={t('server.database', { kind: props.status.database.kind })}>
          {size(props.status.database.bytes)}
        </Fact>
        <Fact name={t('server.files', { n: props.status.files?.files ?? 0 })}>{size(props.status.files?.bytes)}</Fact>
        <Fact name={t('server.disk')} wide>
          <Show when={props.status.disk} fallback={t('server.unknown')}>
            {(disk) => t('server.free', { free: sizeText(disk().available), total: sizeText(disk().total) })}
          </Show>
        </Fact>
      </Facts>
    </Card>
    <Card
      title={t('server.load')}
      actions={
        <a href="/metrics" target="_blank" rel="noopener" class="text-[13px] text-accent-text hover:underline rounded">
          {t('server.metrics')}
        </a>
      }
    >
      <Facts>
        <Fact name={t('server.memory')}>{sizeText(props.status.memoryBytes)}</Fact>
        <Fact name={t('server.streams')}>{number(props.status.streams)}</Fact>
        <Fact name={t('server.readers')}>{number(props.status.eventReaders)}</Fact>
        <Fact name={t('server.events')}>{number(props.status.eventsHead)}</Fact>
        <Fact name={t('server.requests')}>{number(props.status.requests)}</Fact>
        <Fact name={t('server.failed')}>{number(props.status.failed)}</Fact>
        <Fact name={t('server.refused')}>{number(props.status.refused)}</Fact>
        <Fact name={t('server.times')} wide>
          {props.status.p50 === null || props.status.p95 === null
            ? t('server.unknown')
            : t('server.timesText', { p50: number(props.status.p50), p95: number(props.status.p95) })}
        </Fact>
      </Facts>
    </Card>
    <Card title={t('server.limits')}>
      <Facts>
        <Fact name={t('server.perSecond')}>{limit(props.status.limits.perSecond)}</Fact>
        <Fact name={t('server.perSecondOfGuests')}>{limit(props.status.limits.perSecondOfGuests)}</Fact>
        <Fact name={t('server.streamLimit')}>{limit(props.status.limits.streams)}</Fact>
        <Fact name={t('server.streamsOfAddress')}>{limit(props.status.limits.streamsOfAddress)}</Fact>
        <Fact name={t('server.eventDays')}>{days(props.status.kept.eventDays)}</Fact>
        <Fact name={t('server.detailDays')}>{days(props.status.kept.detailDays)}</Fact>
        <Fact name={t('server.auditDays')}>{days(props.status.kept.auditDays)}</Fact>
      </Facts>
    </Card>
  </>
)

const Facts = (props: ParentProps) => (
  <dl class="grid sm:grid-cols-2 gap-x-6 gap-y-2.5 text-[13.5px]">{props.children}</dl>
)

const Fact = (props: ParentProps<{ name: string; wide?: boolean }>) => (
  <div
    class={cx(
      'row items-baseline justify-between gap-3 border-b border-line pb-1.5 min-w-0',
      props.wide && 'sm:col-span-2',
    )}
  >
    <dt class="text-soft">{props.name}</dt>
    <dd class="font-550 text-right tabular-nums min-w-0">{props.children}</dd>
  </div>
)
