import { z } from 'zod'
import { Agent, AgentStatus, ManagedAgent } from './agents'
import { Channel, ChannelMember, DeliveryMode, MemberKind, channelRoutes } from './channels'
import { Computer, Enrollment, InstallCommands } from './computers'
import { Handle, Id, PageQuery, Target, Time, page } from './common'
import { FailureReason } from './failures'
import { routes } from './route'
import { Delivery, Run } from './runs'
import { Topic, topicRoutes } from './topics'

/*
 * What programs know under other names: a room is a channel, and an agent is named by its handle. These routes stand beside those that
 * the console uses and go to the same services; fields of bodies keep the names that such programs send.
 */

/** A channel by its name, with or without `#`, or by its id. */
const Room = z.object({ room: Target })
/** An agent by its handle or its id. */
const AgentKey = z.string().min(1).max(80)
const ById = z.object({ id: Id })

/** Who can be called in a channel with `@name`; `channel` stands for everybody in it. */
export const Mentionable = z.object({
  kind: z.enum([...MemberKind.options, 'channel']),
  id: Id,
  name: Handle,
  displayName: z.string(),
})

/** An agent has one session, which goes on from run to run and in which it remembers all that it is told, wherever it is told. */
export const AgentSession = z.object({
  /** The agent's own id. */
  id: Id,
  agentId: Id,
  agent: Handle,
  computerId: Id,
  runtimeKind: z.string(),
  channels: Agent.shape.channels,
  status: AgentStatus,
  createdAt: Time,
})
export type AgentSession = z.infer<typeof AgentSession>

/** A delivery in the hands of whoever answers it. */
export const ClaimedDelivery = z.object({
  delivery: Delivery,
  run: Run,
  /** Has to come along when the delivery is acknowledged or failed; claiming once more with it renews it. */
  lease: z.object({ id: Id, expiresAt: Time }),
  /** What the agent is told for this turn: rules, place, and the message. */
  prompt: z.string(),
})
export type ClaimedDelivery = z.infer<typeof ClaimedDelivery>

/** A computer's right to be that computer; another lease than the last one means that somebody else was it in between. */
const Beat = z.object({ leaseId: Id, expiresAt: Time, heartbeatAfterSeconds: z.number().int() })

const Settled = z.object({ delivery: Delivery, run: Run })

const AgentFields = {
  display_name: z.string().trim().min(1).max(80).optional(),
  description: z.string().max(500).optional(),
  runtime: z.string().min(1).max(64).optional(),
  model: z.string().max(200).optional(),
  instructions: z.string().max(20_000).optional(),
}

