import type {
  Actor,
  TaskChange,
  TaskClaim,
  TaskClaimConflict,
  TaskClaimPolicy,
  TaskPriority,
  TaskState,
} from '@shared/contract'
import type { Dialect } from '../dialect'

/** A part that a split proposes, with the id that it gets when it is applied. */
export interface ProposedPart {
  id: string
  clientId: string
  summary: string
  description: string
  assigneeId: string | null
  dependsOn: string[]
  requiredCapabilities: string[]
  assignedTarget: string
  dueAt: number | null
}

/** One check that a release gate may ask for, and its outcome. */
export interface CheckResult {
  name: string
  kind: 'command' | 'test' | 'build' | 'lint' | 'smoke' | 'review' | 'manual'
  status: 'passed' | 'failed' | 'skipped' | 'blocked'
  command: string
  summary: string
  excerpt: string
}

/** What is to be done, who does it, and what happened to it. */
export function tasksTables(d: Dialect) {
  const tasks = d.table(
    'tasks',
    {
      id: d.id().primaryKey(),
      number: d.int().notNull(),
      channelId: d.id().notNull(),
      target: d.str(200).notNull(),
      summary: d.str(300).notNull(),
      description: d.text().notNull(),
      state: d.str(16).$type<TaskState>().notNull(),
      /** The board's column: the state, or what `ownColumn` says. */
      columnName: d.str(64).notNull(),
      ownColumn: d.bool().notNull(),
      priority: d.str(16).$type<TaskPriority>().notNull(),
      labels: d.json<string[]>().notNull(),
      dueAt: d.ms(),
      assigneeId: d.id(),
      reviewerIds: d.json<string[]>().notNull(),
      createdBy: d.json<Actor>().notNull(),
      createdById: d.id().notNull(),
      source: d.str(16).$type<'human' | 'agent' | 'server_rule' | 'scheduler' | 'import'>().notNull(),
      blockedReason: d.text().notNull(),
      parentId: d.id(),
      rootId: d.id().notNull(),
      /** Of the whole graph, on its root. */
      graphVersion: d.int().notNull(),
      claimPolicy: d.str(16).$type<TaskClaimPolicy>().notNull(),
      claimConflict: d.str(24).$type<TaskClaimConflict>().notNull(),
      requiredCapabilities: d.json<string[]>().notNull(),
      assignedTarget: d.str(200).notNull(),
      threadId: d.id(),
      deliveryId: d.id(),
      splitId: d.id(),
      /** Claims that were made, and those in a row that came to nothing. */
      attempts: d.int().notNull(),
      failures: d.int().notNull(),
      releasedAt: d.ms(),
      version: d.int().notNull(),
      createdAt: d.ms().notNull(),
      updatedAt: d.ms().notNull(),
      closedAt: d.ms(),
    },
    (t) => [
      d.unique('tasks_number').on(t.number),
      d.index('tasks_board').on(t.channelId, t.columnName, t.id),
      d.index('tasks_column').on(t.columnName, t.id),
      d.index('tasks_recent').on(t.updatedAt, t.id),
      d.index('tasks_channel').on(t.channelId, t.updatedAt, t.id),
      d.index('tasks_assignee').on(t.assigneeId, t.updatedAt, t.id),
      d.index('tasks_creator').on(t.createdById, t.updatedAt, t.id),
      d.index('tasks_parent').on(t.parentId),
      d.index('tasks_root').on(t.rootId),
      d.index('tasks_delivery').on(t.deliveryId),
      d.index('tasks_thread').on(t.threadId),
    ],
  )

  /** One row a label of a task, for looking them up by it. */
  const taskLabels = d.table('task_labels', { label: d.str(50).notNull(), taskId: d.id().notNull() }, (t) => [
    d.primaryKey({ columns: [t.label, t.taskId] }),
    d.index('task_labels_task').on(t.taskId),
  ])

  const taskChanges = d.table(
    'task_changes',
    {
      id: d.id().primaryKey(),
      taskId: d.id().notNull(),
      version: d.int().notNull(),
      action: d.str(16).$type<TaskChange['action']>().notNull(),
      actor: d.json<Actor>().notNull(),
      fields: d.json<TaskChange['fields']>().notNull(),
      createdAt: d.ms().notNull(),
    },
    (t) => [d.index('task_changes_task').on(t.taskId, t.id)],
  )

  const taskClaims = d.table(
    'task_claims',
    {
      id: d.id().primaryKey(),
      taskId: d.id().notNull(),
      attempt: d.int().notNull(),
      holder: d.json<Actor>().notNull(),
      holderId: d.id().notNull(),
      mode: d.str(16).$type<TaskClaim['mode']>().notNull(),
      state: d.str(16).$type<TaskClaim['state']>().notNull(),
      leaseId: d.id().notNull(),
      leaseSeconds: d.int().notNull(),
      /** Null: a person's, which does not end by itself; or one that waits. */
      expiresAt: d.ms(),
      runId: d.id(),
      /** Whether the holder was the assignee before. */
      assigned: d.bool().notNull(),
      error: d.text().notNull(),
      claimedAt: d.ms().notNull(),
      endedAt: d.ms(),
    },
    (t) => [
      d.index('task_claims_task').on(t.taskId, t.state),
      d.index('task_claims_lease').on(t.state, t.expiresAt),
      d.index('task_claims_holder').on(t.holderId, t.state),
      d.index('task_claims_run').on(t.runId),
    ],
  )

  /** `fromId` cannot start before `toId` is done, or is a duplicate of it. */
  const taskEdges = d.table(
    'task_edges',
    {
      fromId: d.id().notNull(),
      toId: d.id().notNull(),
      kind: d.str(16).$type<'depends_on' | 'duplicate_of'>().notNull(),
    },
    (t) => [d.primaryKey({ columns: [t.fromId, t.toId, t.kind] }), d.index('task_edges_to').on(t.toId, t.kind)],
  )

  const taskSplits = d.table(
    'task_splits',
    {
      id: d.id().primaryKey(),
      parentId: d.id().notNull(),
      /** Of the task when the split was proposed: one that was changed since is not split by it. */
      parentVersion: d.int().notNull(),
      proposedBy: d.json<Actor>().notNull(),
      parts: d.json<ProposedPart[]>().notNull(),
      state: d.str(16).$type<'pending' | 'applied' | 'canceled'>().notNull(),
      decidedBy: d.json<Actor>(),
      expiresAt: d.ms().notNull(),
      createdAt: d.ms().notNull(),
    },
    (t) => [d.index('task_splits_parent').on(t.parentId, t.id)],
  )

  const releaseGates = d.table(
    'release_gates',
    {
      id: d.id().primaryKey(),
      taskId: d.id().notNull(),
      name: d.str(200).notNull(),
      requiredChecks: d.json<string[]>().notNull(),
      waiver: d.json<{ by: Actor; reason: string; at: number }>(),
      release: d.json<{ by: Actor; version: string; environment: string; note: string; at: number }>(),
      updatedAt: d.ms().notNull(),
    },
    (t) => [d.unique('release_gates_task').on(t.taskId)],
  )

  /** Why a task can be taken as done. */
  const taskEvidence = d.table(
    'task_evidence',
    {
      id: d.id().primaryKey(),
      taskId: d.id().notNull(),
      runId: d.id(),
      actor: d.json<Actor>().notNull(),
      summary: d.text().notNull(),
      checks: d.json<CheckResult[]>().notNull(),
      commitIds: d.json<string[]>().notNull(),
      createdAt: d.ms().notNull(),
    },
    (t) => [d.index('task_evidence_task').on(t.taskId, t.id)],
  )

  /** The latest word of each reviewer. */
  const taskReviews = d.table(
    'task_reviews',
    {
      taskId: d.id().notNull(),
      reviewerId: d.id().notNull(),
      reviewer: d.json<Actor>().notNull(),
      verdict: d.str(24).$type<'approved' | 'changes_requested'>().notNull(),
      comment: d.text().notNull(),
      createdAt: d.ms().notNull(),
    },
    (t) => [d.primaryKey({ columns: [t.taskId, t.reviewerId] })],
  )

  /** What somebody looks at of tasks, by a name. */
  const taskViews = d.table(
    'task_views',
    {
      id: d.id().primaryKey(),
      ownerId: d.id().notNull(),
      createdBy: d.json<Actor>().notNull(),
      name: d.str(80).notNull(),
      shared: d.bool().notNull(),
      /** Empty: of all channels. */
      channelId: d.id().notNull(),
      query: d.text().notNull(),
      createdAt: d.ms().notNull(),
      updatedAt: d.ms().notNull(),
    },
    (t) => [d.index('task_views_owner').on(t.ownerId), d.index('task_views_shared').on(t.shared)],
  )

  return {
    tasks,
    taskLabels,
    taskChanges,
    taskClaims,
    taskEdges,
    taskSplits,
    releaseGates,
    taskEvidence,
    taskReviews,
    taskViews,
  }
}
