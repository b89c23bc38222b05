import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** A process as /proc shows it to its user. */
export interface Traced {
  pid: number
  argv: string
  /** What it was started with. */
  env: string
  cwd: string
}

const file = (path: string): string => readFileSync(path, 'utf8').replaceAll('\0', ' ').trim()

function read(path: string, how: (path: string) => string = file): string {
  try {
    return how(path)
  } catch {
    // It ended while we looked.
    return ''
  }
}

/** All processes below one, itself left out. Linux. */
export function below(root: number): Traced[] {
  const parents = new Map<number, number>()
  for (const name of readdirSync('/proc')) {
    const parent = /^PPid:\s+(\d+)/m.exec(/^\d+$/.test(name) ? read(`/proc/${name}/status`) : '')?.[1]
    if (parent !== undefined) parents.set(Number(name), Number(parent))
  }
  const family = new Set([root])
  for (let size = 0; size < family.size;) {
    size = family.size
    for (const [pid, parent] of parents) if (family.has(parent)) family.add(pid)
  }
  family.delete(root)
  return [...family]
    .map((pid) => ({
      pid,
      argv: read(`/proc/${pid}/cmdline`),
      env: read(`/proc/${pid}/environ`),
      cwd: read(`/proc/${pid}/cwd`, readlinkSync),
    }))
    .filter(({ argv }) => argv !== '')
}

/** All processes that work in a folder, whoever is their parent now. Linux. */
export function workingIn(folder: string): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return pids.filter((pid) => `${read(`/proc/${pid}/cwd`, readlinkSync)}/`.startsWith(`${folder}/`)).map(Number)
}

/** How many processes have exactly this command line, whoever started them. */
export function running(argv: string): number {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name) && read(`/proc/${name}/cmdline`) === argv).length
}
