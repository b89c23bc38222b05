import { createMemo, createSignal, createUniqueId, For, Index, Show } from 'solid-js'
import type { RunStep } from '@shared/contract'
import '../i18n/en/work'
import { t } from '../i18n'
import { duration } from '../i18n/dates'
import { cx } from '../ui/cx'
import { layOut, ticks, type Bar, type BarKind } from './timeline'

const looks: Record<BarKind, string> = {
  text: 'bg-accent',
  thought: 'bg-edge',
  tool: 'bg-info',
  approval: 'bg-warn',
  problem: 'bg-bad',
}

interface StripProps {
  steps: RunStep[]
  /** When the last of what is not over yet ends. */
  until: number
  /** The step that is shown now, when there is one. */
  current?: string | undefined
  onPick: (stepId: string) => void
}

const laneHeight = 14

/** What went on when, as bars on one line of time. */
export function TimelineStrip(props: StripProps) {
  const id = createUniqueId()
  const line = createMemo(() => layOut(props.steps, props.until))
  const byId = createMemo(() => new Map(props.steps.map((step) => [step.id, step])))
  const [at, setAt] = createSignal(0)
  const bar = (): Bar | undefined => line().bars[Math.min(at(), line().bars.length - 1)]
  const keydown = (event: KeyboardEvent) => {
    const last = line().bars.length - 1
    const to = { ArrowRight: at() + 1, ArrowLeft: at() - 1, Home: 0, End: last }[event.key]
    if (to !== undefined) setAt(Math.max(0, Math.min(last, to)))
    else if (event.key === 'Enter' || event.key === ' ') {
      const chosen = bar()
      if (chosen) props.onPick(chosen.id)
    } else return
    event.preventDefault()
  }
  const nameOf = (bar: Bar) =>
    t('timeline.bar', {
      what: bar.count > 1 ? t('timeline.more', { n: bar.count }) : nameOfStep(byId().get(bar.id), bar),
      duration: duration(bar.duration),
      after: duration(bar.startedAt - line().from),
    })
  return (
    <Show when={line().bars.length > 0}>
      <div class="rounded-xl border border-line bg-surface px-3 pt-2.5 pb-1.5">
        <div
          role="listbox"
          aria-label={t('timeline.label')}
          aria-orientation="horizontal"
          aria-activedescendant={`${id}-${bar()?.id}`}
          tabindex="0"
          onKeyDown={keydown}
          class="group relative rounded"
          style={{ height: `${line().lanes * laneHeight}px` }}
        >
          {/* By their place: while a run goes on its bars grow every second, and only their sizes change. */}
          <Index each={line().bars}>
            {(one, index) => (
              <div
                role="option"
                id={`${id}-${one().id}`}
                aria-selected={one().id === (props.current ?? bar()?.id)}
                aria-label={nameOf(one())}
                title={nameOf(one())}
                onClick={() => {
                  setAt(index)
                  props.onPick(one().id)
                }}
                class={cx(
                  'absolute h-2.5 min-w-0.75 rounded-sm cursor-pointer hover:brightness-125',
                  looks[one().kind],
                  index === at() && 'group-focus:ring-2 group-focus:ring-ink group-focus:z-1',
                  one().id === props.current && 'ring-2 ring-accent z-1',
                )}
                style={{
                  left: `${one().start * 100}%`,
                  width: `${one().width * 100}%`,
                  top: `${one().lane * laneHeight + 2}px`,
                }}
              />
            )}
          </Index>
        </div>
        <div class="relative h-4.5 mt-1 border-t border-line text-[11px] text-faint tabular-nums" aria-hidden="true">
          <For each={ticks(line().span)}>
            {(tick) => (
              <span
                class="absolute top-0.5 pl-1 border-l border-line whitespace-nowrap"
                style={{ left: `${(tick / line().span) * 100}%` }}
                classList={{ 'max-sm:hidden': tick > 0, invisible: tick / line().span > 0.95 }}
              >
                {duration(tick)}
              </span>
            )}
          </For>
        </div>
      </div>
    </Show>
  )
}

function nameOfStep(step: RunStep | undefined, bar: Bar): string {
  const detail = step?.detail
  if (detail?.type === 'tool' || detail?.type === 'approval')
    return [t(`tool.${detail.kind}`), detail.title.split('\n')[0]?.slice(0, 120)].filter(Boolean).join(' ')
  return t(`timeline.${bar.kind}`)
}
