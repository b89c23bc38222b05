import { type Exits, usage as wrongUsage } from '@shared/cli/exit'
import { NekodeError } from '@shared/errors'

/** What the exit codes mean. Service managers and scripts rely on these numbers. */
export const Exit = {
  ok: 0,
  failed: 1,
  usage: 2,
  config: 3,
  locked: 4,
  unreachable: 5,
  refused: 6,
  notFound: 7,
  timeout: 8,
  interrupted: 130,
} as const
export type ExitCode = (typeof Exit)[keyof typeof Exit]

/** The same for people, as every help text shows it. */
export const EXIT_CODES: readonly [ExitCode, string][] = [
  [Exit.ok, 'ok'],
  [Exit.failed, 'failed'],
  [Exit.usage, 'wrong usage'],
  [Exit.config, 'the configuration is missing or wrong, or the home folder cannot be used'],
  [Exit.locked, 'another daemon runs in the same home'],
  [Exit.unreachable, 'the server, or the daemon, cannot be reached'],
  [Exit.refused, 'the server refuses this computer, its token or the install code'],
  [Exit.notFound, 'there is no such thing'],
  [Exit.timeout, 'the time given is over'],
  [Exit.interrupted, 'interrupted by Ctrl-C'],
]

const BY_CODE: Record<string, ExitCode> = {
  usage: Exit.usage,
  config_invalid: Exit.config,
  home_unavailable: Exit.config,
  log_unavailable: Exit.config,
  not_enrolled: Exit.config,
  journal_unavailable: Exit.config,
  journal_newer: Exit.config,
  already_running: Exit.locked,
  wait_timeout: Exit.timeout,
  interrupted: Exit.interrupted,
}

/** The exit code for anything that was thrown. */
export function exitCode(error: unknown): ExitCode {
  if (!(error instanceof NekodeError)) return Exit.failed
  const known = Object.hasOwn(BY_CODE, error.code) ? BY_CODE[error.code] : undefined
  if (known !== undefined) return known
  if (error.kind === 'unavailable') return Exit.unreachable
  if (error.kind === 'not_found') return Exit.notFound
  const isRefusal = error.kind === 'unauthenticated' || error.kind === 'forbidden' || error.kind === 'gone'
  return isRefusal ? Exit.refused : Exit.failed
}

/** The codes of `nekode-daemon`’s own commands. */
export const DAEMON_EXITS: Exits = { codes: EXIT_CODES, of: exitCode }

/** The command line itself is wrong. */
export const usage = (message: string, next = 'See nekode-daemon --help.'): NekodeError => wrongUsage(message, next)
