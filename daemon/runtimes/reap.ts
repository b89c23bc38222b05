import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { DAEMON_MARK, killAll, RUN_MARK } from './child'
import type { DaemonMark } from './events'
import { parseJson } from './json'
import { ancestors, carrying, descendants, isAlive, type Process, processes } from './processes'

const PidFile = z.object({ pid: z.number().int().positive(), start: z.string(), run: z.string() })

/**
 * Kills the agents, and all they started, that an earlier process of this daemon left running when it was killed.
 * Call it once at start, before the first agent, and only while holding the lock that makes this the only daemon.
 * @returns how many processes were killed
 */
export async function reapStale(mark: DaemonMark): Promise<number> {
  const files = readPidFiles(mark.pidDir)
  const mine = ancestors(process.pid)
  const seen = new Map<number, Process>()
  const killed = await killAll(() => {
    const all = processes()
    const roots = files.filter(({ file }) => isAlive(file, all))
    const found = [
      ...all.filter(({ pid }) => roots.some(({ file }) => file.pid === pid)),
      ...roots.flatMap(({ file }) => descendants(file.pid, all)),
      ...files.flatMap(({ file }) => carrying(RUN_MARK, file.run, all)),
      ...carrying(DAEMON_MARK, mark.id, all),
    ]
    for (const one of found) seen.set(one.pid, one)
    // A daemon that an agent of this very daemon started carries the mark itself.
    return [...seen.values()].filter((one) => !mine.has(one.pid) && isAlive(one, all))
  })
  for (const { path } of files) rmSync(path, { force: true })
  return killed
}

function readPidFiles(dir: string): { path: string; file: z.infer<typeof PidFile> }[] {
  let names: string[]
  try {
    names = readdirSync(dir)
  } catch {
    // No child was ever started.
    return []
  }
  return names.flatMap((name) => {
    const path = join(dir, name)
    const file = PidFile.safeParse(parseJson(readFileSync(path, 'utf8')))
    if (file.success) return [{ path, file: file.data }]
    // Cut off by a power loss: the environment mark finds its process.
    rmSync(path, { force: true })
    return []
  })
}
