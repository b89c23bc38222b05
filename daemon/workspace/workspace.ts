import { accessSync, constants, existsSync, mkdirSync, realpathSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, isAbsolute, join, resolve, sep } from 'node:path'
import { errorText } from '@shared/errors'
import { agentHome, type Paths } from '../config/paths'
import { RuntimeFailure } from '../runtimes/failure'

export interface WorkspaceOptions {
  paths: Paths
  agentName: string
  /** Absolute folder from the agent's settings; empty for the daemon's own. */
  configured: string
}

const MEMORY = (name: string) => `# Memory of @${name}

What @${name} must still know in a later session. Nekode shows this file to people; the agent reads and changes it.

- Keep it short: facts, decisions, preferences, where things are. No logs of what was done.
- Put what is longer into notes/, one file a subject, and name the file here.
`

/**
 * The agent's folder, made when it is the daemon's own, with MEMORY.md and notes/ in it; what is there is never overwritten.
 * @returns its real path
 * @throws RuntimeFailure workspace_unavailable that names the folder
 */
export function prepareWorkspace({ paths, agentName, configured }: WorkspaceOptions): string {
  const folder = configured || join(agentHome(paths, agentName), 'workspace')
  if (!isAbsolute(folder)) throw unavailable(folder, 'is not an absolute path')
  if (!configured) makeOwn(folder)
  const real = ownNothing(folder, paths)
  try {
    accessSync(real, constants.R_OK | constants.W_OK | constants.X_OK)
    makeMemory(real, agentName)
  } catch (cause) {
    throw unavailable(folder, `cannot be written: ${errorText(cause)}`, cause)
  }
  return real
}

/**
 * The agent's folder as it is, made by nobody: for looking at.
 * @returns its real path
 * @throws RuntimeFailure workspace_unavailable that names the folder
 */
export function findWorkspace({ paths, agentName, configured }: WorkspaceOptions): string {
  const folder = configured || join(agentHome(paths, agentName), 'workspace')
  if (!isAbsolute(folder)) throw unavailable(folder, 'is not an absolute path')
  return ownNothing(folder, paths)
}

/** The real path of a folder, when it has nothing of the daemon's in it: who sees that could read every credential of this computer. */
function ownNothing(folder: string, paths: Paths): string {
  const real = realFolder(folder)
  const state = realpathSync(paths.state)
  if (contains(real, state) || contains(state, real)) throw unavailable(folder, "is, or holds, the daemon's own folder")
  return real
}

function makeOwn(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  } catch (cause) {
    throw unavailable(folder, `cannot be made: ${errorText(cause)}`, cause)
  }
}

function realFolder(folder: string): string {
  const found = statSync(folder, { throwIfNoEntry: false })
  if (!found) throw unavailable(folder, 'does not exist on this computer')
  if (!found.isDirectory()) throw unavailable(folder, 'is not a folder')
  return realpathSync(folder)
}

/** Makes what is missing of MEMORY.md and notes/. */
export function makeMemory(workspace: string, agentName: string): void {
  mkdirSync(join(workspace, 'notes'), { recursive: true })
  const file = join(workspace, 'MEMORY.md')
  // "wx": another process that was faster is not overwritten either.
  if (!existsSync(file)) writeFileSync(file, MEMORY(agentName), { flag: 'wx' })
}

function unavailable(folder: string, why: string, cause?: unknown): RuntimeFailure {
  return new RuntimeFailure('workspace_unavailable', `The workspace folder ${folder} ${why}.`, { cause })
}

/**
 * True when `path` (relative to the workspace, or absolute) is inside the workspace, links followed. What does not exist yet
 * counts by the nearest folder that does.
 */
export function isInside(workspace: string, path: string): boolean {
  return contains(realpathSync(workspace), realTarget(resolve(workspace, path)))
}

const contains = (folder: string, path: string): boolean => path === folder || path.startsWith(folder + sep)

function realTarget(path: string): string {
  let missing = ''
  let at = path
  while (!existsSync(at) && dirname(at) !== at) {
    missing = join(basename(at), missing)
    at = dirname(at)
  }
  return join(realpathSync(at), missing).replace(/[/\\]$/, '')
}
