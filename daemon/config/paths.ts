import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { errorText, NekodeError } from '@shared/errors'

/** Where the daemon keeps things. Everything is below one home, so moving `NEKODE_HOME` moves all of it. */
export interface Paths {
  home: string
  /** Journal, lock, credentials: 0700, never inside an agent's workspace. */
  state: string
  journal: string
  lock: string
  /** Who holds the lock, as JSON. */
  holder: string
  /** One file for each running child process. */
  pids: string
  /** Agents' own tokens, one file each, 0600. */
  credentials: string
}

export const defaultConfigPath = (home: string): string => join(home, 'daemon.json')

export function pathsOf(home: string): Paths {
  const state = join(home, 'daemon')
  return {
    home,
    state,
    journal: join(state, 'journal.db'),
    lock: join(state, 'daemon.lock'),
    holder: join(state, 'daemon.pid'),
    pids: join(state, 'pids'),
    credentials: join(state, 'credentials'),
  }
}

/** The folder of one agent for the drivers' own files: outside of its workspace, 0700. */
export const agentStateDir = (paths: Paths, agentId: string): string => join(paths.state, 'agents', fileName(agentId))

/** The folder of one agent below the home: its default workspace is in it. */
export const agentHome = (paths: Paths, agentName: string): string => join(paths.home, 'agents', fileName(agentName))

/** An id or a name as the name of a file: one that leaves the folder, or is hidden, cannot come out. */
export function fileName(name: string): string {
  const clean = name.replace(/[^A-Za-z0-9._-]/g, '_').replace(/^\.+/, '_')
  return clean === '' ? '_' : clean
}

/** Makes the folders that the daemon needs before anything else. @throws NekodeError as `homeUnavailable` */
export function makeFolders(paths: Paths): void {
  try {
    mkdirSync(paths.home, { recursive: true, mode: 0o700 })
    for (const folder of [paths.state, paths.pids, paths.credentials])
      mkdirSync(folder, { recursive: true, mode: 0o700 })
  } catch (cause) {
    throw homeUnavailable(paths, cause)
  }
}

/** Precondition `home_unavailable`: nothing can be written where all is kept. */
export const homeUnavailable = ({ home }: Pick<Paths, 'home'>, cause: unknown): NekodeError =>
  new NekodeError('precondition', `Nothing can be written in ${home}: ${errorText(cause)}.`, {
    code: 'home_unavailable',
    next: `Let this user write there and make room on the disk, or choose another folder: NEKODE_HOME.`,
    cause,
  })
