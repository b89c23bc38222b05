import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import type { MessageInitShape, MessageShape } from '@bufbuild/protobuf'
import { type Client, ConnectError, type Transport, createClient } from '@connectrpc/connect'
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from '@connectrpc/connect-node'
import { AgentControlAction, AgentPresence } from '@shared/gen/nekode/daemon/v1/agents_pb'
import { AgentRunPhase } from '@shared/gen/nekode/daemon/v1/archive_pb'
import { NegotiationKind, RoleHandoffResponseValue } from '@shared/gen/nekode/daemon/v1/coordination_pb'
import { DecisionStatus, DecisionVote } from '@shared/gen/nekode/daemon/v1/decisions_pb'
import { CollaborationEventKind, ServerEventKind } from '@shared/gen/nekode/daemon/v1/events_pb'
import { RunState } from '@shared/gen/nekode/daemon/v1/runs_pb'
import { DaemonControlService } from '@shared/gen/nekode/daemon/v1/service_pb'
import { TunnelState } from '@shared/gen/nekode/daemon/v1/tunnels_pb'
import { ATTACH, windowHeaders } from '@shared/tunnel/frames'
import type { MethodName } from '../../server/rpc/methods'
import { type Caller, type TestServer, startTestServer } from '../../server/testing'
import { describeError } from '../fixtures/rpc'

/*
 * Every method of the contract, over every protocol, in one scenario: each call is made with a request that makes sense at that
 * moment, and what comes back is either what was asked for or the refusal that is named here.
 */

// What needs a daemon waits a moment for one that is just coming back.
setDefaultTimeout(30_000)

type Methods = typeof DaemonControlService.method
type Sent<K extends MethodName> = MessageInitShape<Methods[K]['input']>
type Got<K extends MethodName> = MessageShape<Methods[K]['output']>
type Who = 'computer' | 'agent' | 'owner'

interface Step<K extends MethodName> {
  as: Who
  send: (s: Scene) => Sent<K>
  /** What has to hold of the answer; of a stream, of its first message. */
  gives?: (answer: Got<K>, s: Scene) => unknown
  /** How it is refused, when that is what has to happen. */
  refused?: string
}

/** What there is, and what the calls so far have made. */
interface Scene {
  computerId: string
  agentId: string
  otherId: string
  ownerId: string
  serverId: string
  runId: string
  messageId: string
  thread: string
  at: Record<string, string>
}

const TARGET = '#general'
const text = (value: string) => new TextEncoder().encode(value)
const keep = (s: Scene, name: string, value: string | undefined): void => {
  expect(value).toBeTruthy()
  s.at[name] = value ?? ''
}
const has = (s: Scene, name: string): string => {
  const value = s.at[name]
  if (value === undefined) throw new Error(`nothing has made ${name}`)
  return value
}
const accepted = (answer: { accepted: boolean }) => expect(answer).toMatchObject({ accepted: true })
const record = (s: Scene, value: object) => ({ record: { target: TARGET, actorAgentId: s.agentId, ...value } as never })

