import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import type { FileDiff, ToolKind } from '../runtimes/events'
import { isInside } from './workspace'

/** Kinds whose input names files; what other kinds reach cannot be told from their input. */
const FILE_KINDS: ReadonlySet<ToolKind> = new Set(['read', 'edit', 'delete', 'move', 'search'])
/**
 * The last word of input fields that name a file or folder, as the tools of coding agents spell them: `target_file`, `absolutePath`. A
 * field that is no path after all mostly looks like a name in the workspace, and does no harm.
 */
const PATH_WORD =
  /^(?:paths?|files?|filenames?|filepaths?|uris?|dirs?|director(?:y|ies)|folders?|cwd|root|source|destination|from|to)$/
const MAX_DEPTH = 3

export interface ToolCall {
  kind: ToolKind
  input: unknown
  diff?: FileDiff[] | undefined
}

/** True when a call names a file outside of the workspace. For kinds that do not name files it is false: their rule decides alone. */
export function leavesWorkspace(workspace: string, { kind, input, diff = [] }: ToolCall): boolean {
  if (!FILE_KINDS.has(kind)) return false
  const named = [...namedPaths(input, MAX_DEPTH), ...diff.map(({ path }) => path)]
  return named.some((path) => !isInside(workspace, expand(path)))
}

function namedPaths(value: unknown, depth: number): string[] {
  if (typeof value !== 'object' || value === null || depth === 0) return []
  return Object.entries(value).flatMap(([name, item]) => {
    if (Array.isArray(value) || !PATH_WORD.test(lastWord(name))) return namedPaths(item, depth - 1)
    return [item].flat().flatMap((path) => (typeof path === 'string' ? [path] : namedPaths(path, depth - 1)))
  })
}

const lastWord = (name: string): string =>
  name
    .replace(/([a-z0-9])(?=[A-Z])/g, '$1_')
    .toLowerCase()
    .split(/[_-]/)
    .at(-1) ?? ''

/** `~/x` and `file:///x` are paths too. */
function expand(path: string): string {
  if (path.startsWith('~/') || path === '~') return join(homedir(), path.slice(1))
  const url = /^file:/i.test(path) ? URL.parse(path)?.pathname : undefined
  return url && isAbsolute(url) ? decoded(url) : path
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    // Broken percent-encoding: nobody can tell where it leads, so it leads out.
    return '/'
  }
}
