import { ApiError } from '@shared/contract/client'
import { type ErrorKind, NekodeError } from '@shared/errors'

/** What a command's exit code means. Scripts rely on these numbers. */
export const Exit = {
  ok: 0,
  failed: 1,
  usage: 2,
  login: 3,
  denied: 4,
  unreachable: 5,
  timeout: 6,
  interrupted: 130,
} as const
export type ExitCode = (typeof Exit)[keyof typeof Exit]

/** The same for people, as every help text shows it. */
export const EXIT_CODES: readonly [ExitCode, string][] = [
  [Exit.ok, 'ok'],
  [Exit.failed, 'failed: the server refused, or the agent did not answer'],
  [Exit.usage, 'wrong usage'],
  [Exit.login, 'not logged in'],
  [Exit.denied, 'not found, or not allowed'],
  [Exit.unreachable, 'the server cannot be reached'],
  [Exit.timeout, 'the time given by --timeout is over'],
  [Exit.interrupted, 'interrupted by Ctrl-C'],
]

/** How a command tells by its exit code what became of it. */
export interface Exits {
  codes: readonly (readonly [number, string])[]
  /** The code for anything that was thrown. */
  of: (error: unknown) => number
}

const byKind: Partial<Record<ErrorKind, ExitCode>> = {
  unauthenticated: Exit.login,
  forbidden: Exit.denied,
  not_found: Exit.denied,
  unavailable: Exit.unreachable,
}

const byCode: Record<string, ExitCode> = {
  usage: Exit.usage,
  wait_timeout: Exit.timeout,
  interrupted: Exit.interrupted,
}

/** The exit code for anything that was thrown. */
export function exitCode(error: unknown): ExitCode {
  if (error instanceof NekodeError) {
    return byCode[error.code] ?? byKind[error.kind] ?? Exit.failed
  }
  if (!(error instanceof ApiError)) return Exit.failed
  // A wrong password is an answer, not a missing login.
  if (error.status === 401) return error.code === 'login_failed' ? Exit.failed : Exit.login
  if (error.status === 403 || error.status === 404) return Exit.denied
  return error.status === 0 || [502, 503, 504].includes(error.status) ? Exit.unreachable : Exit.failed
}

/** The codes of every command that talks to the server, whichever program has it. */
export const API_EXITS: Exits = { codes: EXIT_CODES, of: exitCode }

/** The command line itself is wrong: exit code 2. */
export const usage = (message: string, next?: string): NekodeError =>
  new NekodeError('invalid', message, next === undefined ? { code: 'usage' } : { code: 'usage', next })
