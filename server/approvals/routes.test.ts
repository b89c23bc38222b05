import { afterAll, beforeAll, expect, test } from 'bun:test'
import { RunState, RunStepStatus } from '@shared/gen/nekode/daemon/v1/runs_pb'
import { ApiError } from '@shared/contract/client'
import { rpcClient } from '../../test/fixtures/rpc'
import { type Caller, type TestServer, startTestServer } from '../testing'

let server: TestServer
let owner: Caller
let bot: Caller
let id: string

beforeAll(async () => {
  server = await startTestServer()
  owner = await server.as('owner')
  const box = await server.computer()
  bot = await server.agent({ computerId: box.id, name: 'bot' })
  await owner.call('POST /api/channels', { body: { name: 'den', visibility: 'private' } })
  const params = { target: '#den' }
  await owner.call('POST /api/channels/{target}/members', { params, body: { kind: 'agent', memberId: bot.id } })
  const rpc = rpcClient(server.url, box.token)
  await rpc.registerComputer({ info: { daemonId: 'box' } })
  const body = { target: '#den', content: '@bot go' }
  const runId = (await owner.call('POST /api/messages', { body })).deliveries[0]!.runId!
  await rpc.updateRunStatus({ runId, state: RunState.RUNNING, leaseId: 'l' })
  const asks = { type: 'approval', requestId: 'r', name: 'Bash', kind: 'execute', title: 'rm x', canRemember: true }
  const step = { stepId: 'step_1', runId, sequence: 1, status: RunStepStatus.RUNNING, detail: JSON.stringify(asks) }
  await rpc.appendRunStep({ leaseId: 'l', step })
  const { approvals } = await owner.call('GET /api/runs/{id}', { params: { id: runId } })
  id = approvals[0]!.id
})
afterAll(() => server.stop())

const get = (who: Caller, which = id) =>
  who.call('GET /api/approvals/{id}', { params: { id: which } }).catch((error: unknown) => {
    if (error instanceof ApiError) return error.status
    throw error
  })

test('a permission request is read by whoever reads its channel, before and after it is decided', async () => {
  const { items } = await owner.call('GET /api/approvals', { query: { state: 'pending' } })
  expect(await get(owner)).toEqual(items[0]!)
  expect(await get(bot)).toMatchObject({ id, title: 'rm x', state: 'pending' })
  await owner.call('POST /api/approvals/{id}/decision', { params: { id }, body: { allow: false } })
  expect(await get(owner)).toMatchObject({ id, state: 'denied', decidedBy: { id: owner.id } })
})

test('to anybody else a permission request is not there', async () => {
  expect(await get(await server.as('member'))).toBe(404)
  expect(await get(await server.agent({ name: 'other' }))).toBe(404)
  expect(await get(owner, 'apr_0')).toBe(404)
})
