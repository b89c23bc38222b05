import type { Actor, Computer, ComputerResources } from '@shared/contract'
import type { NewEvent } from '../db/database'
import type { Row } from '../db/tables'
import { type Status, statusOf } from './status'
import { clip } from './text'

export type ComputerRow = Row<'computers'>

/** What a daemon says about the computer that it runs on. Ids are not among it: the credential says which computer it is. */
export interface Facts {
  daemonId: string
  displayName: string
  hostname: string
  os: string
  arch: string
  version: string
}

/** What the columns can hold; what the daemon left empty is left as it is. */
export function bounded(facts: Partial<Facts>): Partial<Facts> {
  const lengths: Record<keyof Facts, number> = {
    daemonId: 255,
    displayName: 80,
    hostname: 255,
    os: 32,
    arch: 32,
    version: 64,
  }
  const entries = Object.entries(lengths).flatMap(([key, length]) => {
    const value = clip(facts[key as keyof Facts] ?? '', length)
    return value === '' ? [] : [[key, value]]
  })
  return Object.fromEntries(entries)
}

export const nameOf = (row: ComputerRow): string => row.displayName || row.hostname || row.id

/**
 * What people see of a row, to tell whether it changed. `lastSeenAt` moves all the time and is not worth an event; of how busy the
 * computer is only steps are.
 */
export function shown(row: ComputerRow): string {
  const { lastSeenAt: _, updatedAt: __, resources, ...rest } = toComputer(row, 0)
  return JSON.stringify({ ...rest, resources: steps(resources), status: row.announced })
}

/** In tenths of the processors, in twentieths of the memory, and in hundredths of the disk, which fills up slowly. */
function steps(resources: ComputerResources | null): number[] {
  if (!resources) return []
  const { cpuPercent, memoryAvailable, memoryTotal, diskAvailable, diskTotal } = resources
  const part = (some: number, all: number, count: number): number => (all ? Math.round((some / all) * count) : -1)
  return [
    cpuPercent === null ? -1 : Math.round(cpuPercent / 10),
    part(memoryAvailable, memoryTotal, 20),
    part(diskAvailable, diskTotal, 100),
  ]
}

/** A row as the HTTP API shows it. `now` in Unix milliseconds decides the status. */
export function toComputer(row: ComputerRow, now: number): Computer {
  const status: Status = row.removedAt === null ? statusOf(row.lastSeenAt, now) : 'offline'
  return {
    id: row.id,
    displayName: nameOf(row),
    hostname: row.hostname,
    os: row.os,
    arch: row.arch,
    version: row.version,
    local: row.local,
    status,
    lastSeenAt: row.lastSeenAt,
    runtimes: row.runtimes,
    resources: row.resources,
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
  }
}

export const computerEvent = (
  row: ComputerRow,
  operation: NewEvent['operation'],
  actor: Actor,
  now: number,
): NewEvent => ({
  kind: 'computer',
  operation,
  aggregateId: row.id,
  audience: 'all',
  actor,
  payload: toComputer(row, now),
})
