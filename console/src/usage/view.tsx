import { createMemo, createSignal, For, Show, Suspense } from 'solid-js'
import { lazy } from '../app/lazy'
import type { UsageKey, UsagePart, UsageReport } from '@shared/contract'
import '../i18n/en/agentpage'
import { call } from '../api/client'
import { createLoad } from '../app/load'
import { t } from '../i18n'
import { Card } from '../ui/card'
import { Empty } from '../ui/empty'
import { ErrorNotice } from '../ui/notice'
import { Select } from '../ui/select'
import { Skeleton } from '../ui/skeleton'
import { measures, textOf, valueOf, type Measure } from './figures'

// The library that draws is large, and only who looks at usage needs it.
const UsageChart = lazy(() => import('./chart'))

const ranges = ['7', '30', '90', '365'] as const
type Range = (typeof ranges)[number]
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone
const day = 86_400_000

/** What agents took, as figures, as a picture and as tables: of one agent, or of all that the reader may see. */
export function UsageView(props: { agentId?: string }) {
  const [range, setRange] = createSignal<Range>('30')
  const [by, setBy] = createSignal<UsageKey>(props.agentId ? 'channel' : 'agent')
  const [measure, setMeasure] = createSignal<Measure>('tokens')
  const report = createLoad(
    () => ({ days: Number(range()), by: by(), agentId: props.agentId }),
    ({ days, by, agentId }) => {
      const to = Date.now()
      const query = { from: to - (days - 1) * day, to, timezone: zone, by, ...(agentId ? { agentId } : {}) }
      return call('GET /api/usage', { query })
    },
  )
  return (
    <div class="col gap-4">
      <div class="row flex-wrap gap-2">
        <Select
          quiet
          label={t('usage.range')}
          value={range()}
          options={ranges.map((value) => ({ value, label: t(`usage.${value}`) }))}
          onChange={setRange}
        />
        <Select
          quiet
          label={t('usage.measure')}
          value={measure()}
          options={measures.map((value) => ({ value, label: t(`usage.${value}`) }))}
          onChange={setMeasure}
        />
        <span class="text-[12.5px] text-faint">{t('usage.hint', { zone })}</span>
      </div>
      <ErrorNotice error={report.error()} />
      <Show when={report.value()} fallback={<Skeleton class="h-60 w-full rounded-xl" />}>
        {(report) => (
          <Show
            when={report().total.runs > 0}
            fallback={<Empty icon="i-lucide-chart-column" title={t('usage.none')} text={t('usage.noneText')} />}
          >
            <Totals report={report()} measure={measure()} onMeasure={setMeasure} />
            <Days report={report()} measure={measure()} />
            <Parts report={report()} measure={measure()} by={by()} onBy={setBy} ofAgent={props.agentId !== undefined} />
          </Show>
        )}
      </Show>
    </div>
  )
}

const Totals = (props: { report: UsageReport; measure: Measure; onMeasure: (measure: Measure) => void }) => (
  <dl class="grid grid-cols-2 sm:grid-cols-4 gap-3">
    <For each={measures}>
      {(one) => (
        <div class="rounded-xl border border-line bg-surface px-4 py-3">
          <dt class="text-[12.5px] text-soft">{t(`usage.${one}`)}</dt>
          <dd class="text-[20px] font-650 tabular-nums">{textOf(one, valueOf(one, props.report.total))}</dd>
          <Show when={one === 'runs' && props.report.total.failed > 0}>
            <dd class="text-[12px] text-bad">{t('usage.failed', { n: props.report.total.failed })}</dd>
          </Show>
        </div>
      )}
    </For>
  </dl>
)

function Days(props: { report: UsageReport; measure: Measure }) {
  const label = createMemo(() => {
    const values = props.report.days.map((figures) => valueOf(props.measure, figures))
    const text = (value: number) => textOf(props.measure, value)
    return t('usage.chart', {
      what: t(`usage.${props.measure}`),
      total: text(values.reduce((sum, value) => sum + value, 0)),
      most: text(Math.max(0, ...values)),
    })
  })
  return (
    <Card>
      <Suspense fallback={<Skeleton class="h-62 w-full" />}>
        <UsageChart days={props.report.days} measure={props.measure} label={label()} />
      </Suspense>
      <details class="mt-2">
        <summary class="cursor-pointer text-[12.5px] text-soft w-fit rounded">{t('usage.table')}</summary>
        <div class="overflow-auto max-h-80 mt-2" tabindex="0">
          <table class="w-full text-[13px] tabular-nums border-collapse">
            <thead>
              <tr class="text-left text-faint">
                <th class="py-1 font-550">{t('usage.day')}</th>
                <For each={measures}>{(one) => <th class="py-1 text-right font-550">{t(`usage.${one}`)}</th>}</For>
              </tr>
            </thead>
            <tbody>
              <For each={props.report.days.toReversed()}>
                {(figures) => (
                  <tr class="border-t border-line">
                    <td class="py-1">{figures.day}</td>
                    <For each={measures}>
                      {(one) => <td class="py-1 text-right">{textOf(one, valueOf(one, figures))}</td>}
                    </For>
                  </tr>
                )}
              </For>
            </tbody>
          </table>
        </div>
      </details>
    </Card>
  )
}

interface PartsProps {
  report: UsageReport
  measure: Measure
  by: UsageKey
  onBy: (by: UsageKey) => void
  ofAgent: boolean
}

function Parts(props: PartsProps) {
  const options = () =>
    [
      { value: 'agent' as const, label: t('usage.byAgent') },
      { value: 'model' as const, label: t('usage.byModel') },
      { value: 'channel' as const, label: t('usage.byChannel') },
      { value: 'person' as const, label: t('usage.byPerson') },
    ].filter(({ value }) => !props.ofAgent || value !== 'agent')
  const rows = createMemo(() => {
    const rest = props.report.rest ? [{ ...props.report.rest, key: 'rest', name: t('usage.rest') }] : []
    const all = [...props.report.items, ...rest]
    return all.toSorted((a, b) => valueOf(props.measure, b) - valueOf(props.measure, a))
  })
  const most = () => Math.max(1e-9, ...rows().map((part) => valueOf(props.measure, part)))
  return (
    <Card
      title={t('usage.parts')}
      actions={<Select quiet label={t('usage.by')} value={props.by} options={options()} onChange={props.onBy} />}
    >
      <ul class="col gap-2.5">
        <For each={rows()}>
          {(part) => (
            <li class="col gap-1">
              <p class="row gap-2 text-[13.5px]">
                <span class="flex-1 min-w-0 truncate font-550">{nameOf(part, props.by)}</span>
                <span class="text-soft tabular-nums">{textOf(props.measure, valueOf(props.measure, part))}</span>
              </p>
              <span class="h-1.5 rounded-full bg-hover overflow-hidden" aria-hidden="true">
                <span
                  class="block h-full rounded-full bg-accent"
                  style={{ width: `${(valueOf(props.measure, part) / most()) * 100}%` }}
                />
              </span>
            </li>
          )}
        </For>
      </ul>
    </Card>
  )
}

/** A part without a name is gone, or not for this reader to see. */
function nameOf(part: UsagePart, by: UsageKey): string {
  if (part.name) return by === 'channel' && part.name.startsWith('dm:') ? t('run.inDm') : part.name
  if (by === 'channel') return t('usage.hidden')
  return part.key ? t('usage.gone') : t('usage.nobody')
}
