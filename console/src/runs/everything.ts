import { createEffect, createSignal, on, type Accessor } from 'solid-js'
import { act } from '../app/act'
import { fetchEarlier } from '../store/runs'
import { state } from '../store/state'

/** Steps of one request; a page ends at 2 MiB in any case. */
const pageSize = 200

/** Loads the steps of a run up to the first one, page by page. Tells whether all of them are here. */
export function createEverything(runId: Accessor<string>): Accessor<boolean> {
  const [failed, setFailed] = createSignal(false)
  const log = () => state.steps[runId()]
  createEffect(
    on(
      () => [log()?.loaded, log()?.older] as const,
      ([loaded, older]) => {
        if (!loaded || older === null || failed()) return
        void act(() => fetchEarlier(runId(), pageSize)).then((worked) => !worked && setFailed(true))
      },
    ),
  )
  return () => log()?.loaded === true && (log()?.older === null || failed())
}
