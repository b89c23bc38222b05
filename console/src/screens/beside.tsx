import { createMemo, Show, Suspense, type ParentProps } from 'solid-js'
import type { Agent, Run } from '@shared/contract'
import { lazy } from '../app/lazy'
import { isOver } from '../store/runs'
import { state } from '../store/state'
import { cx } from '../ui/cx'
import { Skeleton } from '../ui/skeleton'
import { hasScreen } from './supported'

const ScreenPane = lazy(() => import('./pane'))

/** The screen that a run works on beside what it did there, on a phone above. Stays while the page is open, also when the run is over. */
export function ScreenBeside(props: ParentProps<{ run: Run }>) {
  const agent = () => state.agents[props.run.agentId]
  const shown = createMemo<{ runId: string; is: boolean }>(
    (before) => {
      const runId = props.run.id
      return { runId, is: (before.runId === runId && before.is) || (hasScreen(agent()) && !isOver(props.run)) }
    },
    { runId: '', is: false },
  )
  return (
    <Beside agent={shown().is ? agent() : undefined} run={props.run}>
      {props.children}
    </Beside>
  )
}

/** What stands beside an agent's screen. `alone`: there is nothing now. */
export const Beside = (props: ParentProps<{ agent: Agent | undefined; run?: Run | undefined; alone?: boolean }>) => (
  <div
    class={cx(
      'min-w-0',
      props.agent && 'col gap-5',
      props.agent && !props.alone && 'lg:grid lg:grid-cols-[minmax(0,5fr)_minmax(17rem,3fr)] lg:items-start',
    )}
  >
    <Show when={props.agent}>
      {(agent) => (
        <div class="min-w-0 lg:sticky lg:top-0">
          <Suspense fallback={<Skeleton class="aspect-video w-full rounded-xl" />}>
            <ScreenPane agent={agent()} run={props.run} />
          </Suspense>
        </div>
      )}
    </Show>
    <div class="min-w-0">{props.children}</div>
  </div>
)
