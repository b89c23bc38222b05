import type { RunStep } from '@shared/contract'
import { changeOf } from './toolinput'

export interface FileChange {
  /** Of the step that made it. */
  stepId: string
  path: string
  diff: string
}

/** What steps changed in files, by file in the order of the first change. What failed or was denied changed nothing. */
export function changesOf(steps: readonly RunStep[]): FileChange[] {
  const byPath = new Map<string, FileChange[]>()
  for (const { id, detail } of steps) {
    if (detail.type !== 'tool' || (detail.outcome !== undefined && detail.outcome !== 'completed')) continue
    const given = detail.kind === 'edit' ? changeOf(detail.input) : undefined
    const files = detail.diff?.length ? detail.diff : given && detail.outcome === 'completed' ? [given] : []
    for (const { path, diff } of files) byPath.set(path, [...(byPath.get(path) ?? []), { stepId: id, path, diff }])
  }
  return [...byPath.values()].flat()
}
