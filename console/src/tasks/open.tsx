import { createSignal, Show, Suspense } from 'solid-js'
import { lazy } from '../app/lazy'
import type { TaskPriority } from '@shared/contract'

/** What a new task begins with. */
export interface Prefill {
  target?: string | undefined
  summary?: string | undefined
  description?: string | undefined
  priority?: TaskPriority | undefined
  labels?: string[] | undefined
  assigneeId?: string | null | undefined
  dueAt?: number | null | undefined
  /** The task that it becomes a part of. */
  parentId?: string | undefined
}

const [prefill, setPrefill] = createSignal<Prefill>()
const Create = lazy(() => import('./create'))

/** Opens the window that makes a task, from anywhere in the console. */
export const openCreateTask = (begin: Prefill = {}): void => void setPrefill(begin)

/** Where that window is shown; once in the page. */
export const CreateTaskHost = () => (
  <Show when={prefill()} keyed>
    {(begin) => (
      <Suspense>
        <Create begin={begin} onClose={() => setPrefill(undefined)} />
      </Suspense>
    )}
  </Show>
)
