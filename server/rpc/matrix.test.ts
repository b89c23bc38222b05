import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type DescMethod, create } from '@bufbuild/protobuf'
import { DaemonControlService } from '@shared/gen/nekode/daemon/v1/service_pb'
import { Frames, type Rpc, describeError, rpcClient } from '../../test/fixtures/rpc'
import { type TestServer, startTestServer } from '../testing'

/*
 * Who may call what, over the wire, for each of the 95 methods. The lists are written down here once more and not taken from the
 * server's table, so that a row that is changed there by mistake fails here.
 */

const list = (text: string): Set<string> => new Set(text.trim().split(/\s+/))

const COMPUTER_ONLY = list(`
  RegisterComputer HeartbeatComputer SyncComputerInventory AcquireStartPermit ReleaseStartPermit FetchAssignedRuns
  GetLaunchPromptSnapshot UpdateRunStatus RenewRunLease AppendRunStep UpdateAgentStatus ReportAgentRun ProxyExchange`)
const READ_BY_ALL = list(`
  ListInteractionEndpoints ListOutboundDeliveries
  ListRuntimePresets ListRuns GetRun ListThreads GetThread ListSavedMessages ListAgentDMs ListChannels ListChannelMembers ReadMessages GetServerInfo GetAgentProfile ListAgentProfiles
  ListAgentStatuses ListActivity ListEventsSince SubscribeActivity AcknowledgeActivityEvents ListAgentRuns GetAgentRun SearchAgentRuns
  GetAttachment GetTask ListCollaborationTasks ListTaskBoard ListTaskGraph GetReleaseGate
  ListChannelDecisions ListDecisionVotes ListCoordinationRecords ListAgentMemory ListReminders GetReminderLog ListTunnels
  ListWorkspaceTree ReadWorkspaceFile`)
const READ_BY_AGENT_AND_USER = list('SearchMessages')
const FOLLOWED_BY_COMPUTER_AND_AGENT = list('SubscribeServerEvents AcknowledgeServerEvents ListMcpResourceUpdates')
const WRITTEN_BY_COMPUTER_AND_AGENT = list('LogActivity SubscribeMcpResource CancelMcpResourceSubscription')
const WRITTEN_BY_ALL = list(`
  UploadAttachment RetryOutboundDelivery SendMessage SaveMessage UnsaveMessage FollowThread UnfollowThread CreateCollaborationTask UpdateTask ClaimCollaborationTask RenewTaskClaimLease
  ProposeTaskSplit ApplyTaskSplit CancelTaskSplitProposal CreateTaskGraph UpdateTaskGraph ReleaseTask
  ProposeChannelDecision VoteChannelDecision RatifyChannelDecision RetireChannelDecision
  PublishCoordinationRecord CounterProposeNegotiation RespondRoleHandoff UpsertAgentMemory CloseTunnel
  ScheduleReminder CancelReminder SnoozeReminder UpdateReminder`)
const WRITTEN_BY_USER = list('ControlAgent SendAgentDirectMessage RejectTunnel')
/** Opens a way to a computer: a token for less than everything is not enough. */
const OPENED_BY_ALL = list('CreateTunnel')
const OPENED_BY_USER = list('ApproveTunnel')
const ADMIN = list('UpdateAgentProfile SetAgentEnv')

type Who =
  | 'nobody'
  | 'a revoked token'
  | 'a computer'
  | 'an agent'
  | 'an endpoint'
  | 'an admin'
  | 'a member'
  | 'a viewer'
  | 'an API token to read'
  | 'an API token to write'
  | 'an API token for everything'
const EVERYBODY: Who[] = [
  'nobody',
  'a revoked token',
  'a computer',
  'an agent',
  'an endpoint',
  'an admin',
  'a member',
  'a viewer',
  'an API token to read',
  'an API token to write',
  'an API token for everything',
]

const WRONG = 'permission_denied wrong_principal'