/** In the order in which they are called. One that is added to the contract does not compile until it is here. */
const STEPS: { [K in MethodName]: Step<K> } = {
  getServerInfo: { as: 'computer', send: () => ({}), gives: (a, s) => expect(a.serverId).toBe(s.serverId) },
  registerComputer: {
    as: 'computer',
    send: (s) => ({ info: { computerId: s.computerId, daemonId: 'd' }, inventory: {} }),
    gives: (a, s) => {
      accepted(a)
      keep(s, 'lease', a.lease?.leaseId)
    },
  },
  heartbeatComputer: {
    as: 'computer',
    send: (s) => ({ info: { computerId: s.computerId, daemonId: 'd' }, leaseId: has(s, 'lease') }),
    gives: (a) => expect(a.nextHeartbeatAfterSeconds).toBe(30),
  },
  syncComputerInventory: {
    as: 'computer',
    send: (s) => ({ info: { computerId: s.computerId, daemonId: 'd' }, inventory: {}, inventoryVersion: 'v1' }),
    gives: accepted,
  },
  listRuntimePresets: { as: 'agent', send: () => ({}), gives: (a) => expect(a.presets).not.toEqual([]) },
  subscribeServerEvents: {
    as: 'computer',
    send: () => ({ includeAllAgents: true }),
    gives: (a) => expect(a.event?.kind).toBe(ServerEventKind.PING),
  },
  fetchAssignedRuns: {
    as: 'computer',
    send: () => ({ limit: 10 }),
    gives: (a, s) => expect(a.runs.map((run) => run.runId)).toContain(s.runId),
  },
  acquireStartPermit: {
    as: 'computer',
    send: (s) => ({ agentId: s.agentId }),
    gives: (a, s) => keep(s, 'permit', a.permitLease?.leaseId),
  },
  getLaunchPromptSnapshot: {
    as: 'computer',
    send: (s) => ({ runId: s.runId }),
    gives: (a) => expect(a.snapshot?.contentHash).toMatch(/^[0-9a-f]{64}$/),
  },
  updateRunStatus: {
    as: 'computer',
    send: (s) => ({ runId: s.runId, state: RunState.RUNNING, leaseId: has(s, 'permit') }),
    gives: accepted,
  },
  renewRunLease: { as: 'computer', send: (s) => ({ runId: s.runId, leaseId: has(s, 'permit') }), gives: accepted },
  appendRunStep: {
    as: 'computer',
    send: (s) => ({ leaseId: has(s, 'permit'), step: { runId: s.runId, stepId: `step_${s.runId}`, summary: 'one' } }),
    gives: accepted,
  },
  releaseStartPermit: {
    as: 'computer',
    send: (s) => ({ leaseId: has(s, 'permit'), agentId: s.agentId }),
    gives: accepted,
  },
  listRuns: {
    as: 'owner',
    send: (s) => ({ agentId: s.agentId }),
    gives: (a, s) => expect(a.runs.map((run) => run.runId)).toContain(s.runId),
  },
  getRun: { as: 'agent', send: (s) => ({ runId: s.runId }), gives: (a) => expect(a.steps).toHaveLength(1) },
  reportAgentRun: {
    as: 'computer',
    send: (s) => ({ runId: s.runId, agentId: s.agentId, phase: AgentRunPhase.START, summary: 'archived' }),
    gives: (a) => expect(a).toMatchObject({ persistedCount: 1n, droppedCount: 0n }),
  },
  listAgentRuns: {
    as: 'owner',
    send: (s) => ({ agentId: s.agentId }),
    gives: (a, s) => expect(a.runs.map((run) => run.runId)).toEqual([s.runId]),
  },
  getAgentRun: {
    as: 'agent',
    send: (s) => ({ runId: s.runId, includeEvents: true }),
    gives: (a) => expect(a.events).toHaveLength(1),
  },
  searchAgentRuns: {
    as: 'computer',
    send: () => ({ query: 'archived' }),
    gives: (a, s) => expect(a.hits.map((hit) => hit.run?.runId)).toEqual([s.runId]),
  },

  listChannels: { as: 'agent', send: () => ({}), gives: (a) => expect(a.channels).not.toEqual([]) },
  listChannelMembers: {
    as: 'agent',
    send: () => ({ target: TARGET }),
    gives: (a) => expect(a.members).not.toEqual([]),
  },
  sendMessage: {
    as: 'agent',
    send: () => ({ target: TARGET, content: 'said over the wire' }),
    gives: (a) => expect(a.message?.content).toBe('said over the wire'),
  },
  readMessages: { as: 'owner', send: () => ({ target: TARGET }), gives: (a) => expect(a.messages).not.toEqual([]) },
  searchMessages: {
    as: 'agent',
    send: () => ({ query: 'wire' }),
    gives: (a) => expect(a.messages.map((m) => m.content)).toContain('said over the wire'),
  },
  saveMessage: {
    as: 'agent',
    send: (s) => ({ messageId: s.messageId, target: TARGET }),
    gives: (a) => expect(a.saved).toBe(true),
  },
  listSavedMessages: { as: 'agent', send: () => ({}), gives: (a) => expect(a.savedMessages).toHaveLength(1) },
  unsaveMessage: {
    as: 'agent',
    send: (s) => ({ messageId: s.messageId, target: TARGET }),
    gives: (a) => expect(a.removed).toBe(true),
  },
  listThreads: { as: 'agent', send: () => ({ targetPrefix: TARGET }), gives: (a) => expect(a.threads).not.toEqual([]) },
  getThread: { as: 'agent', send: (s) => ({ target: s.thread }), gives: (a) => expect(a.thread).toBeDefined() },
  followThread: { as: 'agent', send: (s) => ({ target: s.thread }), gives: accepted },
  unfollowThread: { as: 'agent', send: (s) => ({ target: s.thread }), gives: accepted },
  listAgentDMs: { as: 'agent', send: (s) => ({ agentId: s.agentId }), gives: (a) => expect(a.dms).toBeDefined() },
  uploadAttachment: {
    as: 'agent',
    send: () => ({ target: TARGET, filename: 'a.txt', mimeType: 'text/plain', content: text('attached') }),
    gives: (a, s) => keep(s, 'attachment', a.attachment?.attachmentId),
  },
  getAttachment: {
    as: 'agent',
    send: (s) => ({ attachmentId: has(s, 'attachment'), target: TARGET }),
    gives: (a) => expect(new TextDecoder().decode(a.content)).toBe('attached'),
  },

  createCollaborationTask: {
    as: 'owner',
    send: () => ({ target: TARGET, summary: 'a task' }),
    gives: (a, s) => keep(s, 'task', a.task?.taskId),
  },
  getTask: {
    as: 'agent',
    send: (s) => ({ taskId: has(s, 'task') }),
    gives: (a) => expect(a.task?.summary).toBe('a task'),
  },
  updateTask: { as: 'owner', send: (s) => ({ taskId: has(s, 'task'), summary: 'the task' }), gives: accepted },
  listCollaborationTasks: {
    as: 'agent',
    send: () => ({ target: TARGET }),
    gives: (a) => expect(a.tasks).not.toEqual([]),
  },
  listTaskBoard: {
    as: 'agent',
    send: () => ({ target: TARGET }),
    gives: (a) => expect(a.board?.columns).not.toEqual([]),
  },
  claimCollaborationTask: {
    as: 'agent',
    send: (s) => ({ taskId: has(s, 'task'), agentId: s.agentId }),
    gives: (a, s) => {
      accepted(a)
      keep(s, 'claim', a.claimLease?.leaseId)
    },
  },
  renewTaskClaimLease: {
    as: 'agent',
    send: (s) => ({ taskId: has(s, 'task'), leaseId: has(s, 'claim'), agentId: s.agentId }),
    gives: accepted,
  },
  releaseTask: { as: 'agent', send: (s) => ({ taskId: has(s, 'task') }), refused: 'failed_precondition gate_closed' },
  getReleaseGate: { as: 'agent', send: () => ({ releaseGateId: 'rgt_0' }), refused: 'not_found' },
  createTaskGraph: {
    as: 'owner',
    send: () => ({
      rootTask: { target: TARGET, summary: 'root' },
      subtasks: [{ taskId: 'a', summary: 'A' }],
    }),
    gives: (a, s) => {
      keep(s, 'root', a.graph?.rootTaskId)
      keep(s, 'part', a.graph?.nodes.find((node) => node.summary === 'A')?.taskId)
    },
  },
  listTaskGraph: {
    as: 'agent',
    send: (s) => ({ rootTaskId: has(s, 'root') }),
    gives: (a) => expect(a.graph?.nodes.map((node) => node.summary)).toEqual(['root', 'A']),
  },
  updateTaskGraph: {
    as: 'owner',
    send: (s) => ({ taskId: has(s, 'part'), newAssigneeId: s.agentId }),
    gives: accepted,
  },
  proposeTaskSplit: {
    as: 'owner',
    send: (s) => ({ parentTaskId: has(s, 'part'), proposedTasks: [{ clientProposedId: 'x', summary: 'X' }] }),
    gives: (a, s) => keep(s, 'proposal', a.proposalId),
  },
  applyTaskSplit: {
    as: 'owner',
    send: (s) => ({ parentTaskId: has(s, 'part'), proposalId: has(s, 'proposal') }),
    gives: accepted,
  },
  cancelTaskSplitProposal: {
    as: 'owner',
    send: (s) => ({ parentTaskId: has(s, 'part'), proposalId: has(s, 'proposal') }),
    gives: (a) => expect(a.accepted).toBe(false),
  },

  publishCoordinationRecord: {
    as: 'agent',
    send: (s) =>
      record(s, {
        payload: { case: 'deadlineNegotiation', value: { proposedDeadlineUnix: 2_000_000_000n, reason: 'r' } },
      }),
    gives: (a, s) => {
      const { payload } = a.record!
      keep(s, 'negotiation', payload.case === 'deadlineNegotiation' ? payload.value.negotiationId : undefined)
    },
  },
  listCoordinationRecords: {
    as: 'owner',
    send: (s) => ({ target: TARGET, actorAgentId: s.agentId }),
    gives: (a) => expect(a.records).toHaveLength(1),
  },
  counterProposeNegotiation: {
    as: 'owner',
    send: (s) => ({
      negotiationId: has(s, 'negotiation'),
      negotiationKind: NegotiationKind.DEADLINE,
      counterProposal: { proposedDeadlineUnix: 1_900_000_000n, reason: 'sooner' },
    }),
    gives: (a) => expect(a.record).toBeDefined(),
  },
  respondRoleHandoff: {
    as: 'agent',
    send: () => ({ handoffId: 'hand_0', response: RoleHandoffResponseValue.ACCEPTED }),
    refused: 'not_found',
  },
  upsertAgentMemory: {
    as: 'agent',
    send: () => ({ record: { path: 'note.md', content: 'noted' } }),
    gives: accepted,
  },
  listAgentMemory: {
    as: 'agent',
    send: () => ({}),
    gives: (a) => expect(a.records.map((r) => r.path)).toEqual(['note.md']),
  },
  subscribeMcpResource: {
    as: 'agent',
    send: () => ({ subscription: { resourceUri: 'nekode://conversations/%23general' } }),
    gives: (a, s) => keep(s, 'subscription', a.subscription?.subscriptionId),
  },
  listMcpResourceUpdates: {
    as: 'agent',
    send: (s) => ({ subscriptionId: has(s, 'subscription') }),
    gives: (a, s) => expect(a.nextCursor?.serverId).toBe(s.serverId),
  },
  cancelMcpResourceSubscription: {
    as: 'computer',
    send: (s) => ({ subscriptionId: has(s, 'subscription') }),
    gives: accepted,
  },
  proposeChannelDecision: {
    as: 'agent',
    send: () => ({ target: TARGET, title: 'decide', body: 'this' }),
    gives: (a, s) => keep(s, 'decision', a.decision?.decisionId),
  },
  listChannelDecisions: {
    as: 'owner',
    send: () => ({ target: TARGET, limit: 1 }),
    gives: (a, s) => expect(a.decisions.map((d) => d.decisionId)).toEqual([has(s, 'decision')]),
  },
  voteChannelDecision: {
    as: 'agent',
    send: (s) => ({ decisionId: has(s, 'decision'), decision: DecisionVote.APPROVE }),
    gives: (a, s) => expect(a.decision?.decisionId).toBe(has(s, 'decision')),
  },
  listDecisionVotes: {
    as: 'owner',
    send: (s) => ({ decisionId: has(s, 'decision') }),
    gives: (a) => expect(a.votes).toHaveLength(1),
  },
  ratifyChannelDecision: {
    as: 'owner',
    send: (s) => ({ decisionId: has(s, 'decision'), force: true }),
    gives: (a) => expect(a.decision?.status).toBe(DecisionStatus.RATIFIED),
  },
  retireChannelDecision: {
    as: 'owner',
    send: (s) => ({ decisionId: has(s, 'decision') }),
    gives: (a) => expect(a.decision?.status).toBe(DecisionStatus.RETIRED),
  },

  listAgentProfiles: { as: 'owner', send: () => ({}), gives: (a) => expect(a.profiles).not.toEqual([]) },
  getAgentProfile: {
    as: 'owner',
    send: (s) => ({ agentId: s.agentId }),
    gives: (a, s) => expect(a.profile?.agentId).toBe(s.agentId),
  },
  updateAgentProfile: {
    as: 'owner',
    send: (s) => ({ agentId: s.agentId, description: 'described' }),
    gives: (a) => expect(a.profile?.description).toBe('described'),
  },
  setAgentEnv: {
    as: 'owner',
    send: (s) => ({ agentId: s.agentId, env: [{ name: 'A', value: 'b' }] }),
    gives: (a) => expect(a.profile?.env.map(({ name }) => name)).toEqual(['A']),
  },
  updateAgentStatus: {
    as: 'computer',
    send: (s) => ({ status: { agentId: s.agentId, presence: AgentPresence.ONLINE } }),
    gives: (a, s) => expect(a.status?.agentId).toBe(s.agentId),
  },
  listAgentStatuses: {
    as: 'owner',
    send: (s) => ({ agentId: s.agentId }),
    gives: (a) => expect(a.statuses).toHaveLength(1),
  },
  controlAgent: {
    as: 'owner',
    send: (s) => ({ agentId: s.agentId, action: AgentControlAction.RESTART }),
    gives: accepted,
  },
  sendAgentDirectMessage: {
    as: 'owner',
    send: (s) => ({ agentId: s.otherId, content: 'in private' }),
    gives: (a) => expect(a.message?.content).toBe('in private'),
  },

  scheduleReminder: {
    as: 'agent',
    send: () => ({ target: TARGET, title: 'remember', scheduleSpec: { case: 'delaySeconds', value: 3600 } }),
    gives: (a, s) => {
      keep(s, 'reminder', a.reminder?.reminderId)
      keep(s, 'cancel', a.reminder?.cancelToken)
    },
  },
  listReminders: {
    as: 'agent',
    send: () => ({ target: TARGET }),
    gives: (a, s) => expect(a.reminders.map((r) => r.reminderId)).toContain(has(s, 'reminder')),
  },
  snoozeReminder: {
    as: 'agent',
    send: (s) => ({ reminderId: has(s, 'reminder'), delaySeconds: 7200 }),
    gives: (a, s) => expect(a.reminder?.reminderId).toBe(has(s, 'reminder')),
  },
  updateReminder: {
    as: 'agent',
    send: (s) => ({ reminderId: has(s, 'reminder'), title: 'remember well' }),
    gives: (a) => expect(a.reminder?.title).toBe('remember well'),
  },
  getReminderLog: {
    as: 'agent',
    send: (s) => ({ reminderId: has(s, 'reminder') }),
    gives: (a) => expect(a.events).not.toEqual([]),
  },
  cancelReminder: {
    as: 'agent',
    send: (s) => ({ reminderId: has(s, 'reminder'), cancelToken: has(s, 'cancel') }),
    gives: accepted,
  },

  logActivity: {
    as: 'computer',
    send: (s) => ({ target: TARGET, agentId: s.agentId, kind: 'note', summary: 'busy' }),
    gives: (a) => expect(a.activity?.summary).toBe('busy'),
  },
  listActivity: {
    as: 'owner',
    send: (s) => ({ agentId: s.agentId }),
    gives: (a) => expect(a.activities.map((one) => one.summary)).toContain('busy'),
  },
  listEventsSince: {
    as: 'agent',
    send: () => ({ kinds: [CollaborationEventKind.MESSAGE], limit: 1 }),
    gives: (a) => expect(a.events).toHaveLength(1),
  },
  subscribeActivity: {
    as: 'owner',
    send: () => ({}),
    gives: (a) => expect(a.event?.kind).toBe(CollaborationEventKind.PING),
  },
  acknowledgeServerEvents: {
    as: 'computer',
    send: (s) => ({ eventIds: ['evt_0'], cursor: { sequence: 1n, serverId: s.serverId } }),
    gives: (a) => expect(a.cursor).toBeDefined(),
  },
  acknowledgeActivityEvents: {
    as: 'owner',
    send: (s) => ({ eventIds: [], cursor: { sequence: 1n, serverId: s.serverId } }),
    gives: (a) => expect(a.cursor).toBeDefined(),
  },
  listInteractionEndpoints: { as: 'owner', send: () => ({}), gives: (a) => expect(a.endpoints).toHaveLength(1) },
  listOutboundDeliveries: {
    as: 'owner',
    send: () => ({ target: TARGET }),
    gives: (a) => expect(a.deliveries).toEqual([]),
  },
  retryOutboundDelivery: { as: 'owner', send: () => ({ deliveryId: 'odlv_0' }), refused: 'not_found' },

  createTunnel: {
    as: 'agent',
    send: (s) => ({ computerId: s.computerId, localPort: 3000, label: 'preview' }),
    gives: (a, s) => keep(s, 'tunnel', a.tunnel?.tunnelId),
  },
  listTunnels: {
    as: 'computer',
    send: () => ({}),
    gives: (a, s) => expect(a.tunnels.map((one) => one.tunnelId)).toContain(has(s, 'tunnel')),
  },
  approveTunnel: {
    as: 'owner',
    send: (s) => ({ tunnelId: has(s, 'tunnel') }),
    gives: (a) => expect(a.tunnel?.state).toBe(TunnelState.ACTIVE),
  },
  rejectTunnel: {
    as: 'owner',
    send: (s) => ({ tunnelId: has(s, 'tunnel') }),
    refused: 'failed_precondition',
  },
  closeTunnel: {
    as: 'owner',
    send: (s) => ({ tunnelId: has(s, 'tunnel') }),
    gives: (a) => expect(a.tunnel?.state).toBe(TunnelState.CLOSED),
  },
  listWorkspaceTree: { as: 'owner', send: (s) => ({ workspaceId: s.agentId }), refused: 'unavailable' },
  readWorkspaceFile: { as: 'owner', send: (s) => ({ workspaceId: s.agentId, path: 'a.md' }), refused: 'unavailable' },
  proxyExchange: {
    as: 'computer',
    send: (s) => ({ tunnelId: ATTACH, requestId: s.computerId, requestHeaders: windowHeaders() }),
    // What follows has tests of its own; here it is that the server takes the computer in and says how much it may be sent.
    gives: (a, s) => expect(a).toMatchObject({ tunnelId: ATTACH, requestId: s.computerId }),
  },
}

