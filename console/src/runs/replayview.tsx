import { createEffect, createMemo, For, on, Show } from 'solid-js'
import type { Run, RunStep } from '@shared/contract'
import '../i18n/en/work'
import { t } from '../i18n'
import { state } from '../store/state'
import { Empty } from '../ui/empty'
import { SkeletonRows } from '../ui/skeleton'
import { createEverything } from './everything'
import { createPlayer, PlayerBar } from './player'
import { begunAt, reelOf, stepAt } from './replay'
import { isShown, Step } from './steps'
import { TimelineStrip } from './strip'

/** Steps that are on screen at once while a run is replayed. */
const shownAtOnce = 40

/** A run once more, as it happened. */
export default function RunReplay(props: { run: Run }) {
  const complete = createEverything(() => props.run.id)
  const steps = createMemo<RunStep[]>(() => {
    const log = state.steps[props.run.id]
    return complete() && log ? log.order.flatMap((id) => log.byId[id] ?? []).filter(isShown) : []
  })
  return (
    <Show when={complete()} fallback={<Waiting />}>
      <Show
        when={steps().length > 0}
        fallback={<Empty icon="i-lucide-film" title={t('replay.none')} text={t('replay.noneText')} />}
      >
        <Stage steps={steps()} />
      </Show>
    </Show>
  )
}

const Waiting = () => (
  <div class="col gap-2">
    <p class="text-[13px] text-soft">{t('work.loadAll')}</p>
    <SkeletonRows count={3} avatar={false} />
  </div>
)

function Stage(props: { steps: RunStep[] }) {
  const reel = createMemo(() => reelOf(props.steps))
  const player = createPlayer(reel)
  const begun = createMemo(() => begunAt(reel(), player.at()))
  const from = () => Math.max(0, begun() - shownAtOnce)
  const ids = createMemo(() => props.steps.slice(from(), begun()).map((step) => step.id))
  const places = createMemo(() => new Map(props.steps.map((step, at) => [step.id, at])))
  const current = () => props.steps[begun() - 1]?.id
  let list: HTMLDivElement | undefined
  createEffect(on(begun, () => requestAnimationFrame(() => list?.scrollTo({ top: list.scrollHeight }))))
  const until = () => props.steps.reduce((most, step) => Math.max(most, step.completedAt ?? step.startedAt), 0)
  const pick = (id: string) => {
    const moment = reel().moments[places().get(id) ?? -1]
    if (moment) player.seek(moment.start)
  }
  return (
    <div class="col gap-3">
      <PlayerBar player={player} reel={reel()} />
      <TimelineStrip steps={props.steps} until={until()} current={current()} onPick={pick} />
      <p class="text-[12.5px] text-faint">{t('replay.hint')}</p>
      <div
        ref={(element) => (list = element)}
        tabindex="0"
        role="region"
        aria-label={t('work.replay')}
        class="col gap-2 rounded-xl border border-line bg-surface p-4 h-[60vh] overflow-y-auto"
      >
        <For each={ids()}>
          {(id) => {
            const at = () => places().get(id) ?? 0
            // A memo, so that a step which is over by now is drawn once and not with every frame.
            const shown = createMemo(() => {
              const [step, moment] = [props.steps[at()], reel().moments[at()]]
              return step && moment ? stepAt(step, moment, player.at()) : undefined
            })
            return (
              <Show when={shown()}>{(step) => <Step step={step()} live={id === current() && player.playing()} />}</Show>
            )
          }}
        </For>
      </div>
    </div>
  )
}
