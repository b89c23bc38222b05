import type { Agent, AgentStatus, EnvVar } from '@shared/contract'
import type { Row } from '../db/tables'

export type AgentRow = Row<'agents'>

/** Secrets are written, never read back. */
export const envView = (row: AgentRow): EnvVar[] =>
  row.env.map(({ name, value, secret }) => ({ name, value: secret ? null : value, secret }))

/** The status as it is now: an agent whose computer is gone is offline, whatever it said last. */
export const statusView = (row: AgentRow, online: boolean): AgentStatus =>
  online ? row.status : { ...row.status, presence: 'offline', activity: '', runId: null }

export function agentView(row: AgentRow, channels: Agent['channels'], online: boolean): Agent {
  const { id, name, displayName, description, computerId, runtimeKind, model, workspace, instructions } = row
  const { approvals, limits, command, enabled, createdAt, updatedAt } = row
  return {
    id,
    name,
    displayName,
    description,
    computerId,
    runtimeKind,
    model,
    workspace,
    instructions,
    approvals,
    limits,
    command,
    env: envView(row),
    enabled,
    channels,
    status: statusView(row, online),
    createdAt,
    updatedAt,
  }
}
