import { ComputerResources } from '@shared/contract'
import type { ComputerResources as WireResources } from '@shared/gen/nekode/daemon/v1/computers_pb'

/**
 * What a daemon measured of its computer. Nothing when it measures nothing, or nonsense: a sign of life is not refused for that.
 * @param at when, in Unix milliseconds by the clock of the server
 */
export function readResources(wire: WireResources | undefined, at: number): ComputerResources | undefined {
  if (!wire) return undefined
  const memoryTotal = Number(wire.memoryTotalBytes)
  const diskTotal = Number(wire.diskTotalBytes)
  return ComputerResources.safeParse({
    cpuPercent: wire.cpuPercent === undefined ? null : Math.min(100, wire.cpuPercent),
    cpuCount: wire.cpuCount,
    memoryTotal,
    memoryAvailable: Math.min(Number(wire.memoryAvailableBytes), memoryTotal),
    diskTotal,
    diskAvailable: Math.min(Number(wire.diskAvailableBytes), diskTotal),
    measuredAt: at,
  }).data
}
