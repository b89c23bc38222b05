import { onCleanup, createEffect } from 'solid-js'
import { createStore } from 'solid-js/store'
import type { Run, RunState, RunStep, RunTask } from '@shared/contract'
import { call } from '../api/client'
import { put, putRun } from './apply'
import { change, state } from './state'
import { type StepLog, addFetched, emptyLog } from './steps'

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

const pageSize = 50

const [runTasks, setRunTasks] = createStore<Record<string, RunTask | null>>({})

/** The task that a run works on; undefined until that is known. */
export const taskOfRun = (id: string): RunTask | null | undefined => runTasks[id]

/** Fetches a run with its latest steps and permission requests. Throws `ApiError`. */
export async function fetchRun(id: string): Promise<void> {
  if (fetching.has(id)) return
  fetching.add(id)
  try {
    const takeIn = taking(id)
    const [{ run, approvals, task }, page] = await Promise.all([
      call('GET /api/runs/{id}', { params: { id } }),
      call('GET /api/runs/{id}/steps', { params: { id }, query: { order: 'desc', limit: pageSize } }),
    ])
    setRunTasks(id, task)
    change((draft) => {
      putRun(draft, run)
      for (const approval of approvals) put(draft.approvals, approval.id, approval)
    })
    takeIn(page.items, (log) => {
      if (!log.loaded) log.older = page.nextCursor ?? null
      log.loaded = true
      log.removed = page.removed
    })
  } finally {
    fetching.delete(id)
    refetchGaps()
  }
}

/** Loads the steps before those that are here. Throws `ApiError`. */
export async function fetchEarlier(id: string, limit = pageSize): Promise<void> {
  const cursor = state.steps[id]?.older
  const name = `${id} ${cursor}`
  if (!cursor || fetching.has(name)) return
  fetching.add(name)
  try {
    const query = { order: 'desc' as const, limit, cursor }
    const page = await call('GET /api/runs/{id}/steps', { params: { id }, query })
    change((draft) => {
      const log = draft.steps[id]
      // Nobody looks any more, or another view has asked for the same page meanwhile.
      if (log?.older !== cursor) return
      // Events tell nothing of steps before those that are here, so none can have overtaken the answer.
      addFetched(log, page.items, new Set())
      log.older = page.nextCursor ?? null
    })
  } finally {
    fetching.delete(name)
  }
}

/** Notes what a run's steps are now; what changes while a request is on its way is newer than its answer. */
function taking(id: string): (steps: RunStep[], then: (log: StepLog) => void) => void {
  const before = new Map(Object.values(state.steps[id]?.byId ?? {}).map((step) => [step.id, JSON.stringify(step)]))
  return (steps, then) =>
    change((draft) => {
      const log = (draft.steps[id] ??= emptyLog())
      const touched = Object.values(log.byId).filter((step) => before.get(step.id) !== JSON.stringify(step))
      addFetched(log, steps, new Set(touched.map((step) => step.id)))
      then(log)
    })
}

/** Fetches steps of which something was missed, or was too large for an event. */
export function refetchGaps(): void {
  for (const [id, log] of Object.entries(state.steps))
    if (log.loaded) for (const stepId of log.gaps) void fetchStep(id, stepId).catch(() => undefined)
}

async function fetchStep(id: string, stepId: string): Promise<void> {
  if (fetching.has(stepId)) return
  fetching.add(stepId)
  try {
    // Taken off now: what is missed while the request is on its way is missed again.
    change((draft) => {
      const log = draft.steps[id]
      if (log) log.gaps = log.gaps.filter((one) => one !== stepId)
    })
    const takeIn = taking(id)
    takeIn([await call('GET /api/runs/{id}/steps/{stepId}', { params: { id, stepId } })], () => undefined)
  } finally {
    fetching.delete(stepId)
    refetchGaps()
  }
}
