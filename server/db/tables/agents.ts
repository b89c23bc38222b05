import type { AgentLimits, AgentStatus, ApprovalPolicy, Confinement } from '@shared/contract'
import type { Dialect } from '../dialect'

/** An environment variable as stored: a secret's `value` is sealed with the server's key. */
export interface StoredEnvVar {
  name: string
  value: string
  secret: boolean
}

/** The agents themselves. */
export function agentsTables(d: Dialect) {
  const agents = d.table(
    'agents',
    {
      id: d.id().primaryKey(),
      name: d.str(64).notNull(),
      displayName: d.str(255).notNull(),
      description: d.text().notNull(),
      computerId: d.id().notNull(),
      runtimeKind: d.str(64).notNull(),
      model: d.str(255).notNull(),
      workspace: d.text().notNull(),
      instructions: d.text().notNull(),
      approvals: d.json<ApprovalPolicy>().notNull(),
      limits: d.json<AgentLimits>().notNull(),
      /** None: nothing was ever said about it. */
      confinement: d.json<Confinement>(),
      command: d.json<string[]>().notNull(),
      env: d.json<StoredEnvVar[]>().notNull(),
      enabled: d.bool().notNull(),
      status: d.json<AgentStatus>().notNull(),
      createdBy: d.id().notNull(),
      deletedAt: d.ms(),
      createdAt: d.ms().notNull(),
      updatedAt: d.ms().notNull(),
    },
    (t) => [d.unique('agents_name').on(t.name), d.index('agents_computer').on(t.computerId)],
  )

  return { agents }
}
