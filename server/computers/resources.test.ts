import { create } from '@bufbuild/protobuf'
import { CapabilitySchema } from '@shared/gen/nekode/daemon/v1/common_pb'
import { expect, test } from 'bun:test'
import { readResources } from './resources'

const whole = {
  cpuPercent: 12,
  cpuCount: 8,
  memoryTotal: 100,
  memoryAvailable: 40,
  diskTotal: 1000,
  diskAvailable: 900,
}
const told = (description: string, enabled = true) =>
  readResources([create(CapabilitySchema, { name: 'resources', enabled, description })], 5)
const read = (more: object = {}) => told(JSON.stringify({ ...whole, ...more }))

test('what a daemon measured is taken as it is, at the server’s time', () => {
  expect(read()).toEqual({ ...whole, measuredAt: 5 })
})

test('a daemon that measures nothing has no resources, and one that does not know its processors yet says so', () => {
  expect(readResources([], 5)).toBeUndefined()
  expect(told(JSON.stringify(whole), false)).toBeUndefined()
  expect(read({ cpuPercent: null })?.cpuPercent).toBeNull()
})

test('there is never more free than there is', () => {
  expect(read({ memoryAvailable: 101, diskAvailable: 2 ** 50 })).toMatchObject({
    memoryAvailable: 100,
    diskAvailable: 1000,
  })
})

test.each(['', '{', 'null', '[]', '{}', 'x'.repeat(3000), `${'['.repeat(1500)}`])('%j is no measurement', (text) => {
  expect(told(text)).toBeUndefined()
})

test.each([{ cpuPercent: 101 }, { cpuPercent: 1.5 }, { memoryTotal: -1 }, { diskTotal: 1e300 }, { cpuCount: 'many' }])(
  'neither is one with %p',
  (more) => {
    expect(read(more)).toBeUndefined()
  },
)
