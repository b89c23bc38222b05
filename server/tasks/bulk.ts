import type { BulkOutcome, BulkPatch, TaskPatch } from '@shared/contract'
import type { Core } from '../core'
import { errorBody, normalise } from '../http/errors'
import type { TaskBook, Worker } from './book'
import type { TaskService } from './service'

/** Changes several tasks alike, one after the other, each in a transaction of its own: what one is refused for is its own matter. */
export async function changeAll(
  core: Core,
  { book, tasks }: { book: TaskBook; tasks: TaskService },
  p: Worker,
  ids: readonly string[],
  patch: BulkPatch,
): Promise<BulkOutcome[]> {
  const outcomes: BulkOutcome[] = []
  for (const id of ids) {
    try {
      const { row } = await book.find(p, 'write', id)
      outcomes.push({ id, task: await tasks.update(p, row.id, patchOf(row.labels, patch)) })
    } catch (cause) {
      const error = normalise(cause)
      if (error.kind === 'internal') core.log.error('a task of several was not changed', { id, error: cause })
      outcomes.push({ id, error: errorBody(error) })
    }
  }
  return outcomes
}

function patchOf(labels: readonly string[], { addLabels = [], removeLabels = [], ...patch }: BulkPatch): TaskPatch {
  if (!addLabels.length && !removeLabels.length) return patch
  const kept = labels.filter((label) => !removeLabels.includes(label))
  return { ...patch, labels: [...new Set([...kept, ...addLabels])] }
}
