import type { ComputerResources, RuntimeInfo } from '@shared/contract'
import type { Dialect } from '../dialect'

/** The machines that agents work on. */
export function computersTables(d: Dialect) {
  const computers = d.table(
    'computers',
    {
      id: d.id().primaryKey(),
      daemonId: d.str(255).notNull(),
      displayName: d.str(255).notNull(),
      hostname: d.str(255).notNull(),
      os: d.str(32).notNull(),
      arch: d.str(32).notNull(),
      version: d.str(64).notNull(),
      local: d.bool().notNull(),
      runtimes: d.json<RuntimeInfo[]>().notNull(),
      inventoryVersion: d.str(255).notNull(),
      resources: d.json<ComputerResources>(),
      leaseId: d.id(),
      lastSeenAt: d.ms(),
      /** What the status was when it was last announced, so that each change is one event. */
      announced: d.str(16).$type<'online' | 'stale' | 'offline'>().notNull(),
      ackedSequence: d.int().notNull(),
      removedAt: d.ms(),
      createdAt: d.ms().notNull(),
      updatedAt: d.ms().notNull(),
    },
    (t) => [d.index('computers_seen').on(t.lastSeenAt)],
  )

  const enrollments = d.table(
    'enrollments',
    {
      id: d.id().primaryKey(),
      computerId: d.id().notNull(),
      displayName: d.str(255).notNull(),
      codeHash: d.str(64).notNull(),
      status: d.str(16).$type<'pending' | 'redeemed' | 'connected' | 'revoked'>().notNull(),
      createdBy: d.id().notNull(),
      expiresAt: d.ms().notNull(),
      connectedAt: d.ms(),
      createdAt: d.ms().notNull(),
    },
    (t) => [d.index('enrollments_computer').on(t.computerId)],
  )

  /** Things that a daemon was asked to do and that are not runs. */
  const operations = d.table(
    'operations',
    {
      id: d.id().primaryKey(),
      computerId: d.id().notNull(),
      agentId: d.id(),
      action: d.str(64).notNull(),
      reason: d.text().notNull(),
      state: d.str(16).$type<'queued' | 'running' | 'completed' | 'failed' | 'unsupported'>().notNull(),
      detail: d.text().notNull(),
      requestedBy: d.id().notNull(),
      createdAt: d.ms().notNull(),
      updatedAt: d.ms().notNull(),
    },
    (t) => [d.index('operations_computer').on(t.computerId, t.createdAt)],
  )

  return { computers, enrollments, operations }
}
