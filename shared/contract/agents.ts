import { z } from 'zod'
import { Handle, Id, Ok, Target, Time, page } from './common'
import { DeliveryMode } from './channels'
import { Delivery, ToolKind } from './runs'
import { Message } from './messages'
import { routes } from './route'
import { Confinement } from './confinement'

export * from './confinement'

/** What happens when the agent wants to use a tool of one kind. */
export const ApprovalRule = z.enum(['ask', 'allow', 'deny'])
export type ApprovalRule = z.infer<typeof ApprovalRule>

/** A rule for each kind of tool. Kinds left out follow `default`. */
export const ApprovalPolicy = z.strictObject({
  default: ApprovalRule,
  rules: z.partialRecord(ToolKind, ApprovalRule),
})
export type ApprovalPolicy = z.infer<typeof ApprovalPolicy>

/** Reading is harmless inside the workspace, everything that changes something asks first. */
export const DEFAULT_POLICY: ApprovalPolicy = {
  default: 'ask',
  rules: { read: 'allow', search: 'allow', think: 'allow' },
}

/** Limits that stop loops and cost, checked in code before a run starts. `null` is no limit. */
export const AgentLimits = z.strictObject({
  turnsPerHour: z.number().int().min(1).max(10_000).nullable(),
  costPerDayUsd: z.number().min(0).max(100_000).nullable(),
})
export type AgentLimits = z.infer<typeof AgentLimits>

export const Presence = z.enum(['online', 'idle', 'busy', 'sleeping', 'stale', 'offline', 'degraded'])
export const AgentStatus = z.object({
  presence: Presence,
  /** A short line such as “running a command”. */
  activity: z.string(),
  health: z.enum(['ok', 'quota', 'command_failed', 'test_failed', 'auth_required', 'runtime_error', 'offline']),
  detail: z.string(),
  runId: z.string().nullable(),
  updatedAt: Time,
})
export type AgentStatus = z.infer<typeof AgentStatus>

const REFERENCE = /^secret:([A-Za-z_][A-Za-z0-9_.-]{0,127})$/

/** The name in a value `secret:NAME`: that of a secret which only the agent's computer has, and puts in its place there. */
export const secretReference = (value: string | null): string | undefined =>
  value === null ? undefined : REFERENCE.exec(value)?.[1]

/**
 * An environment variable of the agent's process. A secret's value is written, never read back. `secret:NAME` refers to a secret of the
 * agent's computer; it is no secret itself.
 */
export const EnvVar = z.object({
  name: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/),
  value: z
    .string()
    .max(32_768)
    .refine((value) => !value.startsWith('secret:') || REFERENCE.test(value), {
      error: '“secret:” and a name refer to a secret of the computer, and this is no such name',
    })
    .nullable(),
  secret: z.boolean(),
})
export type EnvVar = z.infer<typeof EnvVar>

/** An agent as everybody on the server sees it: what it takes to write to it, and to know how it is. */
export const Agent = z.object({
  id: Id,
  name: Handle,
  displayName: z.string(),
  description: z.string(),
  computerId: Id,
  runtimeKind: z.string(),
  /** Empty: the runtime's own default. */
  model: z.string(),
  enabled: z.boolean(),
  /** Those that the reader may see. */
  channels: z.array(z.object({ target: Target, deliveryMode: DeliveryMode })),
  status: AgentStatus,
  /** The person who made it, who sees its settings as admins do. */
  createdBy: z.string(),
  createdAt: Time,
  updatedAt: Time,
})
export type Agent = z.infer<typeof Agent>

/** How an agent is run: for admins, and for who made it. */
export const AgentSettings = z.object({
  /** Absolute folder on the agent's computer; empty: a folder that the daemon makes. */
  workspace: z.string(),
  instructions: z.string(),
  approvals: ApprovalPolicy,
  limits: AgentLimits,
  confinement: Confinement,
  /** Command of the `command` and custom ACP runtimes; empty for the rest. */
  command: z.array(z.string()),
  env: z.array(EnvVar),
})
export type AgentSettings = z.infer<typeof AgentSettings>

/** What somebody gets back who just made or changed an agent. */
export const ManagedAgent = Agent.extend(AgentSettings.shape)
export type ManagedAgent = z.infer<typeof ManagedAgent>

