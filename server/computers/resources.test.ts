import { create } from '@bufbuild/protobuf'
import { ComputerResourcesSchema } from '@shared/gen/nekode/daemon/v1/computers_pb'
import { expect, test } from 'bun:test'
import { readResources } from './resources'

const whole = {
  cpuPercent: 12,
  cpuCount: 8,
  memoryTotalBytes: 100n,
  memoryAvailableBytes: 40n,
  diskTotalBytes: 1000n,
  diskAvailableBytes: 900n,
}
const read = (more: object = {}) => readResources(create(ComputerResourcesSchema, { ...whole, ...more }), 5)

test('what a daemon measured is taken as it is, at the server’s time', () => {
  expect(read()).toEqual({
    cpuPercent: 12,
    cpuCount: 8,
    memoryTotal: 100,
    memoryAvailable: 40,
    diskTotal: 1000,
    diskAvailable: 900,
    measuredAt: 5,
  })
})

test('a daemon that measures nothing has no resources, and one that does not know its processors yet says so', () => {
  expect(readResources(undefined, 5)).toBeUndefined()
  expect(read({ cpuPercent: undefined })?.cpuPercent).toBeNull()
})

test('nonsense stays within what can be', () => {
  expect(
    read({ cpuPercent: 4_000_000_000, memoryAvailableBytes: 101n, diskAvailableBytes: 2n ** 64n - 1n }),
  ).toMatchObject({
    cpuPercent: 100,
    memoryAvailable: 100,
    diskAvailable: 1000,
  })
})