/** What the server says to somebody before it looks at the request; `admitted` when it goes on to that. */
function expected(method: string, who: Who): string {
  if (who === 'nobody') return 'unauthenticated login_required'
  if (who === 'a revoked token') return 'unauthenticated token_invalid'
  // What comes in from outside has one way of its own.
  if (who === 'an endpoint') return WRONG
  if (who === 'a computer')
    return [
      COMPUTER_ONLY,
      READ_BY_ALL,
      FOLLOWED_BY_COMPUTER_AND_AGENT,
      WRITTEN_BY_COMPUTER_AND_AGENT,
      WRITTEN_BY_ALL,
      OPENED_BY_ALL,
    ].some((set) => set.has(method))
      ? 'admitted'
      : WRONG
  if (who === 'an agent')
    return [
      READ_BY_ALL,
      READ_BY_AGENT_AND_USER,
      FOLLOWED_BY_COMPUTER_AND_AGENT,
      WRITTEN_BY_COMPUTER_AND_AGENT,
      WRITTEN_BY_ALL,
      OPENED_BY_ALL,
    ].some((set) => set.has(method))
      ? 'admitted'
      : WRONG
  const reads = READ_BY_ALL.has(method) || READ_BY_AGENT_AND_USER.has(method)
  const opens = OPENED_BY_ALL.has(method) || OPENED_BY_USER.has(method)
  const writes = WRITTEN_BY_ALL.has(method) || WRITTEN_BY_USER.has(method) || ADMIN.has(method) || opens
  if (!reads && !writes) return WRONG
  if (who === 'an API token to read') return reads ? 'admitted' : 'permission_denied scope_missing'
  if (who === 'an API token to write')
    return writes && !ADMIN.has(method) && !opens ? 'admitted' : 'permission_denied scope_missing'
  if (who === 'an admin' || who === 'an API token for everything' || reads) return 'admitted'
  if (ADMIN.has(method)) return 'permission_denied admin_only'
  return who === 'a viewer' ? 'permission_denied viewer' : 'admitted'
}

let server: TestServer
const callers = new Map<Who, Rpc>()

beforeAll(async () => {
  server = await startTestServer()
  const computer = await server.computer()
  const agent = await server.agent({ computerId: computer.id })
  const gone = await server.computer()
  await server.core.db.tx((tx) => server.core.credentials.revoke(tx, { kind: 'computer', ownerId: gone.id }))
  const tokens: Record<Who, string | undefined> = {
    nobody: undefined,
    'a revoked token': gone.token,
    'a computer': computer.token,
    'an agent': agent.token,
    'an endpoint': (await server.endpoint()).token,
    'an admin': (await server.as('admin')).token,
    'a member': (await server.as('member')).token,
    'a viewer': (await server.as('viewer')).token,
    'an API token to read': (await server.apiToken('read')).token,
    'an API token to write': (await server.apiToken('write')).token,
    'an API token for everything': (await server.apiToken('admin')).token,
  }
  for (const who of EVERYBODY) callers.set(who, rpcClient(server.url, tokens[who]))
})
afterAll(() => server.stop())

/** Refusals that are about who calls, not about what is asked for; and what must never come. */
const ABOUT_THE_CALLER =
  /^unauthenticated|^internal|^unimplemented$|(wrong_principal|scope_missing|admin_only|viewer|login_required|token_invalid)$/

async function* stream<T>(items: T[]): AsyncGenerator<T> {
  yield* items
}

/** Calls with an empty request and says how the server took the caller. */
async function ask(method: DescMethod, rpc: Rpc): Promise<string> {
  const call: unknown = Reflect.get(rpc, method.localName)
  if (typeof call !== 'function') throw new Error(`the client has no ${method.localName}`)
  const empty = create(method.input)
  try {
    if (method.methodKind === 'unary') await call(empty)
    else if (method.methodKind === 'client_streaming') await call(stream([]))
    else {
      const input = method.methodKind === 'bidi_streaming' ? stream([empty]) : empty
      const frames = new Frames<unknown>((options) => call(input, options))
      await frames.next()
      await frames.close()
    }
    return 'admitted'
  } catch (error) {
    const said = describeError(error)
    return ABOUT_THE_CALLER.test(said) ? said : 'admitted'
  }
}

test('each of the 95 methods is in exactly one of the lists', () => {
  const lists = [
    COMPUTER_ONLY,
    READ_BY_ALL,
    READ_BY_AGENT_AND_USER,
    FOLLOWED_BY_COMPUTER_AND_AGENT,
    WRITTEN_BY_COMPUTER_AND_AGENT,
    WRITTEN_BY_ALL,
    WRITTEN_BY_USER,
    OPENED_BY_ALL,
    OPENED_BY_USER,
    ADMIN,
  ]
  const names = DaemonControlService.methods.map((method) => method.name)
  expect(names).toHaveLength(95)
  expect(lists.flatMap((names) => [...names]).toSorted()).toEqual(names.toSorted())
})

for (const who of EVERYBODY)
  describe(`${who} calling`, () => {
    for (const method of DaemonControlService.methods) {
      const answer = expected(method.name, who)
      test(`${method.name} is ${answer === 'admitted' ? answer : `refused with ${answer}`}`, async () => {
        expect(await ask(method, callers.get(who)!)).toBe(answer)
      })
    }
  })
