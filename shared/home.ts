import { homedir } from 'node:os'
import { join, resolve } from 'node:path'

/** The folder that holds everything of Nekode on this machine: `NEKODE_HOME`, else `~/.nekode`. Absolute. */
export function nekodeHome(env: Record<string, string | undefined> = process.env): string {
  return env.NEKODE_HOME ? resolve(env.NEKODE_HOME) : join(homedir(), '.nekode')
}
