import type { RuntimeInfo } from '@shared/contract'
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { storages } from '../../test/storages'
import { type World, createWorld } from '../../test/world'
import type { ComputerPrincipal, UserPrincipal } from '../access/principal'

const FACTS = {
  daemonId: 'd1',
  displayName: 'from config',
  hostname: 'mill',
  os: 'linux',
  arch: 'amd64',
  version: '1.0.0',
}
const codex = (more: Partial<RuntimeInfo> = {}): RuntimeInfo => ({
  kind: 'codex',
  displayName: 'Codex CLI',
  installed: false,
  version: '',
  login: 'unknown',
  nextStep: '',
  installCommand: 'npm install --global @openai/codex',
  canInstall: true,
  models: [],
  demo: false,
  ...more,
})
const inventory = (version: string, ...runtimes: RuntimeInfo[]) => ({ version, runtimes })
const beat = { leaseId: '' }

for (const storage of storages.filter((s) => s.available))
  describe(storage.name, () => {
    let world: World
    let admin: UserPrincipal
    let daemon: ComputerPrincipal

    beforeEach(async () => {
      world = await createWorld(storage)
      admin = (await world.user('admin')).principal
      const { token } = await world.enrolled(admin)
      daemon = await world.computer(token)
      world.take()
    })
    afterEach(() => world.close())

    const kinds = () => world.take().map((e) => `${e.kind} ${e.operation}`)
    const statuses = () =>
      world
        .take()
        .filter((e) => e.kind === 'computer')
        .map((e) => JSON.parse(e.payload).status)

    test('registering tells people once that the computer is online and what is on it', async () => {
      const lease = await world.computers.register(daemon, FACTS, inventory('v1', codex()))
      expect(lease).toEqual({
        id: expect.stringMatching(/^lease_/),
        expiresAt: world.clock.ms + 90_000,
        heartbeatAfterSeconds: 30,
      })
      expect(kinds()).toEqual(['computer state_changed', 'enrollment state_changed'])
      expect(await world.computers.get(daemon.id)).toMatchObject({
        displayName: 'Mill',
        hostname: 'mill',
        os: 'linux',
        arch: 'amd64',
        version: '1.0.0',
        status: 'online',
        lastSeenAt: world.clock.ms,
        runtimes: [codex()],
      })
      expect(world.computers.isOnline(daemon.id)).toBe(true)
    })

    test('registering again with the same inventory gives a new lease and says nothing', async () => {
      const first = await world.computers.register(daemon, FACTS, inventory('v1', codex()))
      world.take()
      const second = await world.computers.register(daemon, FACTS, inventory('v1', codex()))
      expect(second.id).not.toBe(first.id)
      expect(kinds()).toEqual([])
    })

    test('a heartbeat renews its lease, and an unknown lease gets a new one', async () => {
      const { id } = await world.computers.register(daemon, FACTS, inventory('v1'))
      world.clock.ms += 30_000
      expect(await world.computers.heartbeat(daemon, { leaseId: id })).toMatchObject({
        id,
        expiresAt: world.clock.ms + 90_000,
      })
      const other = await world.computers.heartbeat(daemon, { leaseId: 'lease_of_another_server' })
      expect(other.id).not.toBe(id)
      expect(await world.computers.heartbeat(daemon, { leaseId: other.id })).toMatchObject({ id: other.id })
      expect((await world.computers.heartbeat(daemon, beat)).id).not.toBe(other.id)
    })

    test('a heartbeat without an inventory keeps the one that is there', async () => {
      await world.computers.register(daemon, FACTS, inventory('v1', codex()))
      await world.computers.heartbeat(daemon, beat)
      expect((await world.computers.get(daemon.id)).runtimes).toEqual([codex()])
    })

    test('how busy a computer is is kept from each heartbeat, and told when it has changed by a step', async () => {
      const gib = 2 ** 30
      const measured = (cpuPercent: number, free: number) => ({
        cpuPercent,
        cpuCount: 4,
        memoryTotal: 16 * gib,
        memoryAvailable: free * gib,
        diskTotal: 100 * gib,
        diskAvailable: 50 * gib,
        measuredAt: world.clock.ms,
      })
      await world.computers.register(daemon, FACTS, inventory('v1'), measured(11, 8))
      world.take()
      await world.computers.heartbeat(daemon, { leaseId: '', resources: measured(14, 8.1) })
      expect(kinds()).toEqual([])
      expect((await world.computers.get(daemon.id)).resources).toEqual(measured(14, 8.1))
      await world.computers.heartbeat(daemon, { leaseId: '', resources: measured(97, 8.1) })
      await world.computers.heartbeat(daemon, beat)
      expect(kinds()).toEqual(['computer updated'])
      expect((await world.computers.get(daemon.id)).resources).toEqual(measured(97, 8.1))
      await world.computers.register(daemon, FACTS, inventory('v1'))
      expect((await world.computers.get(daemon.id)).resources).toBeNull()
    })

    test('what belongs to a heartbeat commits with it, or not at all', async () => {
      const failing = world.computers.heartbeat(daemon, beat, () => Promise.reject(new Error('no such agent')))
      await expect(failing).rejects.toThrow('no such agent')
      expect(await world.computers.get(daemon.id)).toMatchObject({ status: 'offline', lastSeenAt: null })
      expect(kinds()).toEqual([])
    })

    test('a silent computer turns stale and then offline, and each change is announced once', async () => {
      await world.computers.register(daemon, FACTS, inventory('v1'))
      world.take()
      for (const [afterMs, status, announced] of [
        [59_999, 'online', []],
        [1, 'stale', ['stale']],
        [29_999, 'stale', []],
        [1, 'offline', ['offline']],
        [3_600_000, 'offline', []],
      ] as const) {
        world.clock.ms += afterMs
        expect((await world.computers.get(daemon.id)).status).toBe(status)
        await Promise.all([world.computers.sweep(), world.computers.sweep(), world.computers.sweep()])
        expect(statuses()).toEqual([...announced])
        expect(world.computers.isOnline(daemon.id)).toBe(status !== 'offline')
      }
    })

    test('one sign of life brings an offline computer back with one event', async () => {
      await world.computers.register(daemon, FACTS, inventory('v1'))
      world.clock.ms += 100_000
      await world.computers.sweep()
      world.take()
      await world.computers.heartbeat(daemon, beat)
      await world.computers.heartbeat(daemon, beat)
      expect(statuses()).toEqual(['online'])
    })

    test('who went away while the server was down is announced when it loads', async () => {
      await world.computers.register(daemon, FACTS, inventory('v1'))
      world.take()
      world.clock.ms += 3_600_000
      await world.computers.load()
      expect(statuses()).toEqual(['offline'])
      expect(world.computers.isOnline(daemon.id)).toBe(false)
    })

    test('an inventory of its own changes what is shown, but is no sign of life', async () => {
      await world.computers.register(daemon, FACTS, inventory('v1'))
      world.take()
      world.clock.ms += 70_000
      const found = codex({ installed: true, version: '0.169.0', login: 'yes' })
      expect(await world.computers.syncInventory(daemon, {}, inventory('v2', found))).toEqual({ version: 'v2' })
      expect(kinds()).toEqual(['computer updated'])
      expect(await world.computers.get(daemon.id)).toMatchObject({ status: 'stale', runtimes: [found] })
    })

    test('the name that people gave wins over the one in the daemon’s configuration', async () => {
      await world.computers.rename(admin, daemon.id, 'Big Mill')
      await world.computers.register(daemon, FACTS, inventory('v1'))
      expect((await world.computers.get(daemon.id)).displayName).toBe('Big Mill')
    })

    test('what a daemon says of itself is cut to what the columns hold, without half characters', async () => {
      const long = { ...FACTS, hostname: `a\u0000\u001b[31m${'x'.repeat(240)}😀😀😀😀`, version: '😀'.repeat(40) }
      await world.computers.register(daemon, long, inventory('v'.repeat(300)))
      const { hostname, version } = await world.computers.get(daemon.id)
      expect(hostname).toStartWith('a  [31mx')
      expect(hostname.length).toBeLessThanOrEqual(255)
      expect(hostname.isWellFormed()).toBe(true)
      expect(version).toBe('😀'.repeat(32))
    })

    test('the acknowledged position only moves forward', async () => {
      for (const [sequence, position] of [
        [7, 7],
        [3, 7],
        [9, 9],
      ] as const) {
        await world.computers.acknowledge(daemon, sequence)
        expect(await world.computers.acknowledged(daemon)).toBe(position)
      }
    })

    test('removing a computer ends its streams, its agents’ tokens, its codes and its orders, and tells the hooks', async () => {
      const told: string[] = []
      world.computers.onRemoved(async (tx, id) => {
        await tx.q.select().from(world.db.t.runs)
        told.push(id)
      })
      await world.computers.register(daemon, FACTS, inventory('v1', codex()))
      const operationId = await world.computers.installRuntime(admin, daemon.id, 'codex')
      const pending = await world.enrollments.create(admin, { computerId: daemon.id })
      world.take()
      await world.computers.remove(admin, daemon.id)
      expect(daemon.revoked.aborted).toBe(true)
      expect(told).toEqual([daemon.id])
      expect(world.take().map((e) => `${e.kind} ${e.operation} ${e.audience}`)).toEqual([
        'enrollment state_changed admin',
        'enrollment state_changed admin',
        'computer deleted all',
      ])
      expect(await world.computers.list()).toEqual([])
      expect(world.computers.isOnline(daemon.id)).toBe(false)
      expect(await world.computers.commands.control(operationId)).toBeUndefined()
      await expect(world.enrollments.check(pending.enrollment.id, pending.code)).rejects.toMatchObject({
        code: 'code_revoked',
      })
      await expect(world.computers.heartbeat(daemon, beat)).rejects.toMatchObject({ kind: 'unauthenticated' })
      await expect(world.computers.get(daemon.id)).rejects.toMatchObject({ kind: 'not_found' })
    })

    test('the server’s own computer keeps its identity from start to start, and its earlier token stops working', async () => {
      const first = await world.enrollments.local({ hostname: 'here', os: 'linux', arch: 'amd64' })
      const before = await world.computer(first.token)
      const second = await world.enrollments.local({ hostname: 'here', os: 'linux', arch: 'amd64' })
      expect(second.computerId).toBe(first.computerId)
      expect(second.displayName).toBe('here')
      expect(before.revoked.aborted).toBe(true)
      expect(await world.computers.get(second.computerId)).toMatchObject({ local: true, status: 'offline' })
    })
  })
