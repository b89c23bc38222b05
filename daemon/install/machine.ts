import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { nekodeHome } from '@shared/home'
import { defaultConfigPath } from '../config/paths'

type Env = Record<string, string | undefined>

/** Where the installer puts the configuration of a daemon for the whole machine, and what it is started by. */
const CONFIG = '/etc/nekode/daemon.json'
const UNIT = '/etc/systemd/system/nekode-daemon.service'

/**
 * The environment in which root finds the daemon of the whole machine: it runs as somebody else, with its home in that user's. What the
 * environment says already, and everybody but root, keeps its own.
 * @param configPath that the command line names
 */
export function machineEnv(env: Env, configPath?: string, root = '/'): Env {
  if (process.getuid?.() !== 0 || env.NEKODE_HOME) return env
  const named = configPath ?? env.NEKODE_DAEMON_CONFIG
  if (named === undefined && existsSync(defaultConfigPath(nekodeHome(env)))) return env
  const path = named ?? join(root, CONFIG)
  const owner = statSync(path, { throwIfNoEntry: false })?.uid
  if (owner === undefined) return env
  const home = homeInUnit(join(root, UNIT)) ?? (owner === 0 ? undefined : homeOf(owner, join(root, 'etc/passwd')))
  return { ...env, NEKODE_DAEMON_CONFIG: path, ...(home === undefined ? {} : { NEKODE_HOME: home }) }
}

/** What the unit says, as the installer writes it. */
function homeInUnit(path: string): string | undefined {
  if (!existsSync(path)) return undefined
  const word = /^Environment="NEKODE_HOME=((?:[^"\\]|\\.)*)"$/m.exec(readFileSync(path, 'utf8'))?.[1]
  return word?.replace(/\\(.)/g, '$1').replaceAll('%%', '%').replaceAll('$$', '$')
}

const homeOf = (uid: number, passwd: string): string | undefined => {
  const home = entry(uid, passwd)?.[5]
  return home ? join(home, '.nekode') : undefined
}

/** Name of a user; undefined for one that this computer's own list does not have. */
export const userName = (uid: number, passwd = '/etc/passwd'): string | undefined => entry(uid, passwd)?.[0]

function entry(uid: number, passwd: string): string[] | undefined {
  if (!existsSync(passwd)) return undefined
  const lines = readFileSync(passwd, 'utf8').split('\n')
  return lines.map((text) => text.split(':')).find((fields) => fields[2] === String(uid))
}
