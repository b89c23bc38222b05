import { afterEach, beforeEach, expect, test } from 'bun:test'
import { RuntimeInfo } from '@shared/contract/computers'
import { createLogger } from '@shared/log'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DetectedRuntime } from '../runtimes/detect'
import { fingerprint } from './fingerprint'
import { InventoryBook } from './inventory'

const claude: DetectedRuntime = {
  kind: 'claude',
  displayName: 'Claude Code',
  installed: true,
  version: '2.1.0',
  login: 'no',
  nextStep: 'Log in.',
  installCommand: 'npm install',
  canInstall: true,
  models: ['opus'],
  demo: false,
  path: '/usr/bin/claude',
  loginVia: '/home/ann/.claude/.credentials.json',
}

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'nekode-inventory-'))
})
afterEach(() => rmSync(home, { recursive: true }))

function book(found: () => DetectedRuntime[], more: Partial<ConstructorParameters<typeof InventoryBook>[0]> = {}) {
  let looks = 0
  const inventory = new InventoryBook({
    computerId: 'cmp_1',
    log: createLogger({ write: () => undefined }),
    detect: async () => {
      looks++
      return found()
    },
    fingerprint: () => 'same',
    ...more,
  })
  return { inventory, looks: () => looks }
}

test('a runtime is reported with what the console shows, and without where a login was found', async () => {
  const { inventory } = book(() => [claude])
  const [runtime] = (await inventory.read()).inventory.runtimes ?? []
  expect(runtime).toMatchObject({
    runtimeId: 'runtime-cmp_1-claude',
    kind: 'claude',
    command: '/usr/bin/claude',
    installed: true,
    healthy: false,
    supportsAutoInstall: true,
  })
  const json = runtime?.runtimeProfile?.adapterConfigJson ?? ''
  expect(RuntimeInfo.parse(JSON.parse(json))).toMatchObject({ version: '2.1.0', login: 'no', models: ['opus'] })
  expect(json).not.toContain('credentials')
})

test('the version changes exactly when what was found does', async () => {
  let found = [claude]
  const { inventory, looks } = book(() => found)
  const first = await inventory.read()
  expect((await inventory.read()).version).toBe(first.version)
  expect(looks()).toBe(1)
  expect((await inventory.refresh()).version).toBe(first.version)
  found = [{ ...claude, login: 'yes' }]
  expect((await inventory.refresh()).version).not.toBe(first.version)
})

test('a look that fails reports nothing instead of stopping the daemon', async () => {
  const { inventory } = book(() => {
    throw new Error('out of processes')
  })
  expect((await inventory.read()).inventory.runtimes).toEqual([])
})

test('a check looks again only when the fingerprint has changed', async () => {
  let print = 'a'
  const { inventory, looks } = book(() => [claude], { fingerprint: () => print })
  await inventory.read()
  expect(await inventory.check()).toBe(false)
  print = 'b'
  expect(await inventory.check()).toBe(true)
  expect(await inventory.check()).toBe(false)
  expect(looks()).toBe(2)
})

test('the fingerprint sees a program that is installed or updated, and a login', () => {
  const bin = join(home, 'bin')
  const env = { HOME: home, PATH: bin }
  const seen = new Set([fingerprint(env)])
  mkdirSync(bin)
  writeFileSync(join(bin, 'codex'), '#!/bin/sh\n')
  chmodSync(join(bin, 'codex'), 0o755)
  seen.add(fingerprint(env))
  writeFileSync(join(bin, 'codex'), '#!/bin/sh\necho new\n')
  seen.add(fingerprint(env))
  mkdirSync(join(home, '.codex'))
  writeFileSync(join(home, '.codex/auth.json'), '{}')
  seen.add(fingerprint(env))
  seen.add(fingerprint(env))
  expect(seen.size).toBe(4)
})

test('an agent that the settings name is reported beside the runtimes', async () => {
  const { inventory } = book(() => [], { agent: { agentId: 'a', runtimeKind: 'codex', target: '#general' } })
  expect((await inventory.read()).inventory.agents).toMatchObject([
    { agentId: 'a', runtimeKind: 'codex', dmTargets: ['#general'], computerId: 'cmp_1' },
  ])
})
