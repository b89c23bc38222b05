import { createMemo, createRoot, untrack } from 'solid-js'
import { unwrap } from 'solid-js/store'
import type { Task, TaskPatch, TaskView } from '@shared/contract'
import { ApiError, call } from '../api/client'
import '../i18n/en/tasks'
import { createCollection } from '../store/collection'
import { onEvent } from '../store/feed'
import { state } from '../store/state'
import { refuse } from './refused'
import { isClosed } from './rules'

/** Every task that was asked for, kept up to date by events. */
export const tasks = createCollection<Task>({
  ofEvent: (event) => (event.kind === 'task' ? event.payload : undefined),
  idOf: (task) => task.id,
  age: (task) => task.version,
})

// That a task has a thread now is told by the thread's first message alone.
onEvent((event) => {
  if (event.kind !== 'message' || event.operation !== 'created' || event.payload.system?.type !== 'task.thread') return
  const task = tasks.items[String(event.payload.system.data['taskId'])]
  if (task && task.threadId === null) tasks.put({ ...snapshot(task), threadId: event.payload.id })
})

/** Views by a name, the reader's own and shared ones. */
export const views = createCollection<TaskView>({
  ofEvent: (event) => (event.kind === 'task_view' ? event.payload : undefined),
  idOf: (view) => view.id,
  age: (view) => view.updatedAt,
})

/** What is known here, of conversations that the reader is still in, and everything that was ever a label among it. */
export const { known, labels } = createRoot(() => {
  const known = createMemo(() => Object.values(tasks.items).filter((task) => state.channels[task.target] !== undefined))
  return {
    known,
    labels: createMemo(() => [...new Set(known().flatMap((task) => task.labels))].sort((a, b) => a.localeCompare(b))),
  }
})

export const taskByNumber = (number: number): Task | undefined => known().find((task) => task.number === number)

/** Takes in one task by id or number. Throws `ApiError`. */
export async function fetchTask(ref: string): Promise<Task> {
  const task = await call('GET /api/tasks/{id}', { params: { id: ref } })
  tasks.put(task)
  return task
}

/** What the server will make of a patch, as far as it can be told. */
function foreseen(task: Task, { column, ...patch }: TaskPatch): Task {
  const state = patch.state ?? task.state
  const given = Object.fromEntries(
    Object.entries(patch).filter(([name, value]) => value !== undefined && name !== 'version'),
  )
  return {
    ...task,
    ...given,
    column: column ?? (task.column === task.state || column === null ? state : task.column),
    closedAt: isClosed(state) ? (task.closedAt ?? Date.now()) : null,
  }
}

const snapshot = (task: Task): Task => untrack(() => structuredClone(unwrap(task)))

/** Fields of a patch that another change has touched as well. */
function crossed(before: Task, now: Task, patch: TaskPatch): boolean {
  return Object.keys(patch).some((field) => {
    const [was, is]: unknown[] = [Reflect.get(before, field), Reflect.get(now, field)]
    return field !== 'version' && JSON.stringify(was) !== JSON.stringify(is)
  })
}

/**
 * Changes a task: it shows at once, and as before when the server refuses. What somebody else changed in between is kept; only when it is the
 * same thing is the change not made, and the reader told.
 * @param base the task as the reader saw it, when that is longer ago than now
 * @throws ApiError what the server refused it for
 */
export async function patchTask(task: Task, patch: TaskPatch, base?: Task): Promise<Task> {
  const before = snapshot(task)
  const seen = base ?? before
  tasks.put(foreseen(before, patch))
  const send = (version: number): Promise<Task> =>
    call('PATCH /api/tasks/{id}', { params: { id: task.id }, body: { ...patch, version } })
  try {
    const now = await send(seen.version).catch(async (error: unknown) => {
      const current = staleTask(error)
      if (!current || crossed(seen, current, patch)) throw error
      return send(current.version)
    })
    tasks.put(now)
    return now
  } catch (error) {
    tasks.put(staleTask(error) ?? before)
    throw error
  }
}

/** As `patchTask`; what went wrong is said in the corner. Resolves whether it worked. */
export async function changeTask(task: Task, patch: TaskPatch): Promise<boolean> {
  const before = snapshot(task)
  try {
    await patchTask(task, patch)
    return true
  } catch (error) {
    refuse(error, before)
    return false
  }
}

/** The task as it is now, out of the refusal of a change to what it was. */
export function staleTask(error: unknown): Task | undefined {
  const current = error instanceof ApiError && error.code === 'stale' ? error.data?.['current'] : undefined
  return isTask(current) ? current : undefined
}

const isTask = (value: unknown): value is Task =>
  typeof value === 'object' && value !== null && 'id' in value && 'version' in value && 'summary' in value
