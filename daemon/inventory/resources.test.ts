import { expect, test } from 'bun:test'
import { tmpdir } from 'node:os'
import { cpuPercent, ResourceMeter } from './resources'

test.each([
  ['half of them were busy', { busy: 500, all: 1000 }, 50],
  ['none was', { busy: 0, all: 1000 }, 0],
  ['all were', { busy: 1000, all: 1000 }, 100],
  ['the clock of one jumped', { busy: -10, all: 1000 }, 0],
  ['no time has passed', { busy: 0, all: 0 }, undefined],
] as const)('processors: %s', (_, after, percent) => {
  const start = { busy: 70_000, all: 900_000 }
  expect(cpuPercent(start, { busy: start.busy + after.busy, all: start.all + after.all })).toBe(percent)
})

test('this computer has memory and a disk, and no more free than there is', async () => {
  const { cpuCount, memoryTotal, memoryAvailable, diskTotal, diskAvailable } = await new ResourceMeter(tmpdir()).read()
  expect(cpuCount).toBeGreaterThan(0)
  expect(memoryTotal).toBeGreaterThan(memoryAvailable)
  expect(memoryAvailable).toBeGreaterThan(0)
  expect(diskTotal).toBeGreaterThanOrEqual(diskAvailable)
  expect(diskTotal).toBeGreaterThan(0)
})

test('a folder that is not there leaves the rest of the report as it is', async () => {
  const { diskTotal, memoryTotal } = await new ResourceMeter('/no/such/folder').read()
  expect(diskTotal).toBe(0)
  expect(memoryTotal).toBeGreaterThan(0)
})