const FORMS = {
  'Connect binary': (s: TestServer) => [createConnectTransport, s.url, true] as const,
  'Connect JSON': (s: TestServer) => [createConnectTransport, s.url, false] as const,
  'gRPC-Web': (s: TestServer) => [createGrpcWebTransport, s.url, true] as const,
  'gRPC on its own listener': (s: TestServer) => [createGrpcTransport, `http://127.0.0.1:${s.grpcPort}`, true] as const,
}

let server: TestServer
let owner: Caller
beforeAll(async () => {
  server = await startTestServer({ flags: { 'grpc-addr': '127.0.0.1:0' } })
  owner = await server.as('owner')
  await server.endpoint()
})
afterAll(() => server.stop())

test('the table has each of the 95 methods', () => {
  expect(Object.keys(STEPS).toSorted()).toEqual(Object.keys(DaemonControlService.method).toSorted())
  expect(Object.keys(STEPS)).toHaveLength(95)
})

type Rpc = Client<typeof DaemonControlService>

function clientOf(form: keyof typeof FORMS, token: string): Rpc {
  const [make, baseUrl, useBinaryFormat] = FORMS[form](server)
  const transport: Transport = make({
    baseUrl,
    httpVersion: '2',
    useBinaryFormat,
    interceptors: [
      (next) => (req) => {
        req.header.set('authorization', `Bearer ${token}`)
        return next(req)
      },
    ],
  })
  return createClient(DaemonControlService, transport)
}

