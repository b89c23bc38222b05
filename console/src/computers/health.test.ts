import { describe, expect, test } from 'bun:test'
import type { Agent, Computer, RuntimeInfo } from '@shared/contract'
import { isOlder, problemsOf } from './health'

const gib = 2 ** 30
const runtime: RuntimeInfo = {
  kind: 'codex',
  displayName: 'Codex',
  installed: true,
  version: '1',
  login: 'yes',
  nextStep: '',
  installCommand: '',
  canInstall: true,
  models: [],
  demo: false,
}
const computer = (more: Partial<Computer> = {}): Computer => ({
  id: 'cmp_1',
  displayName: 'Mill',
  hostname: 'mill',
  os: 'linux',
  arch: 'amd64',
  version: '1.2.0',
  local: false,
  status: 'online',
  lastSeenAt: 1,
  runtimes: [runtime],
  resources: {
    cpuPercent: 3,
    cpuCount: 4,
    memoryTotal: 16 * gib,
    memoryAvailable: 8 * gib,
    diskTotal: 100 * gib,
    diskAvailable: 50 * gib,
    measuredAt: 1,
  },
  createdAt: 1,
  updatedAt: 1,
  ...more,
})
const agent = (health: Agent['status']['health'], enabled = true): Agent => ({
  id: 'agent_1',
  name: 'coder',
  displayName: 'Coder',
  description: '',
  computerId: 'cmp_1',
  runtimeKind: 'codex',
  model: '',
  enabled,
  channels: [],
  status: { presence: 'idle', activity: '', health, detail: '', runId: null, updatedAt: 1 },
  createdBy: 'user_1',
  createdAt: 1,
  updatedAt: 1,
})
const kinds = (one: Computer, agents: Agent[] = []) => problemsOf(one, agents, '1.2.0').map(({ kind }) => kind)
const withResources = (more: Partial<NonNullable<Computer['resources']>>) => {
  const one = computer()
  return computer({ resources: one.resources && { ...one.resources, ...more } })
}

describe('what is wrong with a computer', () => {
  test('nothing, when it is there with a coding agent and room', () => {
    expect(kinds(computer(), [agent('ok')])).toEqual([])
  })

  test('of one that is offline nothing else is said', () => {
    expect(kinds(computer({ status: 'offline', runtimes: [], version: '0.1.0' }), [agent('quota')])).toEqual([
      'offline',
    ])
  })

  test('a daemon that does not measure its load is not called full', () => {
    expect(kinds(computer({ resources: null }))).toEqual([])
    expect(kinds(withResources({ diskTotal: 0, diskAvailable: 0 }))).toEqual([])
  })

  test('a full disk and full memory, by their part and by what is left', () => {
    expect(kinds(withResources({ diskAvailable: 4 * gib }))).toEqual(['diskFull'])
    expect(kinds(withResources({ diskTotal: 8 * gib, diskAvailable: 0.9 * gib }))).toEqual(['diskFull'])
    expect(kinds(withResources({ memoryAvailable: 0.5 * gib }))).toEqual(['memoryFull'])
  })

  test('an agent that cannot work, unless it is switched off', () => {
    expect(kinds(computer(), [agent('auth_required')])).toEqual(['agent'])
    expect(kinds(computer(), [agent('auth_required', false), agent('offline')])).toEqual([])
  })

  test('the demo is no coding agent, and neither is one that lacks its login or only runs a command', () => {
    expect(
      kinds(
        computer({
          runtimes: [
            { ...runtime, demo: true },
            { ...runtime, login: 'no' },
            { ...runtime, kind: 'command' },
          ],
        }),
      ),
    ).toEqual(['noRuntime'])
  })
})

test.each([
  ['1.2.0', '1.2.0', false],
  ['1.1.9', '1.2.0', true],
  ['v0.9.0', '1.0.0', true],
  ['1.10.0', '1.9.0', false],
  ['2.0.0', '1.9.9', false],
  ['dev', '1.0.0', false],
  ['1.0.0', 'dev', false],
])('%s is older than %s: %p', (theirs, ours, older) => {
  expect(isOlder(theirs, ours)).toBe(older)
})
