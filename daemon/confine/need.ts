import { type Confinement, UNCONFINED } from '@shared/contract/confinement'

/** What the computer's own settings say about every agent on it. `undefined` is no limit. */
export interface Ceilings {
  memoryMb?: number | undefined
  processes?: number | undefined
  cpuPercent?: number | undefined
  /** Every agent runs in a sandbox, whatever its own settings say. */
  alwaysSandboxed: boolean
}

/** Limits of one child with all that it starts. */
export interface Limits {
  memoryBytes: number | undefined
  processes: number | undefined
  cpuPercent: number | undefined
}

/** What one agent's processes are held to: the stricter of its own settings and the computer's. */
export interface Need {
  limits: Limits
  /** Undefined: no sandbox. */
  sandbox: { network: boolean; readable: readonly string[] } | undefined
}

export function needOf(own: Confinement = UNCONFINED, ceilings: Ceilings): Need {
  const memoryMb = stricter(own.memoryMb, ceilings.memoryMb)
  const { network, readable } = own
  return {
    limits: {
      memoryBytes: memoryMb === undefined ? undefined : memoryMb * 1024 ** 2,
      processes: stricter(own.processes, ceilings.processes),
      cpuPercent: stricter(own.cpuPercent, ceilings.cpuPercent),
    },
    sandbox: own.sandbox || ceilings.alwaysSandboxed ? { network, readable } : undefined,
  }
}

const stricter = (own: number | null, ceiling: number | undefined): number | undefined =>
  own === null ? ceiling : ceiling === undefined ? own : Math.min(own, ceiling)

export const isLimited = ({ memoryBytes, processes, cpuPercent }: Limits): boolean =>
  memoryBytes !== undefined || processes !== undefined || cpuPercent !== undefined

/** What people read when a limit ended an agent. */
export const overMemory = (bytes: number): string =>
  `it took more memory than its limit of ${Math.round(bytes / 1024 ** 2)} MB`
export const overProcesses = (count: number): string => `it started more than its limit of ${count} processes`