for (const form of Object.keys(FORMS) as (keyof typeof FORMS)[])
  describe(form, () => {
    let scene: Scene
    let clients: Record<Who, Rpc>

    beforeAll(async () => {
      const computer = await server.computer()
      const agent = await server.agent({ computerId: computer.id })
      const other = await server.agent({ computerId: computer.id })
      const { name } = server.core.directory.agent(agent.id)!
      const asked = await owner.call('POST /api/messages', { body: { target: TARGET, content: `@${name} hi` } })
      scene = {
        computerId: computer.id,
        agentId: agent.id,
        otherId: other.id,
        ownerId: owner.id,
        serverId: server.core.serverId,
        runId: asked.deliveries[0]!.runId!,
        messageId: asked.message.id,
        thread: `${TARGET}:${asked.message.id}`,
        at: {},
      }
      await owner.call('POST /api/messages', {
        body: { target: TARGET, content: 'a reply', threadId: asked.message.id },
      })
      clients = {
        computer: clientOf(form, computer.token),
        agent: clientOf(form, agent.token),
        owner: clientOf(form, owner.token),
      }
    })

    for (const name of Object.keys(STEPS) as MethodName[])
      test(name, async () => {
        const step = STEPS[name] as Step<MethodName>
        const answer = await call(name, clients[step.as], step.send(scene)).catch((error: unknown) => error)
        if (step.refused !== undefined) return expect(said(answer)).toStartWith(step.refused)
        if (answer instanceof ConnectError) throw answer
        await step.gives?.(answer as never, scene)
      })

    async function call(name: MethodName, rpc: Rpc, request: unknown): Promise<unknown> {
      const { methodKind } = DaemonControlService.method[name]
      const method = Reflect.get(rpc, name) as (input: unknown, options?: object) => unknown
      if (methodKind === 'unary') return method(request)
      if (methodKind === 'client_streaming') return method(once(request))
      const abort = new AbortController()
      const { signal } = abort
      const input = methodKind === 'bidi_streaming' ? once(request, signal) : request
      const stream = method(input, { signal }) as AsyncIterable<unknown>
      try {
        for await (const first of stream) return first
        throw new Error('the stream ended without a message')
      } finally {
        abort.abort()
      }
    }
  })

/** One message, and then nothing more until the signal. */
async function* once(message: unknown, signal?: AbortSignal): AsyncGenerator<unknown> {
  yield message
  if (signal && !signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve))
}

const said = (answer: unknown): string => (answer instanceof ConnectError ? describeError(answer) : 'no refusal')
