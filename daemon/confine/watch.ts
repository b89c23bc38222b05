import { readFileSync } from 'node:fs'
import { carrying, descendants, processes } from '../runtimes/processes'
import { type Limits, overMemory, overProcesses } from './need'

const LOOK_MS = 1000
const PAGE = 4096

/**
 * Looks after one child with all that it started, where the system itself keeps no such limits: a look a second, as long as it lives. A
 * limit of the kernel's for each process (RLIMIT_DATA, RLIMIT_AS) would count what JavaScript runtimes set aside and never touch: under a
 * gigabyte of it Bun does not even start.
 */
export class Watch {
  readonly #limits: Limits
  #timer: Timer | undefined
  #verdict: string | undefined

  constructor(limits: Limits) {
    this.#limits = limits
  }

  /** @param over is told once, when a limit is exceeded */
  start(pid: number, mark: [name: string, value: string], over: () => void): void {
    const look = () => {
      this.#verdict = this.#judge(pid, mark)
      if (this.#verdict === undefined) return
      this.stop()
      over()
    }
    this.#timer = setInterval(look, LOOK_MS)
    this.#timer.unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  verdict(): string | undefined {
    return this.#verdict
  }

  #judge(pid: number, [name, value]: [string, string]): string | undefined {
    const { memoryBytes, processes: most } = this.#limits
    const all = processes()
    const family = new Set([pid, ...[...descendants(pid, all), ...carrying(name, value, all)].map((one) => one.pid)])
    if (most !== undefined && family.size > most) return overProcesses(most)
    if (memoryBytes !== undefined && memoryOf([...family]) > memoryBytes) return overMemory(memoryBytes)
    return undefined
  }
}

/** What these processes have of memory for themselves. Memory that several share counts for none of them. */
function memoryOf(pids: number[]): number {
  if (process.platform === 'linux') return pids.reduce((sum, pid) => sum + residentOf(pid), 0)
  const ps = Bun.spawnSync(['ps', '-o', 'rss=', '-p', pids.join(',')], { stderr: 'ignore' })
  return ps.stdout
    .toString()
    .split('\n')
    .reduce((sum, line) => sum + Number(line) * 1024, 0)
}

function residentOf(pid: number): number {
  try {
    const [, resident = 0, shared = 0] = readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ').map(Number)
    return Math.max(0, resident - shared) * PAGE
  } catch {
    // It ended between the two looks.
    return 0
  }
}
