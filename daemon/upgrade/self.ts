import { existsSync } from 'node:fs'
import { NekodeError } from '@shared/errors'

/**
 * The executable that an upgrade replaces.
 * @param self command line that starts this program again
 * @throws NekodeError precondition `upgraded_with_server` or `not_installed`
 */
export function replaceable(self: readonly string[], env: Record<string, string | undefined>): string {
  const [program, source] = self
  // A server carries the daemon as one file, beside which there are no sources.
  if (env.NEKODE_DAEMON_PROGRAM || (source !== undefined && !existsSync(source)))
    throw new NekodeError('precondition', 'This daemon is a part of its server, and is upgraded with it.', {
      code: 'upgraded_with_server',
      next: 'Replace the program `nekode` and start the server again.',
    })
  if (!program || source !== undefined)
    throw new NekodeError('precondition', 'This daemon runs from its sources; there is no program to replace.', {
      code: 'not_installed',
      next: 'Update the sources, or install a release: in the console, Computers, Add computer.',
    })
  return program
}

/**
 * Runs a program in place of this one: with the same process id where the system can do that, so that whoever watches over it sees no
 * change. Returns only where it cannot; then the program was started beside this one, which has to end.
 */
export function become(argv: readonly string[], env: Record<string, string | undefined>): void {
  const [program = '', ...args] = argv
  const clean = Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )
  if (process.execve && process.platform !== 'win32') process.execve(program, [program, ...args], clean)
  Bun.spawn([program, ...args], { env: clean, stdio: ['ignore', 'inherit', 'inherit'], detached: true }).unref()
}
