import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import type { MessageInitShape } from '@bufbuild/protobuf'
import { AgentRunPhase } from '@shared/gen/nekode/daemon/v1/archive_pb'
import { NegotiationKind } from '@shared/gen/nekode/daemon/v1/coordination_pb'
import { DecisionVote } from '@shared/gen/nekode/daemon/v1/decisions_pb'
import { RunState } from '@shared/gen/nekode/daemon/v1/runs_pb'
import { DaemonControlService } from '@shared/gen/nekode/daemon/v1/service_pb'
import { COLUMNS, type Column, type Den, createDen } from '../../test/fixtures/den'
import { refusal, rpcClient } from '../../test/fixtures/rpc'
import { type TestServer, startTestServer } from '../testing'
import type { MethodName } from './methods'

/*
 * Who may do what with what is in a private channel, over the wire: each call asks for something that is really there, from inside and
 * from outside. The matrix beside this one says what kind of caller a method is for at all.
 */

setDefaultTimeout(60_000)

/** How a call is refused by column, `ok` when it is not; `U` unauthenticated, `P` permission denied, `N` not found. */
const RULES = {
  //       nobody viewer m.out m.in a.out a.in c.oth c.own endp. admin
  read: /*    */ 'U N N ok N ok N ok P N',
  write: /*   */ 'U P N ok N ok P ok P N',
  /** In the name of an agent that the request names. */
  'agent writes': 'U P P P P ok P ok P P',
  /** A computer reports on what it runs, and no other does. */
  reports: /* */ 'U P P P P P P ok P P',
  /** A computer is shown its own of it, which may be nothing. */
  'read, own only': 'U N N ok N ok ok ok P N',
  /** For agents, each for itself. */
  watch: 'U P P P N ok P ok P P',
  /** What only the computer that runs it may even know of. */
  fetches: 'U P P P P P N ok P P',
  /** Everybody gets an answer, with what they may see. */
  list: /*    */ 'U ok ok ok ok ok ok ok P ok',
} as const
type Rule = keyof typeof RULES

type Request<K extends MethodName> = MessageInitShape<(typeof DaemonControlService.method)[K]['input']>
type Row<K extends MethodName> = [rule: Rule, request: (den: Den, as: Column) => Promise<Request<K>> | Request<K>]

const target = '#den'
/** A computer does what it does in the name of its agent. */
const acting = (den: Den, as: Column) =>
  as.endsWith('computer') ? { context: { actor: { agentId: den.bot.id } } } : {}

