import { join } from 'node:path'

/**
 * The command line that starts this program again: the executable itself, the wrapper that a server wrote for the daemon it
 * carries, or Bun with the source file.
 */
export const SELF: readonly string[] = process.env.NEKODE_DAEMON_PROGRAM
  ? [process.env.NEKODE_DAEMON_PROGRAM]
  : Bun.isStandaloneExecutable
    ? [process.execPath]
    : [process.execPath, join(import.meta.dir, '..', 'main.ts')]
