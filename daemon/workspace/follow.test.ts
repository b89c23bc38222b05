import { afterAll, beforeAll, expect, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { until } from '../../test/fixtures/control'
import { type ToolBench, startToolBench } from '../../test/fixtures/tools'
import { COPY } from './copy'

let bench: ToolBench
let workspace: string
beforeAll(async () => {
  bench = await startToolBench()
  await bench.call('set_memory', { path: 'notes/a.md', text: 'before the start', version: 0 })
  const { home } = await bench.run()
  workspace = join(home, 'agents', 'ada', 'workspace')
}, 30_000)
afterAll(() => bench[Symbol.asyncDispose]())

const copy = (): string => (existsSync(join(workspace, COPY)) ? readFileSync(join(workspace, COPY), 'utf8') : '')

test('what server and agent agree on is in the workspace when the agent starts, and follows every change', async () => {
  await bench.owner.call('POST /api/messages', { body: { target: '#general', content: '@ada hello' } })
  await until('the first copy', () => copy().includes('before the start'))
  await bench.call('set_memory', { path: 'notes/a.md', text: 'by the agent', version: 1 })
  await until('the change', () => copy().includes('version: 2\n\nby the agent'))
  const params = { id: bench.ada.id }
  const body = { path: 'notes/b.md', content: 'by a person', expectedVersion: 0 }
  const { id } = await bench.owner.call('PUT /api/agents/{id}/memory', { params, body })
  await until('the new note', () => copy().includes('by a person'))
  await bench.owner.call('DELETE /api/memory/{id}', { params: { id }, query: { version: 1 } })
  await until('the removal', () => !copy().includes('by a person'))
  expect(copy()).toContain('by the agent')
})
