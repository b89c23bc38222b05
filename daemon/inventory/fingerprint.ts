import { statSync } from 'node:fs'
import { join } from 'node:path'
import { RUNTIMES } from '../runtimes/catalog'
import { findProgram } from '../runtimes/program'

type Env = Record<string, string | undefined>

/** Files that change when a person logs in or out, below the home folder. */
const LOGINS = [
  '.claude/.credentials.json',
  '.codex/auth.json',
  '.gemini/oauth_creds.json',
  '.qwen/oauth_creds.json',
  '.local/share/opencode/auth.json',
]

/**
 * What tells, without starting a single program, that coding agents may have been installed, updated or logged in since: paths,
 * sizes and times of the programs and of their login files.
 */
export function fingerprint(env: Env): string {
  const programs = RUNTIMES.map((spec) => findProgram(spec, env).path ?? '')
  const logins = LOGINS.map((file) => join(env.HOME ?? '/', file))
  return [...programs, ...logins].map(stamp).join('\n')
}

function stamp(path: string): string {
  const found = path ? statSync(path, { throwIfNoEntry: false }) : undefined
  return found ? `${path} ${found.size} ${found.mtimeMs}` : path
}
