import { existsSync, mkdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../config/config'
import { agentHome } from '../config/paths'
import type { Settings } from '../supervisor/profile'
import { makeMemory, prepareWorkspace } from './workspace'

/** Puts an agent's memory aside, below its folder, and starts a new one. Notes in a folder that people chose may be theirs. */
export function forgetMemory({ paths }: Pick<Config, 'paths'>, settings: Settings): void {
  const workspace = prepareWorkspace({ paths, agentName: settings.name, configured: settings.workspace })
  const aside = join(agentHome(paths, settings.name), `memory-${new Date().toISOString().replace(/[:.]/g, '-')}`)
  mkdirSync(aside, { recursive: true, mode: 0o700 })
  for (const name of settings.workspace ? ['MEMORY.md'] : ['MEMORY.md', 'notes'])
    if (existsSync(join(workspace, name))) renameSync(join(workspace, name), join(aside, name))
  makeMemory(workspace, settings.name)
}
