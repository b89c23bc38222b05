import { createEffect, createMemo, createSignal, on, onCleanup, onMount, Show, untrack } from 'solid-js'
import { Virtualizer, type VirtualizerHandle } from 'virtua/solid'
import type { Run } from '@shared/contract'
import { act } from '../app/act'
import { t } from '../i18n'
import { clock } from '../i18n/dates'
import { fetchEarlier, isOver } from '../store/runs'
import { state } from '../store/state'
import type { StepLog } from '../store/steps'
import { Skeleton } from '../ui/skeleton'
import { isShown, Step } from './steps'

interface LongListProps {
  run: Run
  log: StepLog
  /** The step to show; asked again with another object for the same step. */
  goTo?: { id: string } | undefined
}

const pageOfSteps = 100
/** As near to the top, in pixels, as earlier steps are asked for. */
const ahead = 400

/** Every step of a run, of which only those in view are in the page. */
export function LongStepList(props: LongListProps) {
  const [scroller, setScroller] = createSignal<HTMLElement>()
  const [margin, setMargin] = createSignal(0)
  const [handle, setHandle] = createSignal<VirtualizerHandle>()
  let holder: HTMLDivElement | undefined

  onMount(() => {
    const found = holder?.closest<HTMLElement>('[data-scroller]')
    if (!found || !holder) return
    setScroller(found)
    const measure = () => {
      if (holder) setMargin(holder.getBoundingClientRect().top - found.getBoundingClientRect().top + found.scrollTop)
    }
    // What stands above the list grows and shrinks: a failure, a question, the timeline.
    const watch = new ResizeObserver(measure)
    for (const element of [found, ...found.children, ...(holder.parentElement?.parentElement?.children ?? [])])
      watch.observe(element)
    measure()
    onCleanup(() => watch.disconnect())
  })

  const rows = createMemo<{ ids: string[]; shift: boolean }>(
    (before) => {
      const ids = props.log.order.filter((id) => isShown(props.log.byId[id]))
      const earlier = before.ids.length > 0 && ids[0] !== before.ids[0] && ids.at(-1) === before.ids.at(-1)
      // While the page is being filled its reader is at its head and stays there; later they stay at the step that they read.
      const atHead = before.ids.length < 2 * pageOfSteps && (untrack(scroller)?.scrollTop ?? 0) < untrack(margin)
      const shift = earlier && !atHead
      return { ids, shift }
    },
    { ids: [], shift: false },
  )
  const more = () => {
    const view = handle()
    if (props.log.older !== null && view && view.scrollOffset - margin() < ahead)
      void act(() => fetchEarlier(props.run.id, pageOfSteps))
  }
  // A run of a few hundred steps is read from its beginning, so it is there at once.
  createEffect(
    on(
      () => props.log.older,
      (older) => {
        if (older !== null && props.log.order.length < 2 * pageOfSteps)
          void act(() => fetchEarlier(props.run.id, pageOfSteps))
      },
    ),
  )
  createEffect(() => {
    const at = props.goTo ? rows().ids.indexOf(props.goTo.id) : -1
    if (at >= 0) requestAnimationFrame(() => handle()?.scrollToIndex(at, { align: 'center' }))
  })
  return (
    <div ref={(element) => (holder = element)} role="list" aria-label={t('run.steps')}>
      <Show when={props.log.older !== null}>
        <div class="row gap-3 py-2" role="status" aria-label={t('common.loading')}>
          <Skeleton class="h-3 w-2/5" />
        </div>
      </Show>
      <Show when={scroller()}>
        {(scroller) => (
          <Virtualizer
            ref={setHandle}
            data={rows().ids}
            shift={rows().shift}
            scrollRef={scroller()}
            startMargin={margin()}
            bufferSize={400}
            onScroll={more}
          >
            {(id) => (
              <Show when={props.log.byId[id]}>
                {(step) => (
                  <div
                    role="listitem"
                    class="row items-start gap-3 pb-2 rounded-lg"
                    classList={{ 'bg-accent-soft': props.goTo?.id === id }}
                  >
                    <time class="text-[12px] text-faint tabular-nums w-15 shrink-0 pt-1 whitespace-nowrap max-sm:hidden">
                      {clock(step().startedAt)}
                    </time>
                    <div class="flex-1 min-w-0">
                      <Step step={step()} live={!isOver(state.runs[props.run.id]) && id === props.log.order.at(-1)} />
                    </div>
                  </div>
                )}
              </Show>
            )}
          </Virtualizer>
        )}
      </Show>
      <Show when={rows().ids.length === 0 && props.log.loaded && props.log.older === null}>
        <p class="text-soft">{t(props.log.removed ? 'run.stepsRemoved' : 'run.noSteps')}</p>
      </Show>
    </div>
  )
}
