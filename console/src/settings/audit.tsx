import type { AuditEntry } from '@shared/contract'
import { createEffect, createMemo, createSignal, For, on, Show } from 'solid-js'
import { call } from '../api/client'
import { createLoad } from '../app/load'
import { t } from '../i18n'
import '../i18n/en/settings'
import { relative } from '../i18n/dates'
import { state } from '../store/state'
import { Button } from '../ui/button'
import { Card } from '../ui/card'
import { ErrorNotice } from '../ui/notice'
import { Select } from '../ui/select'
import { SkeletonRows } from '../ui/skeleton'

const areas = [
  'user',
  'invite',
  'session',
  'password',
  'second_factor',
  'identity',
  'token',
  'agent',
  'computer',
  'enrollment',
  'approval',
  'channel',
  'endpoint',
  'tunnel',
  'backup',
  'audit',
] as const

/** Days back. */
const ranges = { '': 0, '1': 1, '7': 7, '30': 30 } as const
type Range = keyof typeof ranges

/** Who did what that only some may do, and everything as a file. */
export default function AuditLog() {
  const [area, setArea] = createSignal<'' | (typeof areas)[number]>('')
  const [more, setMore] = createSignal<AuditEntry[]>([])
  const [cursor, setCursor] = createSignal<string>()
  const [actor, setActor] = createSignal('')
  const [range, setRange] = createSignal<Range>('')
  const people = createMemo(() => Object.values(state.users).sort((a, b) => a.displayName.localeCompare(b.displayName)))
  const filter = createMemo(() => ({
    ...(area() ? { action: `${area()}.*` } : {}),
    ...(actor() ? { actor: actor() } : {}),
    ...(range() ? { since: Date.now() - ranges[range()] * 86_400_000 } : {}),
  }))
  const first = createLoad(filter, () => call('GET /api/audit', { query: { ...filter(), limit: 50 } }))
  createEffect(
    on(first.value, (page) => {
      setMore([])
      setCursor(page?.nextCursor)
    }),
  )
  const next = async () => {
    const at = cursor()
    if (at === undefined) return
    const page = await call('GET /api/audit', { query: { ...filter(), limit: 50, cursor: at } })
    setMore((all) => [...all, ...page.items])
    setCursor(page.nextCursor)
  }
  const file = (format: string) => {
    const { since, ...rest } = filter()
    return `/api/audit/export?${new URLSearchParams({ ...rest, ...(since ? { since: String(since) } : {}), format })}`
  }
  return (
    <>
      <Card
        title={t('settings.audit')}
        hint={t('audit.text')}
        actions={
          <div class="row gap-2">
            <Download href={file('csv')} label="CSV" />
            <Download href={file('ndjson')} label="JSON" />
          </div>
        }
      >
        <div class="col gap-3">
          <div class="grid sm:grid-cols-3 gap-2">
            <Select
              label={t('audit.area')}
              value={area()}
              options={[{ value: '', label: t('audit.all') }, ...areas.map((value) => ({ value, label: value }))]}
              onChange={setArea}
            />
            <Select
              label={t('audit.actor')}
              value={actor()}
              options={[
                { value: '', label: t('audit.anybody') },
                ...people().map((user) => ({ value: user.id, label: user.displayName })),
              ]}
              onChange={setActor}
            />
            <Select<Range>
              label={t('audit.since')}
              value={range()}
              options={[
                { value: '', label: t('audit.anyTime') },
                { value: '1', label: t('token.days', { n: 1 }) },
                { value: '7', label: t('token.days', { n: 7 }) },
                { value: '30', label: t('token.days', { n: 30 }) },
              ]}
              onChange={setRange}
            />
          </div>
          <ErrorNotice error={first.error()} />
          <Show when={first.value()} fallback={<SkeletonRows count={4} />}>
            {(page) => (
              <ul class="col divide-y divide-line">
                <For each={[...page().items, ...more()]} fallback={<li class="text-soft py-2">{t('audit.none')}</li>}>
                  {(entry) => <Row entry={entry} />}
                </For>
              </ul>
            )}
          </Show>
          <Show when={cursor()}>
            <Button class="self-center" size="sm" onClick={() => void next()}>
              {t('common.more')}
            </Button>
          </Show>
        </div>
      </Card>
    </>
  )
}

const Download = (props: { href: string; label: string }) => (
  <a
    href={props.href}
    download=""
    class="self-start inline-flex items-center gap-1.5 h-8 px-3 rounded-lg border border-edge bg-surface text-[13px] font-550 text-ink hover:bg-hover"
  >
    <span class="i-lucide-download" aria-hidden="true" />
    {props.label}
  </a>
)

const Row = (props: { entry: AuditEntry }) => {
  const subject = () => {
    const { subject } = props.entry
    return state.users[subject]?.displayName ?? state.agents[subject]?.displayName ?? subject
  }
  const detail = () =>
    Object.entries(props.entry.detail).map(
      ([key, value]) => `${key}: ${typeof value === 'string' ? value : JSON.stringify(value)}`,
    )
  return (
    <li class="py-2 text-[13px]">
      <p class="row gap-2 flex-wrap">
        <span class="font-600">{props.entry.actor.displayName}</span>
        <code class="text-[12px]">{props.entry.action}</code>
        <span class="text-soft truncate max-w-60">{subject()}</span>
        <span class="text-faint ml-auto" title={new Date(props.entry.createdAt).toLocaleString()}>
          {relative(props.entry.createdAt)}
        </span>
      </p>
      <p class="text-[12px] text-faint break-words">{[...detail(), props.entry.address].filter(Boolean).join(' · ')}</p>
    </li>
  )
}
