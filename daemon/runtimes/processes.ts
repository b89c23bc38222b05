import { readdirSync, readFileSync } from 'node:fs'

export interface Process {
  pid: number
  parent: number
  /** Opaque; together with the pid it names one process for ever, so a reused pid is not mistaken for it. */
  start: string
}

const HAS_PROC = process.platform === 'linux'

/** Every process that this user can see. Linux: /proc. Other Unix: `ps`. Windows: none. */
export function processes(): Process[] {
  if (HAS_PROC) return fromProc()
  return process.platform === 'win32' ? [] : fromPs()
}

function fromProc(): Process[] {
  const found: Process[] = []
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const stat = read(`/proc/${name}/stat`)
    // The command in parentheses may hold spaces and parentheses: fields are counted after the last one (proc(5)).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    // A zombie has ended; only its parent's wait is missing.
    if (fields[0] === 'Z' || fields[19] === undefined) continue
    found.push({ pid: Number(name), parent: Number(fields[1]), start: fields[19] })
  }
  return found
}

/** `ps` has only whole seconds for the start time, which is enough to tell a reused pid. */
export function fromPs(): Process[] {
  const ps = Bun.spawnSync(['ps', '-Ao', 'pid=,ppid=,stat=,lstart='], {
    stdout: 'pipe',
    stderr: 'ignore',
    env: { LC_ALL: 'C' },
  })
  return ps.stdout
    .toString()
    .split('\n')
    .flatMap((line) => {
      const [, pid, parent, state, start] = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.+?)\s*$/.exec(line) ?? []
      if (!pid || !parent || !start || state?.startsWith('Z')) return []
      return [{ pid: Number(pid), parent: Number(parent), start }]
    })
}

/** All processes below `root`, itself left out. A child that was re-parented to init is not among them: see `carrying`. */
export function descendants(root: number, all = processes()): Process[] {
  const family = new Set([root])
  for (let grew = true; grew;) {
    grew = false
    for (const { pid, parent } of all)
      if (family.has(parent) && !family.has(pid)) {
        family.add(pid)
        grew = true
      }
  }
  family.delete(root)
  return all.filter(({ pid }) => family.has(pid))
}

/** Processes with `name=value` in the environment they were started with: it is inherited, so orphans carry it too. Linux only. */
export function carrying(name: string, value: string, all = processes()): Process[] {
  if (!HAS_PROC) return []
  const entry = `${name}=${value}`
  return all.filter(({ pid }) => read(`/proc/${pid}/environ`).split('\0').includes(entry))
}

/** The same process as then, and still running. */
export function isAlive({ pid, start }: Pick<Process, 'pid' | 'start'>, all = processes()): boolean {
  return all.some((process) => process.pid === pid && process.start === start)
}

/** The process and its parents up to init. */
export function ancestors(pid: number, all = processes()): Set<number> {
  const line = new Set<number>()
  for (let at: number | undefined = pid; at !== undefined && at > 0 && !line.has(at);) {
    line.add(at)
    const current: number = at
    at = all.find((process) => process.pid === current)?.parent
  }
  return line
}

/** Sends a signal; a process that is gone already is fine. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // ESRCH: it ended between the look and the signal. EPERM: not ours, so not our child either.
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // The process ended while the table was read, or belongs to another user.
    return ''
  }
}
