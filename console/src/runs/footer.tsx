import { A } from '@solidjs/router'
import { createMemo, createSignal, Show } from 'solid-js'
import { runPath } from '../app/paths'
import { t } from '../i18n'
import { fetchRun, watchRun } from '../store/runs'
import { state } from '../store/state'
import { cx } from '../ui/cx'
import { Icon } from '../ui/icon'
import { Skeleton } from '../ui/skeleton'
import { StepList } from './steps'
import { runFigures } from './usage'

/** Below an agent's answer: what it took, folded. The steps are fetched when somebody unfolds them. */
export function RunFooter(props: { runId: string; answer: string }) {
  const [open, setOpen] = createSignal(false)
  const run = () => state.runs[props.runId]
  const figures = createMemo(() => {
    const known = run()
    return known ? runFigures(known, known.completedAt ?? Date.now()) : ''
  })
  const toggle = () => {
    setOpen((open) => !open)
    if (!run()) void fetchRun(props.runId).catch(() => undefined)
  }
  return (
    <div class="mt-1 mb-0.5">
      <button
        type="button"
        aria-expanded={open()}
        onClick={toggle}
        class="row flex-wrap gap-x-1.5 -ml-1 px-1 min-h-6 rounded-md text-[12.5px] text-left text-faint hover:text-ink tabular-nums"
      >
        <Icon name="i-lucide-chevron-right" class={cx('transition-transform', open() && 'rotate-90')} />
        {t('run.how')}
        <Show when={figures()}>
          <span>{figures()}</span>
        </Show>
      </button>
      <Show when={open()}>
        <Unfolded runId={props.runId} answer={props.answer} />
      </Show>
    </div>
  )
}

function Unfolded(props: { runId: string; answer: string }) {
  watchRun(() => props.runId)
  const log = () => state.steps[props.runId]
  return (
    <div class="rounded-xl border border-line bg-surface px-3.5 py-2.5 mt-1 col gap-2.5">
      <Show when={log()?.loaded && log()} fallback={<Skeleton class="h-3 w-2/5" />}>
        {(log) => <StepList runId={props.runId} log={log()} live={false} without={props.answer} all />}
      </Show>
      <A
        href={runPath(props.runId)}
        class="row gap-1.5 text-[12.5px] text-accent-text font-550 hover:underline w-fit rounded"
      >
        <Icon name="i-lucide-list-tree" />
        {t('run.open')}
      </A>
    </div>
  )
}
