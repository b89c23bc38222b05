import { readFileSync, statSync } from 'node:fs'
import { createTwoFilesPatch, FILE_HEADERS_ONLY } from 'diff'
import type { FileDiff } from './events'

/** Bigger texts are not compared: the diff would help nobody and the comparison is quadratic. */
const MAX_COMPARED = 512 * 1024

/** A unified diff of one file. `null` stands for a file that does not exist. */
export function fileDiff(path: string, before: string | null, after: string | null): FileDiff {
  if ((before?.length ?? 0) + (after?.length ?? 0) > MAX_COMPARED)
    return { path, diff: `(${before?.length ?? 0} → ${after?.length ?? 0} characters, too long to compare)` }
  const from = before === null ? '/dev/null' : path
  const to = after === null ? '/dev/null' : path
  const options = { context: 3, headerOptions: FILE_HEADERS_ONLY }
  return { path, diff: createTwoFilesPatch(from, to, before ?? '', after ?? '', undefined, undefined, options) }
}

/** The text of a file as it is now; null when there is none, or none that can be compared. */
export function currentText(path: string): string | null {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat?.isFile() && stat.size <= MAX_COMPARED ? readFileSync(path, 'utf8') : null
}
