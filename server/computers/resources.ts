import { type ComputerResources, MeasuredResources, RESOURCES_CAPABILITY } from '@shared/contract/computers'
import type { Capability } from '@shared/gen/nekode/daemon/v1/common_pb'

/** A report is a few hundred bytes; what is longer is none. */
const LONGEST = 2000

/**
 * What a daemon measured of its computer. Nothing when it measures nothing, or nonsense: a sign of life is not refused for that.
 * @param at when, in Unix milliseconds by the clock of the server
 */
export function readResources(capabilities: readonly Capability[], at: number): ComputerResources | undefined {
  const told = capabilities.find(({ name, enabled }) => enabled && name === RESOURCES_CAPABILITY)?.description
  if (!told || told.length > LONGEST) return undefined
  const measured = MeasuredResources.safeParse(parsed(told)).data
  if (!measured) return undefined
  const { memoryTotal, memoryAvailable, diskTotal, diskAvailable } = measured
  return {
    ...measured,
    memoryAvailable: Math.min(memoryAvailable, memoryTotal),
    diskAvailable: Math.min(diskAvailable, diskTotal),
    measuredAt: at,
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Then it is something else that this name stands for.
    return undefined
  }
}
