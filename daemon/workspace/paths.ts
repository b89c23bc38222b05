import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import type { FileDiff, ToolKind } from '../runtimes/events'
import { isInside } from './workspace'

/** Kinds whose input names files; what other kinds reach cannot be told from their input. */
const FILE_KINDS: ReadonlySet<ToolKind> = new Set(['read', 'edit', 'delete', 'move', 'search'])
/** Input fields that name a file or folder, as the tools of coding agents spell them. */
const PATH_FIELD =
  /^(?:paths?|(?:abs(?:olute)?_?|file_?|dir(?:ectory)?_?|old_?|new_?|source_?|target_?|notebook_?)path|file(?:name|path)?s?|director(?:y|ies)|folder|cwd|source|destination|to|from)$/i
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
    if (Array.isArray(value) || !PATH_FIELD.test(name)) return namedPaths(item, depth - 1)
    return [item].flat().flatMap((path) => (typeof path === 'string' ? [path] : namedPaths(path, depth - 1)))
  })
}

/** `~/x` and `file:///x` are paths too. */
function expand(path: string): string {
  if (path.startsWith('~/') || path === '~') return join(homedir(), path.slice(1))
  const url = path.startsWith('file://') ? URL.parse(path)?.pathname : undefined
  return url && isAbsolute(url) ? url : path
}
