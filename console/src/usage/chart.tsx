import uPlot from 'uplot'
import { createEffect, createSignal, onCleanup, onMount } from 'solid-js'
import type { UsageReport } from '@shared/contract'
import { locale } from '../i18n'
import { partsOf, stack, textOf, valueOf, type Measure } from './figures'

type Day = UsageReport['days'][number]

interface ChartProps {
  days: Day[]
  measure: Measure
  /** What the picture says, for those who do not see it. */
  label: string
}

const height = 220
const token = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim()
const seconds = (day: string): number => Date.parse(`${day}T12:00:00Z`) / 1000

/** A page is light or dark, and a picture has no style sheet: it is drawn again when that changes. */
function createThemeCount(): () => number {
  const [count, setCount] = createSignal(0)
  const watch = new MutationObserver(() => setCount((n) => n + 1))
  watch.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] })
  onCleanup(() => watch.disconnect())
  return count
}

/** A bar for each day, of parts that stand on each other. */
export default function UsageChart(props: ChartProps) {
  let holder: HTMLDivElement | undefined
  const theme = createThemeCount()
  const [width, setWidth] = createSignal(0)
  const [at, setAt] = createSignal<number>()
  onMount(() => {
    if (!holder) return
    const watch = new ResizeObserver(([entry]) => setWidth(Math.floor(entry?.contentRect.width ?? 0)))
    watch.observe(holder)
    onCleanup(() => watch.disconnect())
  })
  createEffect(() => {
    theme()
    if (!holder || width() === 0) return
    const plot = new uPlot(optionsOf(props.measure, width(), setAt), dataOf(props.days, props.measure), holder)
    onCleanup(() => plot.destroy())
  })
  const day = () => props.days[at() ?? -1]
  return (
    <div class="col gap-1.5">
      <p class="row flex-wrap gap-x-4 gap-y-1 text-[12.5px] text-soft min-h-5 tabular-nums">
        <Legend measure={props.measure} day={day()} />
      </p>
      <div
        ref={(element) => (holder = element)}
        role="img"
        aria-label={props.label}
        class="w-full h-55 overflow-hidden"
      />
    </div>
  )
}

const Legend = (props: { measure: Measure; day: Day | undefined }) => (
  <>
    {partsOf(props.measure).map((part) => (
      <span class="row gap-1.5">
        <span class="size-2.5 rounded-sm" style={{ background: `var(${part.colour})` }} />
        {part.label}
        {props.day ? ` ${textOf(props.measure, part.of(props.day))}` : ''}
      </span>
    ))}
    <span class="ml-auto">
      {props.day ? `${dayText(props.day.day)} · ${textOf(props.measure, valueOf(props.measure, props.day))}` : ''}
    </span>
  </>
)

const dayText = (day: string): string =>
  new Intl.DateTimeFormat(locale(), { day: 'numeric', month: 'short', timeZone: 'UTC' }).format(seconds(day) * 1000)

/** The highest first, so that what stands lower is drawn over it. */
function dataOf(days: Day[], measure: Measure): uPlot.AlignedData {
  const parts = stack(partsOf(measure).map((part) => days.map((day) => part.of(day))))
  return [days.map(({ day }) => seconds(day)), ...parts.toReversed()]
}

function optionsOf(measure: Measure, width: number, onPoint: (at: number | undefined) => void): uPlot.Options {
  const bars = uPlot.paths.bars?.({ size: [0.7, 36], radius: 0.15 })
  const axis = { stroke: token('--faint'), grid: { stroke: token('--line'), width: 1 }, ticks: { show: false } }
  const font = `11px ${token('--font')}`
  return {
    width,
    height,
    legend: { show: false },
    cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
    scales: {
      x: { time: true },
      y: { range: (_, __, most) => [0, Math.max(most * 1.1, measure === 'cost' ? 0.01 : 1)] },
    },
    axes: [
      {
        ...axis,
        font,
        size: 26,
        grid: { show: false },
        values: (_, moments) => moments.map((s) => dayText(new Date(s * 1000).toISOString().slice(0, 10))),
        incrs: [86_400, 172_800, 604_800, 1_209_600, 2_592_000, 5_184_000],
      },
      { ...axis, font, size: 56, values: (_, values) => values.map((value) => textOf(measure, value)) },
    ],
    series: [
      {},
      ...partsOf(measure)
        .toReversed()
        .map(({ colour }) => ({
          fill: token(colour),
          width: 0,
          points: { show: false },
          ...(bars ? { paths: bars } : {}),
        })),
    ],
    hooks: { setCursor: [(plot) => onPoint(plot.cursor.idx ?? undefined)] },
  }
}
