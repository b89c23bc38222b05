import type { Task, TaskChange, TaskClaim } from '@shared/contract'
import type { Row } from '../db/tables'

export type TaskRow = Row<'tasks'>
export type ClaimRow = Row<'taskClaims'>
export type ChangeRow = Row<'taskChanges'>
export type TaskState = TaskRow['state']

export const isClosed = (state: TaskState): boolean => state === 'done' || state === 'canceled'
export const isAgent = (id: string | null): id is string => id?.startsWith('agent_') === true

/** Every task has one release gate, so the gate's id follows from the task's. */
export const gateId = (taskId: string): string => taskId.replace(/^tsk_/, 'rgt_')
export const gatedTask = (gate: string): string => gate.replace(/^rgt_/, 'tsk_')

export const claimView = (r: ClaimRow): TaskClaim => ({
  id: r.id,
  holder: r.holder,
  mode: r.mode,
  state: r.state,
  attempt: r.attempt,
  leaseId: r.leaseId,
  expiresAt: r.expiresAt,
  runId: r.runId,
  error: r.error,
  claimedAt: r.claimedAt,
  endedAt: r.endedAt,
})

/** What a task's own row does not hold. */
export interface Around {
  dependsOn: string[]
  claims: ClaimRow[]
}

export const taskView = (r: TaskRow, around: Around): Task => ({
  id: r.id,
  number: r.number,
  target: r.target,
  summary: r.summary,
  description: r.description,
  state: r.state,
  column: r.columnName,
  priority: r.priority,
  labels: r.labels,
  dueAt: r.dueAt,
  assigneeId: r.assigneeId,
  reviewerIds: r.reviewerIds,
  createdBy: r.createdBy,
  source: r.source,
  blockedReason: r.blockedReason,
  parentId: r.parentId,
  rootId: r.rootId,
  dependsOn: around.dependsOn,
  claimPolicy: r.claimPolicy,
  claimConflict: r.claimConflict,
  claims: around.claims.map(claimView),
  requiredCapabilities: r.requiredCapabilities,
  assignedTarget: r.assignedTarget,
  threadId: r.threadId,
  deliveryId: r.deliveryId,
  splitId: r.splitId,
  releasedAt: r.releasedAt,
  version: r.version,
  createdAt: r.createdAt,
  updatedAt: r.updatedAt,
  closedAt: r.closedAt,
})

export const changeView = (r: ChangeRow): TaskChange => ({
  id: r.id,
  taskId: r.taskId,
  version: r.version,
  action: r.action,
  actor: r.actor,
  fields: r.fields,
  createdAt: r.createdAt,
})
