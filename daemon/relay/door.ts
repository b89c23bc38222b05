import { existsSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { Logger } from '@shared/log'
import { writePrivate } from '../config/file'
import type { Paths } from '../config/paths'
import type { AgentKeys } from '../local/keys'
import { socketAddress } from '../local/place'

export interface DoorOptions {
  paths: Paths
  keys: AgentKeys
  /** Command line of this program. */
  self: readonly string[]
  log: Logger
  platform?: NodeJS.Platform
}

/** The folder on the PATH of agents, with `nekode-daemon` and what keeps it there. A sandbox has to show it, read-only. */
export const programFolder = ({ state }: Pick<Paths, 'state'>): string => join(state, 'bin')

/** What lets an agent's processes use `nekode-daemon` in the agent's name: the program on the PATH, and where its key is good. */
export class Door {
  readonly #options: DoorOptions
  /** Address of the local HTTP API; undefined while there is none. */
  url: string | undefined

  constructor(options: DoorOptions) {
    this.#options = options
  }

  /** The environment with the door in it. */
  into(env: Record<string, string>, agentId: string): Record<string, string> {
    const { paths, keys, self, log, platform = process.platform } = this.#options
    const folder = programFolder(paths)
    try {
      writeProgram(folder, self, platform)
    } catch (error) {
      // Its tools are there still, and its work is what it is here for.
      log.warn('an agent starts without nekode-daemon on its PATH', { agent: agentId, error })
    }
    return {
      ...env,
      PATH: [folder, env.PATH].filter(Boolean).join(delimiter),
      ...(platform === 'win32' || env.BASH_ENV ? {} : { BASH_ENV: unexpanded(join(folder, SHELL_FILE)) }),
      NEKODE_LOCAL_SOCKET: socketAddress(paths),
      NEKODE_LOCAL_TOKEN: keys.keyOf(agentId),
      ...(this.url === undefined ? {} : { NEKODE_LOCAL_URL: this.url }),
    }
  }
}

/** Login shells, which Codex runs its commands in, begin with a PATH of their own; bash reads this after it. */
const SHELL_FILE = 'bash-env'

/** bash expands the name of that file as between double quotes. */
const unexpanded = (path: string): string => path.replace(/[\\$`"]/g, '\\$&')

function writeProgram(folder: string, self: readonly string[], platform: NodeJS.Platform): void {
  const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`
  if (platform === 'win32')
    return write(join(folder, 'nekode-daemon.cmd'), `@echo off\r\n${self.map((word) => `"${word}"`).join(' ')} %*\r\n`)
  write(join(folder, 'nekode-daemon'), `#!/bin/sh\nexec ${self.map(quoted).join(' ')} "$@"\n`)
  const own = quoted(folder)
  write(join(folder, SHELL_FILE), `case ":$PATH:" in *:${own}:*) ;; *) PATH=${own}:$PATH ;; esac\n`)
}

function write(path: string, text: string): void {
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return
  writePrivate(path, text, 0o700)
}
