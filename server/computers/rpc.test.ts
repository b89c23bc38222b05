import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type Rpc, refusal, rpcClient } from '../../test/fixtures/rpc'
import { PRESETS } from '../runtimes/presets'
import { type Caller, type TestServer, startTestServer } from '../testing'

let server: TestServer
let owner: Caller
let box: Caller
let rpc: Rpc

beforeAll(async () => {
  server = await startTestServer()
  owner = await server.as('owner')
  box = await server.computer({ displayName: '' })
  rpc = rpcClient(server.url, box.token)
})
afterAll(() => server.stop())

const shown = () => owner.call('GET /api/computers/{id}', { params: { id: box.id } })
const info = { daemonId: 'daemon-1', displayName: 'Box', hostname: 'box', os: 'linux', arch: 'amd64', version: '2.0' }
const claude = { kind: 'claude', displayName: 'Claude Code', installed: true, healthy: true }

test('GetServerInfo says who the server is and what it speaks', async () => {
  expect(await rpc.getServerInfo({})).toMatchObject({
    serverId: server.core.serverId,
    protocolVersion: 1,
    minProtocolVersion: 1,
    maxProtocolVersion: 1,
  })
})

const load = {
  cpuPercent: 7,
  cpuCount: 2,
  memoryTotal: 100,
  memoryAvailable: 50,
  diskTotal: 10,
  diskAvailable: 5,
}

describe('a computer', () => {
  test('registers with what is on it and gets a lease', async () => {
    const answer = await rpc.registerComputer({
      info: {
        ...info,
        computerId: box.id,
        capabilities: [{ name: 'resources', enabled: true, description: JSON.stringify(load) }],
      },
      inventory: { runtimes: [claude] },
    })
    expect(answer).toMatchObject({
      accepted: true,
      lease: { resourceType: 'computer', resourceId: box.id, holderId: 'daemon-1', heartbeatAfterSeconds: 30 },
    })
    const left = Number(answer.lease!.expiresTimeUnix - answer.serverTimeUnix)
    expect(Math.abs(left - 90)).toBeLessThanOrEqual(1)
    expect(await shown()).toMatchObject({
      status: 'online',
      displayName: 'Box',
      hostname: 'box',
      version: '2.0',
      runtimes: [{ kind: 'claude', installed: true }],
      resources: load,
    })
  })

  test('keeps its lease by heartbeats, gets a new one for an unknown one, and keeps its inventory', async () => {
    const { lease } = await rpc.registerComputer({ info, inventory: { runtimes: [claude] } })
    const beat = (leaseId: string, more: object = {}) => rpc.heartbeatComputer({ info, leaseId, ...more })
    expect((await beat(lease!.leaseId)).lease?.leaseId).toBe(lease!.leaseId)
    for (const unknown of ['lease_of_yesterday', '']) {
      const renewed = await beat(unknown)
      expect(renewed).toMatchObject({ accepted: true, nextHeartbeatAfterSeconds: 30 })
      expect(renewed.lease?.leaseId).not.toBe(unknown)
    }
    await beat('', { inventory: { runtimes: [] }, inventoryVersion: 'v2' })
    expect((await shown()).runtimes).toHaveLength(1)
    await beat('', { inventory: { runtimes: [] }, inventoryVersion: 'v2', inventoryFullSnapshot: true })
    expect((await shown()).runtimes).toHaveLength(0)
    const synced = await rpc.syncComputerInventory({ info, inventory: { runtimes: [claude] }, inventoryVersion: 'v3' })
    expect(synced).toMatchObject({ accepted: true, inventoryVersion: 'v3' })
    expect((await shown()).runtimes).toHaveLength(1)
  })

  test('speaks for itself only', async () => {
    const foreign = { info: { ...info, computerId: (await server.computer()).id } }
    const events = await server.events()
    for (const call of [
      rpc.registerComputer(foreign),
      rpc.heartbeatComputer(foreign),
      rpc.syncComputerInventory(foreign),
      rpc.acknowledgeServerEvents({ computerId: 'cmp_other' }),
    ])
      expect(await refusal(call)).toBe('permission_denied foreign_computer')
    expect(await refusal(rpc.registerComputer({}))).toBe('invalid_argument invalid_request')
    expect(await server.events()).toBe(events)
  })

  test('that was removed is not recognised any more', async () => {
    const gone = await server.computer()
    await owner.call('DELETE /api/computers/{id}', { params: { id: gone.id } })
    expect(await refusal(rpcClient(server.url, gone.token).heartbeatComputer({ info }))).toBe(
      'unauthenticated token_invalid',
    )
  })
})

test('ListRuntimePresets lists the recommended ones, or all, and narrows by kind', async () => {
  const kinds = async (request: object) => (await rpc.listRuntimePresets(request)).presets.map((p) => p.kind)
  const all = PRESETS.map((p) => p.kind).toSorted()
  expect(await kinds({ includeExperimental: true })).toEqual(all)
  expect(await kinds({})).toEqual(
    PRESETS.filter((p) => p.recommended)
      .map((p) => p.kind)
      .toSorted(),
  )
  expect(await kinds({ kindPrefix: 'claude' })).toEqual(['claude'])
  const first = await rpc.listRuntimePresets({ includeExperimental: true, limit: 3 })
  expect(await kinds({ includeExperimental: true, limit: 3, cursor: first.nextCursor })).toEqual(all.slice(3, 6))
})
