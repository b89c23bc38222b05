import { afterAll, beforeAll, expect, test } from 'bun:test'
import { McpResourceSubscriptionStatus } from '@shared/gen/nekode/daemon/v1/mcp_pb'
import { type Rpc, refusal, rpcClient } from '../../test/fixtures/rpc'
import { type Caller, type TestServer, startTestServer } from '../testing'

let server: TestServer
let owner: Caller
let bot: Caller
let agent: Rpc
let computer: Rpc
let stranger: Rpc

beforeAll(async () => {
  server = await startTestServer()
  owner = await server.as('owner')
  const box = await server.computer()
  bot = await server.agent({ computerId: box.id, name: 'bot' })
  agent = rpcClient(server.url, bot.token)
  computer = rpcClient(server.url, box.token)
  stranger = rpcClient(server.url, (await server.computer()).token)
})
afterAll(() => server.stop())

const resourceUri = 'nekode://conversations/%23general'

test('an agent and its computer share a subscription, its updates and its end', async () => {
  const { subscription } = await agent.subscribeMcpResource({
    requestId: 'r1',
    subscription: { resourceUri, runtimeId: 'mcp', endpointId: 'x'.repeat(500) },
  })
  const { subscriptionId = '' } = subscription ?? {}
  expect(subscription).toMatchObject({
    agentId: bot.id,
    resourceUri,
    runtimeId: 'mcp',
    endpointId: 'x'.repeat(128),
    requestId: 'r1',
    status: McpResourceSubscriptionStatus.ACTIVE,
  })
  const again = await computer.subscribeMcpResource({ subscription: { agentId: bot.id, resourceUri } })
  expect(again.subscription?.subscriptionId).toBe(subscriptionId)

  await owner.call('POST /api/messages', { body: { target: '#general', content: 'heard 😀' } })
  const first = await computer.listMcpResourceUpdates({ subscriptionId })
  expect(first.updates).toMatchObject([{ subscriptionId, resourceUri, contentType: 'application/json', sequence: 1n }])
  expect(JSON.parse(first.updates[0]!.content)).toMatchObject({ kind: 'message', payload: { content: 'heard 😀' } })
  expect((await agent.listMcpResourceUpdates({ resourceUri })).updates).toEqual(first.updates)
  const cursor = first.nextCursor!
  expect((await computer.listMcpResourceUpdates({ subscriptionId, cursor })).updates).toEqual([])
  const elsewhere = { ...cursor, serverId: 'srv_other' }
  expect((await computer.listMcpResourceUpdates({ subscriptionId, cursor: elsewhere })).updates).toHaveLength(1)

  expect(await refusal(stranger.listMcpResourceUpdates({ subscriptionId }))).toBe('not_found')
  expect(await refusal(stranger.cancelMcpResourceSubscription({ subscriptionId }))).toBe('not_found')
  for (const rpc of [agent, computer])
    expect(await rpc.cancelMcpResourceSubscription({ subscriptionId, agentId: bot.id })).toMatchObject({
      accepted: true,
      subscription: { status: McpResourceSubscriptionStatus.CANCELED },
    })
  expect(await refusal(agent.listMcpResourceUpdates({ subscriptionId }))).toMatch(/subscription_over$/)
})

test('what makes no sense or is somebody else’s is refused', async () => {
  const subscription = { agentId: bot.id, resourceUri }
  expect(await refusal(stranger.subscribeMcpResource({ subscription }))).toBe('permission_denied foreign_agent')
  expect(await refusal(computer.subscribeMcpResource({ subscription: { resourceUri } }))).toBe(
    'permission_denied foreign_agent',
  )
  expect(await refusal(agent.subscribeMcpResource({}))).toBe('invalid_argument resource_unknown')
  expect(await refusal(agent.cancelMcpResourceSubscription({ subscriptionId: 'sub_0' }))).toBe('not_found')
  expect(await refusal(computer.listMcpResourceUpdates({}))).toBe('invalid_argument invalid_request')
})
