import { accessSync, constants, statSync } from 'node:fs'
import type { RuntimeSpec } from './catalog'
import { searchPath } from './env'

type Env = Record<string, string | undefined>

export type Program = { path: string; problem?: undefined } | { path?: undefined; problem: string }

/** The program of a runtime: what its variable names, else the first of its commands on the PATH or in an installer's folder. */
export function findProgram(spec: RuntimeSpec, env: Env): Program {
  const named = spec.pathEnv ? env[spec.pathEnv] : undefined
  if (named) {
    if (spec.pathEnv && !isExecutable(named))
      return { problem: `${spec.pathEnv} names ${named}, which is not a program that can be run.` }
    return { path: named }
  }
  const path = firstOnPath(spec.commands, env)
  if (!path) return { problem: `${spec.label} is not installed: ${spec.commands.join(' or ')} is not on the PATH.` }
  if (!spec.adapter) return { path }
  const adapter = firstOnPath([spec.adapter.command], env)
  return adapter
    ? { path: adapter }
    : { problem: `${spec.label} needs ${spec.adapter.command}: ${spec.adapter.install.join(' ')}` }
}

/** @returns the absolute path of the first command that is found */
export function firstOnPath(commands: readonly string[], env: Env): string | undefined {
  const PATH = searchPath(env)
  for (const command of commands) {
    const path = Bun.which(command, { PATH })
    if (path) return path
  }
  return undefined
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    // Missing, or not ours to run.
    return false
  }
}