const Fields = {
  displayName: z.string().trim().min(1).max(80),
  description: z.string().max(500),
  model: z.string().max(200),
  workspace: z.string().max(1000),
  instructions: z.string().max(20_000),
  approvals: ApprovalPolicy,
  limits: AgentLimits,
  confinement: Confinement,
  command: z.array(z.string().min(1).max(4000)).max(64),
}
const ById = z.object({ id: Id })
/** An agent by its id or by its name. */
const ByKey = z.object({ id: z.union([Id, Handle]) })

export const agentRoutes = routes({
  'GET /api/agents': { summary: 'Agents on this server', tag: 'agents', who: ['user', 'agent'], response: page(Agent) },
  'POST /api/agents': {
    summary: 'Make an agent',
    tag: 'agents',
    who: ['user'],
    role: 'admin',
    scope: 'admin',
    status: 201,
    body: z.strictObject({
      name: Handle,
      computerId: Id,
      runtimeKind: z.string().min(1).max(64),
      displayName: Fields.displayName.optional(),
      description: Fields.description.optional(),
      model: Fields.model.optional(),
      workspace: Fields.workspace.optional(),
      instructions: Fields.instructions.optional(),
      approvals: Fields.approvals.optional(),
      limits: Fields.limits.optional(),
      confinement: Fields.confinement.optional(),
      command: Fields.command.optional(),
      env: z.array(EnvVar).max(200).optional(),
      /** Default: `#general`. */
      channels: z.array(Target).max(100).optional(),
    }),
    response: ManagedAgent,
    errors: ['name_taken', 'runtime_unknown'],
  },
  'GET /api/agents/{id}': {
    summary: 'One agent',
    tag: 'agents',
    who: ['user', 'agent'],
    params: ByKey,
    response: Agent,
  },
  'GET /api/agents/{id}/settings': {
    summary: 'How an agent is run; for admins and for who made it',
    tag: 'agents',
    who: ['user'],
    scope: 'admin',
    params: ById,
    response: AgentSettings,
    errors: ['settings_hidden'],
  },
  'PATCH /api/agents/{id}': {
    summary: 'Change an agent; what its process needs is applied at its next turn',
    tag: 'agents',
    who: ['user'],
    role: 'admin',
    scope: 'admin',
    params: ByKey,
    body: z.strictObject({
      displayName: Fields.displayName.optional(),
      description: Fields.description.optional(),
      computerId: Id.optional(),
      runtimeKind: z.string().min(1).max(64).optional(),
      model: Fields.model.optional(),
      workspace: Fields.workspace.optional(),
      instructions: Fields.instructions.optional(),
      approvals: Fields.approvals.optional(),
      limits: Fields.limits.optional(),
      confinement: Fields.confinement.optional(),
      command: Fields.command.optional(),
      enabled: z.boolean().optional(),
    }),
    response: ManagedAgent,
  },
  'DELETE /api/agents/{id}': {
    summary: 'Delete an agent; its messages stay',
    tag: 'agents',
    who: ['user'],
    role: 'admin',
    scope: 'admin',
    params: ByKey,
    response: Ok,
  },
  'PUT /api/agents/{id}/env': {
    summary: 'Replace the environment; a secret sent with value null keeps its value',
    tag: 'agents',
    who: ['user'],
    role: 'admin',
    scope: 'admin',
    params: ById,
    body: z.strictObject({ env: z.array(EnvVar).max(200) }),
    response: ManagedAgent,
  },
  'POST /api/agents/{id}/control': {
    summary: 'Stop or restart an agent',
    tag: 'agents',
    who: ['user'],
    role: 'member',
    status: 202,
    params: ById,
    body: z.strictObject({
      action: z.enum(['terminate', 'restart', 'restart_reset_session', 'restart_full_reset']),
      reason: z.string().max(500).optional(),
    }),
    response: z.object({ operationId: Id, state: z.enum(['queued', 'running', 'completed', 'failed', 'unsupported']) }),
  },
  'POST /api/agents/{id}/messages': {
    summary: 'Write to an agent directly',
    tag: 'agents',
    who: ['user'],
    role: 'member',
    status: 201,
    params: ById,
    body: z.strictObject({ content: z.string().min(1).max(40_000), requestId: z.string().min(1).max(128).optional() }),
    response: z.object({ message: Message, deliveries: z.array(Delivery) }),
  },
})
