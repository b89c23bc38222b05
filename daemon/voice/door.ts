import { existsSync, mkdirSync, readFileSync } from 'node:fs'
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

/** The folder on the PATH of agents that has `nekode-daemon` in it and nothing else. A sandbox has to show it, read-only. */
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
      NEKODE_LOCAL_SOCKET: socketAddress(paths),
      NEKODE_LOCAL_TOKEN: keys.keyOf(agentId),
      ...(this.url === undefined ? {} : { NEKODE_LOCAL_URL: this.url }),
    }
  }
}

function writeProgram(folder: string, self: readonly string[], platform: NodeJS.Platform): void {
  const isWindows = platform === 'win32'
  const path = join(folder, isWindows ? 'nekode-daemon.cmd' : 'nekode-daemon')
  const text = isWindows
    ? `@echo off\r\n${self.map((word) => `"${word}"`).join(' ')} %*\r\n`
    : `#!/bin/sh\nexec ${self.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ')} "$@"\n`
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  writePrivate(path, text, 0o700)
}