/** Methods that name what is in a channel, or what belongs to an agent or a computer. */
const IN_CHANNEL: { [K in MethodName]?: Row<K> } = {
  listChannelMembers: ['read', () => ({ target })],
  readMessages: ['read', () => ({ target })],
  getRun: ['read', async (den) => ({ runId: await den.make.runs() })],
  getAgentRun: ['read', async (den) => ({ runId: await den.make['agent-runs']() })],
  getTask: ['read', async (den) => ({ taskId: await den.make.tasks() })],
  listTaskGraph: ['read', async (den) => ({ rootTaskId: await den.make.tasks() })],
  listCollaborationTasks: ['read', () => ({ target })],
  listTaskBoard: ['read', () => ({ target })],
  listChannelDecisions: ['read', () => ({ target })],
  listDecisionVotes: ['read', async (den) => ({ decisionId: await den.make.decisions() })],
  listCoordinationRecords: ['read', () => ({ target })],
  listRuns: ['read, own only', () => ({ target })],
  listActivity: ['read, own only', () => ({ target })],
  getThread: ['read', async (den) => ({ target: `${target}:${await den.make.threads()}` })],
  getAttachment: ['read', async (den) => ({ attachmentId: await den.make.attachments() })],
  getReminderLog: ['read', async (den) => ({ reminderId: await den.make.reminders() })],
  listReminders: ['read', () => ({ target })],
  sendMessage: [
    'write',
    (den, as) => ({ target, content: 'hi', ...(as === 'own computer' ? { sender: { agentId: den.bot.id } } : {}) }),
  ],
  createCollaborationTask: ['write', (den, as) => ({ target, summary: 'task', ...acting(den, as) })],
  updateTask: [
    'write',
    async (den, as) => ({ taskId: await den.make.tasks(), summary: 'changed', ...acting(den, as) }),
  ],
  createTaskGraph: ['write', (den, as) => ({ rootTask: { target, summary: 'root' }, ...acting(den, as) })],
  proposeTaskSplit: [
    'write',
    async (den, as) => ({
      parentTaskId: await den.make.tasks(),
      proposedTasks: [{ clientProposedId: 'x', summary: 'X' }],
      ...acting(den, as),
    }),
  ],
  proposeChannelDecision: ['write', (den, as) => ({ target, title: 't', body: 'b', ...acting(den, as) })],
  voteChannelDecision: [
    'write',
    async (den, as) => ({
      decisionId: await den.make.decisions(),
      decision: DecisionVote.APPROVE,
      ...acting(den, as),
    }),
  ],
  counterProposeNegotiation: [
    'write',
    async (den, as) => ({
      negotiationId: await den.make.coordination(),
      negotiationKind: NegotiationKind.DEADLINE,
      counterProposal: {
        proposedDeadlineUnix: 1_900_000_000n,
        reason: 'sooner',
        ...(as.endsWith('computer') ? { proposedByAgentId: den.bot.id } : {}),
      },
      ...acting(den, as),
    }),
  ],
  subscribeMcpResource: [
    'watch',
    (den, as) => ({
      subscription: {
        resourceUri: 'nekode://conversations/%23den',
        agentId: as.endsWith('computer') ? den.bot.id : '',
      },
    }),
  ],
  logActivity: ['agent writes', (den) => ({ target, agentId: den.bot.id, kind: 'note', summary: 's' })],
  updateRunStatus: [
    'reports',
    async (den) => ({ runId: await den.make.runs(), state: RunState.RUNNING, leaseId: 'l' }),
  ],
  renewRunLease: ['reports', async (den) => ({ runId: (await den.make.steps()).runId, leaseId: 'l' })],
  appendRunStep: [
    'reports',
    async (den) => {
      const { runId } = await den.make.steps()
      return { leaseId: 'l', step: { runId, stepId: `step_${crypto.randomUUID().slice(0, 8)}`, summary: 's' } }
    },
  ],
  getLaunchPromptSnapshot: ['fetches', async (den) => ({ runId: await den.make.runs() })],
  reportAgentRun: [
    'reports',
    async (den) => ({ runId: await den.make.runs(), agentId: den.bot.id, phase: AgentRunPhase.START }),
  ],
  acquireStartPermit: ['reports', (den) => ({ agentId: den.bot.id })],
  updateAgentStatus: ['reports', (den) => ({ status: { agentId: den.bot.id } })],
  registerComputer: ['reports', (den) => ({ info: { computerId: den.box.id } })],
  fetchAssignedRuns: ['reports', (den) => ({ computerId: den.box.id })],
  listChannels: ['list', () => ({ includePrivate: true })],
  listAgentRuns: ['list', () => ({})],
  searchAgentRuns: ['list', () => ({ query: 'canary' })],
  listEventsSince: ['list', () => ({})],
}

let server: TestServer
let den: Den
beforeAll(async () => {
  server = await startTestServer()
  den = await createDen(server)
})
afterAll(() => server.stop())

/** A refusal for what the thing is at means that the caller has come as far as to it. */
const WORDS: Record<string, string> = {
  failed_precondition: 'ok',
  unauthenticated: 'U',
  permission_denied: 'P',
  not_found: 'N',
}

for (const name of Object.keys(IN_CHANNEL) as MethodName[])
  describe(name, () => {
    const [rule, request] = IN_CHANNEL[name] as Row<MethodName>
    const expected = RULES[rule].split(' ')

    test.each(COLUMNS.map((column, i) => [column, expected[i]] as const))('%s: %s', async (column, verdict) => {
      const input = await request(den, column)
      const rpc = rpcClient(server.url, den.callers[column].token)
      const method = Reflect.get(rpc, name) as (input: unknown) => Promise<unknown>
      const streams = DaemonControlService.method[name].methodKind === 'client_streaming'
      const before = await server.events()
      const said = await refusal(method(streams ? one(input) : input))
      expect(WORDS[said.split(' ')[0] ?? ''] ?? said).toBe(verdict!)
      if (verdict !== 'ok') expect(await server.events()).toBe(before)
    })
  })

async function* one(message: unknown): AsyncGenerator<unknown> {
  yield message
}
