import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Limits } from './need'
import { overMemory, overProcesses } from './need'

/** Without these a group is of no use; the processors are often not given to the services of users. */
const NEEDED = ['memory', 'pids']
const WELCOME = ['cpu']

/** Groups that the daemon may divide. */
export interface Groups {
  /** Of agents' groups. */
  folder: string
  /** The share of the processors can be limited, too. */
  hasShare: boolean
}

/**
 * The groups of agents below the daemon's own control group (cgroup v2), where that was given to it: the unit says `Delegate=`. The daemon
 * itself moves into a group below, because a group that hands out controllers may have no processes of its own.
 * @returns the folder for agents' groups; undefined where there is none
 * @param mounts text of /proc/self/mountinfo
 * @param own text of /proc/self/cgroup
 */
export function claimGroups(
  mounts = read('/proc/self/mountinfo'),
  own = read('/proc/self/cgroup'),
): Groups | undefined {
  const mount = /^\d+ \d+ \S+ \S+ (\S+) .*- cgroup2 /m.exec(mounts)?.[1]
  const path = /^0::(\/.*)$/m.exec(own)?.[1]
  if (mount === undefined || path === undefined) return undefined
  // A daemon that was restarted in place is in its group already.
  const base = join(mount, path.replace(/\/daemon$/, ''))
  const offered = controllers(base)
  if (!isEnough(offered)) return undefined
  const used = [...NEEDED, ...WELCOME].filter((name) => offered.includes(name))
  try {
    mkdirSync(join(base, 'daemon'), { recursive: true })
    writeFileSync(join(base, 'daemon', 'cgroup.procs'), String(process.pid))
    const agents = join(base, 'agents')
    mkdirSync(agents, { recursive: true })
    for (const folder of [base, agents])
      writeFileSync(join(folder, 'cgroup.subtree_control'), used.map((name) => `+${name}`).join(' '))
    return { folder: agents, hasShare: used.includes('cpu') }
  } catch {
    // Not ours to write, or others are in the group: limits are kept in another way.
    return undefined
  }
}

const controllers = (path: string): string[] => read(join(path, 'cgroup.controllers')).trim().split(' ')
const isEnough = (offered: string[]): boolean => NEEDED.every((name) => offered.includes(name))

/** What the unit of the daemon's service was given to divide, as far as it can be seen from outside. */
export function groupsOfService(): Pick<Groups, 'hasShare'> | undefined {
  const uid = process.getuid?.()
  const user = `/sys/fs/cgroup/user.slice/user-${uid}.slice/user@${uid}.service/app.slice`
  const found = ['/sys/fs/cgroup/system.slice', user]
    .map((slice) => controllers(join(slice, 'nekode-daemon.service')))
    .find(isEnough)
  return found && { hasShare: found.includes('cpu') }
}

/** One child with everything that it starts, for as long as that lives. */
export class Group {
  readonly path: string
  readonly #limits: Limits

  /** @throws when the group cannot be made */
  constructor(agents: string, id: string, limits: Limits) {
    this.path = join(agents, id)
    this.#limits = limits
    mkdirSync(this.path)
    const { memoryBytes, processes, cpuPercent } = limits
    if (memoryBytes !== undefined) {
      this.#write('memory.max', String(memoryBytes))
      // All of it at once: an agent without one of its processes is of no use, and people read one reason.
      this.#write('memory.oom.group', '1')
      this.#write('memory.swap.max', '0', true)
    }
    if (processes !== undefined) this.#write('pids.max', String(processes))
    if (cpuPercent !== undefined) this.#write('cpu.max', `${cpuPercent * 1000} 100000`, true)
  }

  /** A command line that enters the group before it becomes another one. */
  enter(argv: readonly string[]): string[] {
    return ['/bin/sh', '-c', 'echo 0 > "$0/cgroup.procs" && exec "$@"', this.path, ...argv]
  }

  /** Which limit was hit, for people. */
  verdict(): string | undefined {
    const { memoryBytes, processes } = this.#limits
    if (memoryBytes !== undefined && this.#count('memory.events', 'oom_kill') > 0) return overMemory(memoryBytes)
    if (processes !== undefined && this.#count('pids.events', 'max') > 0) return overProcesses(processes)
    return undefined
  }

  remove(): void {
    try {
      this.#write('cgroup.kill', '1', true)
      rmdirSync(this.path)
    } catch {
      // Its last process is still ending; an empty group costs nothing.
    }
  }

  #count(file: string, name: string): number {
    return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(read(join(this.path, file)))?.[1] ?? 0)
  }

  #write(file: string, text: string, mayFail = false): void {
    try {
      writeFileSync(join(this.path, file), text)
    } catch (error) {
      if (!mayFail) throw error
    }
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // A system without control groups, or a group that is gone.
    return ''
  }
}
