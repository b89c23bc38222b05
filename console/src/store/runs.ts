import { onCleanup, createEffect } from 'solid-js'
import type { Run, RunState } from '@shared/contract'
import { call } from '../api/client'
import { put, putRun } from './apply'
import { change, state } from './state'
import { addFetched, emptyLog } from './steps'

const over: ReadonlySet<RunState> = new Set(['completed', 'failed', 'canceled'])
export const isOver = (run: Pick<Run, 'state'> | undefined): boolean => run !== undefined && over.has(run.state)

const watchers = new Map<string, number>()
const fetching = new Set<string>()

/** Loads the steps of a run and keeps them up to date while the calling view is on screen. */
export function watchRun(runId: () => string | null | undefined): void {
  createEffect(() => {
    const id = runId()
    if (!id) return
    watchers.set(id, (watchers.get(id) ?? 0) + 1)
    if (!state.steps[id]) {
      change((draft) => void (draft.steps[id] = emptyLog()))
      void fetchRun(id)
    }
    onCleanup(() => {
      const left = (watchers.get(id) ?? 1) - 1
      if (left > 0) watchers.set(id, left)
      else watchers.delete(id)
      // Off screen, steps would only grow; a view that comes back fetches them. Later, because a list may just be moving it.
      if (left <= 0) setTimeout(() => watchers.has(id) || change((draft) => void delete draft.steps[id]), 5000)
    })
  })
}

/** Fetches a run with its steps and approvals. Throws `ApiError`. */
export async function fetchRun(id: string): Promise<void> {
  if (fetching.has(id)) return
  fetching.add(id)
  const before = new Map(Object.values(state.steps[id]?.byId ?? {}).map((step) => [step.id, JSON.stringify(step)]))
  try {
    const answer = await call('GET /api/runs/{id}', { params: { id } })
    change((draft) => {
      putRun(draft, answer.run)
      for (const approval of answer.approvals) put(draft.approvals, approval.id, approval)
      const log = (draft.steps[id] ??= emptyLog())
      const touched = Object.values(log.byId).filter((step) => before.get(step.id) !== JSON.stringify(step))
      addFetched(log, answer.steps, new Set(touched.map((step) => step.id)))
    })
  } finally {
    fetching.delete(id)
  }
}

/** Fetches again where a piece of text was missed. */
export function refetchGaps(): void {
  for (const [id, log] of Object.entries(state.steps)) {
    if (log.gap && log.loaded) void fetchRun(id).catch(() => undefined)
  }
}
