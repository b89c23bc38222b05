import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

export interface Found {
  pid: number
  command: string
}

const read = (path: string, how: (path: string) => string): string => {
  try {
    return how(path)
  } catch {
    // The process ended while we looked, or it is not ours to look at.
    return ''
  }
}

const text = (path: string): string => readFileSync(path, 'utf8')

/**
 * Processes that belong to a test run: `folder` (the run's own temporary folder) is in their environment, command line or
 * working folder. Agents get an environment of their own, so no single one of these would do. Linux only, elsewhere empty.
 */
export function carrying(folder: string): Found[] {
  if (process.platform !== 'linux') return []
  const found: Found[] = []
  for (const name of readdirSync('/proc')) {
    const pid = Number(name)
    if (!Number.isInteger(pid) || pid === process.pid) continue
    const command = read(`/proc/${pid}/cmdline`, text).replaceAll('\0', ' ').trim()
    // A process without a command line is a zombie or the kernel's.
    if (!command) continue
    const clues = [command, read(`/proc/${pid}/environ`, text), read(`/proc/${pid}/cwd`, readlinkSync)]
    if (clues.some((clue) => clue.includes(folder))) found.push({ pid, command })
  }
  return found
}

/** Gives what is still ending `graceMs` to do so, kills the rest and returns it. */
export async function sweep(folder: string, graceMs: number): Promise<Found[]> {
  const until = Date.now() + graceMs
  while (carrying(folder).length && Date.now() < until) await Bun.sleep(100)
  const killed = new Map<number, Found>()
  // Again and again: a process may have started another one since the look that found it.
  for (let round = 0; round < 100; round++) {
    const left = carrying(folder)
    if (!left.length) break
    for (const one of left) {
      killed.set(one.pid, one)
      kill(one.pid, 'SIGKILL')
    }
    await Bun.sleep(20)
  }
  return [...killed.values()]
}

/** A signal to a process, or with a negative id to its group. */
export function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // ESRCH: it is over already.
  }
}
