import { create } from '@bufbuild/protobuf'
import { afterEach, beforeEach, expect, test } from 'bun:test'
import { PermissionScope } from '@shared/gen/nekode/daemon/v1/common_pb'
import { ServerEventKind } from '@shared/gen/nekode/daemon/v1/events_pb'
import { type MemoryRecord, MemoryRecordSchema } from '@shared/gen/nekode/daemon/v1/memory_pb'
import { RunState } from '@shared/gen/nekode/daemon/v1/runs_pb'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { FakeControl, type FakeRun, until } from '../../test/fixtures/control'
import { DaemonHere } from '../../test/fixtures/daemon'
import { COPY } from '../workspace/copy'

let server: FakeControl
let here: DaemonHere
beforeEach(() => {
  server = new FakeControl().start()
  server.addAgent('ada')
  here = new DaemonHere(server, { startInterval: '1ms' })
})
afterEach(async () => {
  await here.clean()
  await server.stop()
})

const note = (content: string, version: bigint): MemoryRecord =>
  create(MemoryRecordSchema, { agentId: 'ada', path: 'a.md', content, version, scope: PermissionScope.GLOBAL })
const over = (run: FakeRun) => until('the run is over', () => run.state === RunState.COMPLETED)
const cwd = () => until('the workspace', () => here.drivers[0]?.options?.cwd)

test('an agent finds a copy of its memory when it starts, and a new one as soon as the memory changes', async () => {
  server.memory.push(note('first', 1n))
  await here.start()
  await over(server.assign('ada', 'hello'))
  const path = join(await cwd(), COPY)
  expect(readFileSync(path, 'utf8')).toContain('version: 1\n\nfirst')
  const value = note('second', 2n)
  server.memory.splice(0, 1, value)
  server.emit({ kind: ServerEventKind.MEMORY, payload: { case: 'memoryRecord', value } })
  await until('the new copy', () => readFileSync(path, 'utf8').includes('version: 2\n\nsecond'))
  expect(readFileSync(join(path, '..', 'MEMORY.md'), 'utf8')).toStartWith('# Memory of @ada')
})

test('an agent works without a copy when there are no notes', async () => {
  await here.start()
  await over(server.assign('ada', 'hello'))
  expect(existsSync(join(await cwd(), COPY))).toBe(false)
})
