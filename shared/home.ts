import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'

/** The folder that holds everything of Nekode on this machine: `NEKODE_HOME`, else `~/.nekode`. Absolute. */
export function nekodeHome(env: Record<string, string | undefined> = process.env): string {
  return env.NEKODE_HOME ? resolve(env.NEKODE_HOME) : join(homedir(), '.nekode')
}

/** Below the data folder of a server: the home of the daemon that it runs for its own computer. */
export const LOCAL_DAEMON = 'local-daemon'

/**
 * The home of the daemon that runs on this machine, for whoever wants to ask it something: one that was enrolled by itself, else the one
 * that a server of this home runs.
 */
export function daemonHome(env: Record<string, string | undefined> = process.env): string {
  const home = nekodeHome(env)
  const carried = join(home, LOCAL_DAEMON)
  const isEnrolled = (folder: string): boolean => existsSync(join(folder, 'daemon.json'))
  return !isEnrolled(home) && isEnrolled(carried) ? carried : home
}