export const automationRoutes = routes({
  'GET /api/rooms': {
    summary: 'The same as GET /api/channels',
    tag: 'rooms',
    who: ['user', 'agent'],
    response: page(Channel),
  },
  'GET /api/chats': {
    summary: 'The same as GET /api/channels',
    tag: 'rooms',
    who: ['user', 'agent'],
    response: page(Channel),
  },
  'POST /api/rooms': {
    summary: 'The same as POST /api/channels',
    tag: 'rooms',
    who: ['user'],
    role: 'member',
    status: 201,
    body: channelRoutes['POST /api/channels'].body,
    response: Channel,
    errors: ['name_taken'],
  },
  'GET /api/rooms/{room}/members': {
    summary: 'Members of a room',
    tag: 'rooms',
    who: ['user', 'agent'],
    params: Room,
    response: page(ChannelMember),
  },
  'GET /api/rooms/{room}/mentionables': {
    summary: 'Who can be called in a room with @name',
    tag: 'rooms',
    who: ['user', 'agent'],
    params: Room,
    response: page(Mentionable),
  },
  'POST /api/rooms/{room}/agents': {
    summary: 'Bring an agent into a room, or change when it is called in one that it is in',
    tag: 'rooms',
    who: ['user'],
    role: 'member',
    status: 201,
    params: Room,
    body: z.strictObject({ agent_key: AgentKey, mode: DeliveryMode.optional() }),
    response: ChannelMember,
    errors: ['agent_unknown'],
  },
  'POST /api/rooms/{room}/agents/{agent}/restart': {
    summary: 'Start the run that an agent is at in a room once more; when there is none, restart its process',
    tag: 'rooms',
    who: ['user'],
    role: 'member',
    status: 202,
    params: Room.extend({ agent: AgentKey }),
    response: z.object({
      /** The new run. */
      run: Run.nullable(),
      /** The order to the agent's computer, when it was not at work here. */
      operationId: Id.nullable(),
    }),
    errors: ['agent_unknown', 'agent_left', 'agent_stop_denied'],
  },
  'GET /api/rooms/{room}/topics': {
    summary: 'The same as GET /api/channels/{target}/topics',
    tag: 'rooms',
    who: ['user', 'agent'],
    params: Room,
    query: topicRoutes['GET /api/channels/{target}/topics'].query,
    response: page(Topic),
    errors: ['invalid_cursor'],
  },
  'POST /api/rooms/{room}/topics': {
    summary: 'The same as POST /api/channels/{target}/topics',
    tag: 'rooms',
    who: ['user', 'agent'],
    role: 'member',
    status: 201,
    params: Room,
    body: topicRoutes['POST /api/channels/{target}/topics'].body,
    response: Topic,
    errors: topicRoutes['POST /api/channels/{target}/topics'].errors,
  },
  'POST /api/computers/provision': {
    summary: 'Make a computer, and if wanted an agent on it and a room for it; what is there already is kept',
    tag: 'provision',
    who: ['user'],
    role: 'admin',
    scope: 'admin',
    status: 201,
    body: z.strictObject({
      /** Of the computer: there is one of this name afterwards. */
      name: z.string().trim().min(1).max(80),
      /** Where the computer reaches this server, for the install command. Default: the public address. */
      server_url: z
        .url({ protocol: /^https?$/ })
        .max(500)
        .optional(),
      agent: z.strictObject({ agent_key: Handle, ...AgentFields }).optional(),
      /** The agent is brought into it. */
      room: Target.optional(),
    }),
    response: z.object({
      computer: Computer,
      /** Null when the computer has been connected before: it has a token of its own. */
      enrollment: Enrollment.nullable(),
      /** Hold a code that works once; its token goes to the computer alone. */
      commands: InstallCommands.nullable(),
      agent: ManagedAgent.nullable(),
      room: Channel.nullable(),
      /** What was not there before. */
      created: z.array(z.enum(['computer', 'agent', 'room'])),
    }),
    errors: ['name_ambiguous', 'name_taken', 'runtime_unknown', 'agent_incomplete', 'agent_elsewhere'],
  },
  'POST /api/agents/onboard': {
    summary: 'Make an agent, or change the one of that name',
    tag: 'provision',
    who: ['user'],
    role: 'admin',
    scope: 'admin',
    body: z.strictObject({ agent_key: Handle, ...AgentFields, computer_id: Id.optional() }),
    response: z.object({ agent: ManagedAgent, created: z.boolean() }),
    errors: ['name_taken', 'runtime_unknown', 'agent_incomplete'],
  },
  'POST /api/agents/{agent}/assignment': {
    summary: 'Put an agent on a computer; its work goes on there',
    tag: 'provision',
    who: ['user'],
    role: 'admin',
    scope: 'admin',
    params: z.object({ agent: AgentKey }),
    body: z.strictObject({ computer_id: Id }),
    response: ManagedAgent,
    errors: ['agent_unknown', 'runtime_unknown'],
  },
  'POST /api/computers/connect': {
    summary: 'A computer is there, with the runtimes that it has; nekode-daemon does it over the daemon protocol',
    tag: 'computers',
    who: ['computer'],
    body: z.strictObject({
      hostname: z.string().max(255).optional(),
      os: z.string().max(32).optional(),
      arch: z.string().max(32).optional(),
      version: z.string().max(64).optional(),
      /** Kinds such as `codex`; GET /api/runtime-presets has those that are known. */
      runtimes: z.array(z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, 'not a kind of runtime')).max(64),
    }),
    response: Beat.extend({ computer: Computer }),
  },
  'POST /api/computers/{id}/heartbeat': {
    summary: 'A sign of life; without one for 90 seconds a computer is offline',
    tag: 'computers',
    who: ['computer'],
    params: ById,
    body: z.strictObject({ leaseId: Id.optional() }),
    response: Beat,
    errors: ['foreign_computer'],
  },
  'POST /api/deliveries/{id}/claim': {
    summary: 'Take a delivery to one of the computer’s agents into hand, or with its lease keep it there',
    tag: 'runs',
    who: ['computer'],
    params: ById,
    body: z.strictObject({ leaseId: Id.optional() }),
    response: ClaimedDelivery,
    errors: ['already_claimed', 'run_over', 'agent_disabled'],
  },
  'POST /api/deliveries/{id}/ack': {
    summary: 'Answer a claimed delivery; what the agent says becomes its message',
    tag: 'runs',
    who: ['computer'],
    params: ById,
    body: z.strictObject({
      leaseId: Id,
      /** Empty: the agent has nothing to say. */
      content: z.string().max(40_000).optional(),
      summary: z.string().max(500).optional(),
    }),
    response: Settled,
    errors: ['lease_lost', 'run_over', 'illegal_transition'],
  },
  'POST /api/deliveries/{id}/fail': {
    summary: 'Give a claimed delivery up for a reason',
    tag: 'runs',
    who: ['computer'],
    params: ById,
    body: z.strictObject({
      leaseId: Id,
      reason: FailureReason.optional(),
      error: z.string().min(1).max(2000),
    }),
    response: Settled,
    errors: ['lease_lost', 'run_over', 'illegal_transition'],
  },
  'GET /api/sessions': {
    summary: 'The sessions of agents: one each',
    tag: 'runs',
    who: ['user', 'agent'],
    response: page(AgentSession),
  },
  'GET /api/sessions/{id}/runs': {
    summary: 'The runs of a session that the caller may see, newest first',
    tag: 'runs',
    who: ['user', 'agent'],
    params: ById,
    query: PageQuery,
    response: page(Run),
  },
  'POST /api/runs/{id}/kill': {
    summary: 'The same as POST /api/runs/{id}/actions with “kill”',
    tag: 'runs',
    who: ['user'],
    role: 'member',
    status: 202,
    params: ById,
    response: Run,
    errors: ['illegal_transition'],
  },
  'POST /api/runs/{id}/restart': {
    summary: 'The same as POST /api/runs/{id}/actions with “restart”',
    tag: 'runs',
    who: ['user'],
    role: 'member',
    status: 202,
    params: ById,
    response: Run,
    errors: ['illegal_transition'],
  },
  'GET /api/daemon/info': {
    summary: 'Which server and which versions of the daemon protocol this is, and how its agents are',
    tag: 'system',
    who: ['user', 'agent', 'computer'],
    response: z.object({
      serverId: z.string(),
      serverName: z.string(),
      version: z.string(),
      protocolVersion: z.number().int(),
      minProtocolVersion: z.number().int(),
      maxProtocolVersion: z.number().int(),
      daemonRpcUrl: z.string(),
      serverTime: Time,
      /** `idle` without agents, `degraded` when one of them is ill or away. */
      health: z.enum(['ok', 'idle', 'degraded']),
    }),
  },
  'GET /api/daemon/activity': {
    summary: 'What agents said of their work, newest first',
    tag: 'system',
    who: ['user', 'agent', 'computer'],
    query: PageQuery.extend({ target: Target.optional(), agentId: Id.optional() }),
    response: page(
      z.object({
        id: Id,
        target: z.string().nullable(),
        agentId: z.string().nullable(),
        kind: z.string(),
        summary: z.string(),
        detail: z.string(),
        runId: z.string().nullable(),
        stepId: z.string().nullable(),
        createdAt: Time,
      }),
    ),
  },
  'GET /api/runtime-presets': {
    summary: 'The coding agents that daemons know how to drive',
    tag: 'system',
    who: ['user', 'agent', 'computer'],
    query: z.object({ kindPrefix: z.string().max(64).optional() }),
    response: page(
      z.object({
        kind: z.string(),
        displayName: z.string(),
        provider: z.string(),
        defaultModel: z.string(),
        command: z.string(),
        aliases: z.array(z.string()),
        defaultArgs: z.array(z.string()),
        envVarNames: z.array(z.string()),
        installHint: z.array(z.string()),
        capabilities: z.array(z.string()),
        recommended: z.boolean(),
        description: z.string(),
      }),
    ),
  },
})
