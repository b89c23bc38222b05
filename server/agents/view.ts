import type { Agent, AgentSettings, AgentStatus, EnvVar } from '@shared/contract'
import { UNCONFINED } from '@shared/contract/agents'
import type { Row } from '../db/tables'

export type AgentRow = Row<'agents'>

/** Secrets are written, never read back. */
export const envView = (row: AgentRow): EnvVar[] =>
  row.env.map(({ name, value, secret }) => ({ name, value: secret ? null : value, secret }))

/** The status as it is now: an agent whose computer is gone is offline, whatever it said last. */
export const statusView = (row: AgentRow, online: boolean): AgentStatus =>
  online ? row.status : { ...row.status, presence: 'offline', activity: '', runId: null }

/** What an agent may be said to be at without saying what it is about. */
const GENERAL = new Set([
  'starting',
  'restarting',
  'receiving a message',
  'reading the conversation',
  'compacting its context',
  'restoring its memory',
  'waiting for approval',
  'blocked',
  'thinking',
  'reading',
  'searching',
  'fetching',
  'editing',
  'deleting',
  'moving',
  'writing code',
  'running a command',
  'running tests',
  'reviewing',
  'using a tool',
])

/**
 * A status for those who may not read the conversation that it is about: that the agent is busy is no secret, what with is. Of
 * “running a command: git push” the second half is left out, and so are an agent's own words.
 */
export function discreet(status: AgentStatus): AgentStatus {
  const [what = ''] = status.activity.split(':', 1)
  return { ...status, activity: GENERAL.has(what) ? what : '', detail: '', runId: null }
}

export function agentView(row: AgentRow, channels: Agent['channels'], status: AgentStatus): Agent {
  const { id, name, displayName, description, computerId, runtimeKind, model, enabled } = row
  const { createdBy, createdAt, updatedAt } = row
  return {
    id,
    name,
    displayName,
    description,
    computerId,
    runtimeKind,
    model,
    enabled,
    channels,
    status,
    createdBy,
    createdAt,
    updatedAt,
  }
}

export function settingsView(row: AgentRow): AgentSettings {
  const { workspace, instructions, approvals, limits, confinement, command } = row
  return {
    workspace,
    instructions,
    approvals,
    limits,
    confinement: confinement ?? UNCONFINED,
    command,
    env: envView(row),
  }
}
