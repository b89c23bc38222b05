import { constants } from 'node:os'
import { errorText } from '@shared/errors'

/** What programs that start others answer when there is no program, or it may not be run. */
const NOT_FOUND = 127
const NOT_RUNNABLE = 126

/** Whoever sends these to this process means the program. */
const PASSED = ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const
/** In a terminal the program gets these by itself, as everything in the foreground does. */
const TYPED = ['SIGINT', 'SIGQUIT'] as const

/**
 * Runs a program in the place of this one: its input and output, the signals that come for it, its exit code. Ended by a signal it ends
 * this process by the same one.
 * @param env complete
 * @param say is told why the program cannot be run
 */
export async function launch(
  argv: readonly string[],
  { env, isTerminal, say }: { env: Record<string, string | undefined>; isTerminal: boolean; say(text: string): void },
): Promise<number> {
  const [program = '', ...args] = argv
  const path = Bun.which(program, { PATH: env.PATH ?? '', cwd: process.cwd() })
  if (path === null) {
    say(`There is no program “${program}”.`)
    return NOT_FOUND
  }
  let child: Bun.Subprocess | undefined
  const pass = (signal: NodeJS.Signals) => child?.kill(signal)
  const stay = () => undefined
  // Before the program is there: a signal in between would end this process and leave it behind.
  for (const signal of PASSED) process.on(signal, pass)
  for (const signal of TYPED) process.on(signal, isTerminal ? stay : pass)
  try {
    child = Bun.spawn([path, ...args], { argv0: program, env, stdio: ['inherit', 'inherit', 'inherit'] })
    await child.exited
  } catch (error) {
    say(`${program} cannot be run: ${errorText(error)}`)
    return NOT_RUNNABLE
  } finally {
    for (const signal of PASSED) process.off(signal, pass)
    for (const signal of TYPED) process.off(signal, isTerminal ? stay : pass)
  }
  const { signalCode, exitCode } = child
  if (typeof signalCode !== 'string') return exitCode ?? 0
  process.kill(process.pid, signalCode)
  // A signal that this process does not die of.
  return 128 + (constants.signals[signalCode] ?? 0)
}
