import { existsSync, rmdirSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { errorText, NekodeError } from '@shared/errors'
import type { Config } from '../config/config'
import { findHolder } from '../config/lock'
import { pause } from '../control/backoff'
import { replaceable } from '../upgrade/self'
import { previousOf } from '../upgrade/swap'
import type { Mode } from './plan'
import { installedServices, planService, serviceFacts, uninstallService } from './service'

export interface RemoveOptions {
  config: Config
  env: Record<string, string | undefined>
  /** Command line that starts this program again. */
  self: readonly string[]
  /** Default: every service that is there. */
  mode: Mode | undefined
  /** The configuration too, and the daemon's own files; workspaces stay. */
  purge: boolean
}

export interface Removed {
  paths: string[]
  notes: string[]
}

/** Stops the daemon of a home and removes its services and program. What is not there is no problem. */
export async function removeDaemon({ config, env, self, mode, purge }: RemoveOptions): Promise<Removed> {
  const removed: Removed = { paths: [], notes: [] }
  const options = { config, program: self, env }
  const services = mode === undefined ? installedServices(options) : [planService(serviceFacts({ ...options, mode }))]
  for (const plan of services) {
    removed.notes.push(...(await uninstallService(plan)))
    removed.paths.push(plan.file?.path ?? plan.name)
  }
  await stop(config)
  if (installedServices(options).length === 0) removeProgram(self, env, removed)
  if (purge) {
    remove(config.path, removed)
    remove(config.paths.state, removed)
    for (const folder of new Set([dirname(config.path), config.paths.home])) removeEmpty(folder)
  }
  return removed
}

const STOP_MS = 30_000

async function stop({ paths }: Config): Promise<void> {
  const holder = existsSync(paths.lock) ? findHolder(paths) : undefined
  if (!holder) return
  process.kill(holder.pid, 'SIGTERM')
  const until = Date.now() + STOP_MS
  while (findHolder(paths)) {
    if (Date.now() > until)
      throw new NekodeError('precondition', `The daemon (process ${holder.pid}) does not end.`, {
        code: 'does_not_stop',
        next: 'End it yourself and run this again; nothing but its service was removed.',
      })
    await pause(50)
  }
}

function removeProgram(self: readonly string[], env: RemoveOptions['env'], removed: Removed): void {
  let program: string
  try {
    program = replaceable(self, env)
  } catch (error) {
    if (!(error instanceof NekodeError)) throw error
    // Of a server, or the sources: it stays with them.
    removed.notes.push(error.message)
    return
  }
  for (const path of [previousOf(program), program]) if (existsSync(path)) remove(path, removed)
}

function remove(path: string, removed: Removed): void {
  try {
    if (!existsSync(path)) return
    rmSync(path, { recursive: true })
    removed.paths.push(path)
  } catch (error) {
    removed.notes.push(`${path} could not be removed: ${errorText(error)}. Remove it yourself, with sudo if need be.`)
  }
}

function removeEmpty(folder: string): void {
  try {
    rmdirSync(folder)
  } catch {
    // Other files are in it, and stay.
  }
}
