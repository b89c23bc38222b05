import type { MeasuredResources } from '@shared/contract/computers'
import { statfs } from 'node:fs/promises'
import { availableParallelism, cpus, freemem, totalmem } from 'node:os'

/** Processor time since the computer was started, of all processors, in milliseconds. */
export interface Ticks {
  busy: number
  all: number
}

function ticks(): Ticks {
  let busy = 0
  let all = 0
  for (const { times } of cpus()) {
    const sum = times.user + times.nice + times.sys + times.irq
    busy += sum
    all += sum + times.idle
  }
  return { busy, all }
}

/** How busy the processors were from one moment to another, 0 to 100; undefined when hardly any time has passed. */
export function cpuPercent(before: Ticks, after: Ticks): number | undefined {
  const all = after.all - before.all
  if (all < 100) return undefined
  return Math.min(100, Math.max(0, Math.round(((after.busy - before.busy) / all) * 100)))
}

/** How busy and how full this computer is. The processors are measured from one reading to the next. */
export class ResourceMeter {
  #before = ticks()

  /** @param folder where agents work: of its file system the space is told */
  constructor(private readonly folder: string) {}

  async read(): Promise<MeasuredResources> {
    const after = ticks()
    const percent = cpuPercent(this.#before, after)
    if (percent !== undefined) this.#before = after
    // A file system that does not say how full it is has no place in the report; everything else has.
    const disk = await statfs(this.folder).catch(() => undefined)
    return {
      cpuPercent: percent ?? null,
      cpuCount: availableParallelism(),
      memoryTotal: totalmem(),
      memoryAvailable: freemem(),
      diskTotal: disk ? disk.blocks * disk.bsize : 0,
      diskAvailable: disk ? disk.bavail * disk.bsize : 0,
    }
  }
}
