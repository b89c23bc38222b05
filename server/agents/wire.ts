import type { MessageInitShape } from '@bufbuild/protobuf'
import type { Agent, AgentSettings, AgentStatus } from '@shared/contract'
import {
  AgentActivityState,
  AgentHealth,
  AgentPresence,
  type AgentProfileSchema,
  type AgentStatusSnapshot,
  type AgentStatusSnapshotSchema,
  AgentStatusSeverity,
} from '@shared/gen/nekode/daemon/v1/agents_pb'
import { CONFINEMENT_CAPABILITY } from '@shared/contract/agents'
import { type EnvVarSchema, PermissionScope } from '@shared/gen/nekode/daemon/v1/common_pb'
import { secretReference } from '@shared/contract/agents'
import { redactText } from '@shared/redact'
import { TEXT } from '../rpc/limits'
import { cut, firstLine } from '../rpc/text'
import { seconds } from '../rpc/wire'
import { runtimeProfileId } from '../runs/wire'
import { findPreset } from '../runtimes/presets'

const PRESENCE: Record<AgentStatus['presence'], AgentPresence> = {
  online: AgentPresence.ONLINE,
  idle: AgentPresence.IDLE,
  busy: AgentPresence.BUSY,
  sleeping: AgentPresence.SLEEPING,
  stale: AgentPresence.STALE,
  offline: AgentPresence.OFFLINE,
  degraded: AgentPresence.DEGRADED,
}

const HEALTH: Record<AgentStatus['health'], AgentHealth> = {
  ok: AgentHealth.OK,
  quota: AgentHealth.PROVIDER_QUOTA,
  command_failed: AgentHealth.COMMAND_FAILED,
  test_failed: AgentHealth.TEST_FAILED,
  auth_required: AgentHealth.AUTH_REQUIRED,
  runtime_error: AgentHealth.RUNTIME_ERROR,
  offline: AgentHealth.OFFLINE,
}

/** What people read where the daemon gave no words of its own. */
const ACTIVITY: Partial<Record<AgentActivityState, string>> = {
  [AgentActivityState.RECEIVING_MESSAGE]: 'receiving a message',
  [AgentActivityState.READING_CONTEXT]: 'reading the conversation',
  [AgentActivityState.COMPACTING_CONTEXT]: 'compacting its context',
  [AgentActivityState.THINKING]: 'thinking',
  [AgentActivityState.CODING]: 'writing code',
  [AgentActivityState.RUNNING_COMMAND]: 'running a command',
  [AgentActivityState.RUNNING_TEST]: 'running tests',
  [AgentActivityState.REVIEWING]: 'reviewing',
  [AgentActivityState.BLOCKED]: 'blocked',
  [AgentActivityState.RESTARTING]: 'restarting',
  [AgentActivityState.RESTORING_MEMORY]: 'restoring its memory',
}

const nameOf = <K extends string, V>(table: Record<K, V>, value: V, otherwise: K): K => {
  for (const key in table) if (table[key] === value) return key
  return otherwise
}

/** A status as a daemon reports it, bounded and without what looks like a credential. */
export const readStatus = (s: AgentStatusSnapshot): AgentStatus => ({
  presence: nameOf(PRESENCE, s.presence, 'online'),
  activity: firstLine(redactText(s.summary || ACTIVITY[s.activityState] || ''), TEXT.line),
  health: nameOf(HEALTH, s.health, 'ok'),
  detail: cut(redactText(s.detail), TEXT.error),
  runId: s.runId || null,
  updatedAt: Date.now(),
})

/** Where an agent is at work. */
export interface Place {
  target: string
  threadId: string | null
  inputMessageId: string | null
}

/**
 * @param place of the agent's run, for readers who may know it; the others do not learn what it is about
 */
export function wireStatus(
  { id, computerId, status }: Pick<Agent, 'id' | 'computerId' | 'status'>,
  place?: Place,
): MessageInitShape<typeof AgentStatusSnapshotSchema> {
  const known = status.runId === null || place !== undefined
  const state = Object.entries(ACTIVITY).find(([, text]) => text === status.activity)?.[0]
  return {
    agentId: id,
    computerId,
    runtimeProfileId: runtimeProfileId(id),
    presence: PRESENCE[status.presence],
    activityState: state === undefined ? AgentActivityState.UNSPECIFIED : Number(state),
    health: HEALTH[status.health],
    summary: status.activity,
    detail: known ? status.detail : '',
    severity: status.health === 'ok' ? AgentStatusSeverity.INFO : AgentStatusSeverity.WARNING,
    updatedTimeUnix: seconds(status.updatedAt),
    runId: known ? (status.runId ?? '') : '',
    target: place?.target ?? '',
    threadId: place?.threadId ?? '',
    messageId: place?.inputMessageId ?? '',
  }
}

/** The approval policy as permissions: `tool.default` and `tool.<kind>` with the rule as reason. */
function permissions({ default: usual, rules }: AgentSettings['approvals']) {
  const all = [['default', usual] as const, ...Object.entries(rules)]
  return all.map(([kind, rule]) => ({
    name: `tool.${kind}`,
    allowed: rule !== 'deny',
    reason: rule,
    scope: PermissionScope.RUNTIME,
  }))
}

/** What of a profile is not for everybody. */
export interface ProfileExtras {
  /** For those who may see how the agent is run. */
  settings: AgentSettings | undefined
  /** With secret values only for the agent's own computer. */
  env: MessageInitShape<typeof EnvVarSchema>[]
  /** Its direct conversations, for itself and its computer. */
  dmTargets: string[]
}

export const wireProfile = (
  agent: Agent,
  { settings, env, dmTargets }: ProfileExtras,
  status: MessageInitShape<typeof AgentStatusSnapshotSchema>,
): MessageInitShape<typeof AgentProfileSchema> => ({
  agentId: agent.id,
  name: agent.name,
  displayName: agent.displayName,
  description: agent.description,
  enabled: agent.enabled,
  provider: findPreset(agent.runtimeKind)?.provider ?? '',
  model: agent.model,
  env,
  dmTargets,
  computerId: agent.computerId,
  runtimeProfileId: runtimeProfileId(agent.id),
  status: PRESENCE[agent.status.presence],
  lastActivityTimeUnix: seconds(agent.status.updatedAt),
  permissions: settings ? permissions(settings.approvals) : [],
  capabilities: settings
    ? [{ name: CONFINEMENT_CAPABILITY, enabled: true, description: JSON.stringify(settings.confinement) }]
    : [],
  statusSnapshot: status,
  runtimeKind: agent.runtimeKind,
  memoryRoot: settings?.workspace ?? '',
})

/** As people see it: a secret has no value. */
export const shownEnv = ({ env }: AgentSettings): MessageInitShape<typeof EnvVarSchema>[] =>
  env.map(({ name, value, secret }) => ({ ...envVar({ name, value: value ?? '', secret }), redacted: value === null }))

/** A variable with its value, or with the name of the computer's secret that it refers to. */
export function envVar({
  name,
  value,
  secret,
}: {
  name: string
  value: string
  secret: boolean
}): MessageInitShape<typeof EnvVarSchema> {
  const secretRef = secretReference(value)
  return secretRef === undefined ? { name, value, secret } : { name, secretRef }
}
