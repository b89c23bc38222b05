import { create } from '@bufbuild/protobuf'
import type { RuntimeInfo } from '@shared/contract'
import { ComputerInventorySchema } from '@shared/gen/nekode/daemon/v1/computers_pb'
import { expect, test } from 'bun:test'
import { readInventory } from './inventory'

const ours: RuntimeInfo = {
  kind: 'claude',
  displayName: 'Claude Code',
  installed: true,
  version: '2.1.329',
  login: 'no',
  nextStep: 'Run `claude` and log in.',
  installCommand: 'npm install --global @anthropic-ai/claude-code',
  canInstall: false,
  models: ['opus', 'sonnet'],
  demo: false,
}
const read = (
  ...runtimes: NonNullable<Parameters<typeof create<typeof ComputerInventorySchema>>[1]>['runtimes'] & object
) => readInventory(create(ComputerInventorySchema, { runtimes }))
const withJson = (json: string) => ({
  kind: 'claude',
  displayName: 'Claude',
  runtimeProfile: { adapterConfigJson: json },
})

test('what our daemon says about a runtime is taken as it is', () => {
  expect(read(withJson(JSON.stringify(ours)))).toEqual([ours])
})

test('fields that this server does not know are left out', () => {
  expect(read(withJson(JSON.stringify({ ...ours, secret: 'x' })))).toEqual([ours])
})

test.each([
  ['no JSON', 'not json'],
  ['the JSON of an earlier daemon', '{"schemaVersion":"nekode.runtime-adapter.v1","runtimeType":{"kind":"claude"}}'],
  ['a wrong type', JSON.stringify({ ...ours, installed: 'yes' })],
  ['more than 64 KiB', JSON.stringify({ ...ours, nextStep: 'x'.repeat(70_000) })],
])('%s is passed over for the fields beside it', (_, json) => {
  expect(read(withJson(json))).toEqual([
    expect.objectContaining({ kind: 'claude', displayName: 'Claude', installed: false, login: 'unknown', version: '' }),
  ])
})

test.each([
  [
    { installed: true, healthy: true },
    { login: 'yes', nextStep: '', canInstall: false },
  ],
  [
    { installed: true, healthy: false },
    { login: 'unknown', nextStep: 'log in\nor else', canInstall: false },
  ],
  [
    { installed: false, supportsAutoInstall: true },
    { login: 'unknown', nextStep: 'log in\nor else', canInstall: true },
  ],
])('an earlier daemon’s %p becomes %p', (given, expected) => {
  expect(read({ kind: 'codex', installHint: ['log in', 'or else'], ...given })).toEqual([
    expect.objectContaining(expected),
  ])
})

test('a flood is cut to its bounds', () => {
  const flood = Array.from({ length: 100 }, (_, i) => ({
    kind: `k${i}`.padEnd(200, 'x'),
    displayName: 'n'.repeat(5000),
    installHint: ['h'.repeat(9000)],
    runtimeProfile: { model: 'm'.repeat(9000) },
  }))
  const found = read(...flood, ...flood)
  expect(found).toHaveLength(40)
  expect(JSON.stringify(found).length).toBeLessThan(40 * 1100)
})

test('a runtime without a kind is dropped, an older form of the kind is read, and one kind appears once', () => {
  expect(read({ displayName: '?' }, { tool: 'codex', displayName: '' }, { kind: 'codex' })).toEqual([
    expect.objectContaining({ kind: 'codex', displayName: 'codex' }),
  ])
  expect(readInventory(undefined)).toEqual([])
})
