import type { MessageInitShape } from '@bufbuild/protobuf'
import type { Task } from '@shared/contract'
import type { LeaseSchema } from '@shared/gen/nekode/daemon/v1/common_pb'
import {
  TaskClaimConflictBehavior,
  TaskClaimMode,
  TaskClaimPolicy,
  type TaskSchema,
  TaskSource,
  TaskState,
} from '@shared/gen/nekode/daemon/v1/tasks_pb'
import { seconds, wireLease } from '../rpc/wire'
import { type ClaimRow, gateId } from './view'

const STATES: Record<Task['state'], TaskState> = {
  todo: TaskState.TODO,
  in_progress: TaskState.IN_PROGRESS,
  in_review: TaskState.IN_REVIEW,
  done: TaskState.DONE,
  blocked: TaskState.BLOCKED,
  canceled: TaskState.CANCELED,
}
const POLICIES: Record<Task['claimPolicy'], TaskClaimPolicy> = {
  exclusive: TaskClaimPolicy.EXCLUSIVE,
  shared: TaskClaimPolicy.SHARED,
  reviewer_only: TaskClaimPolicy.REVIEWER_ONLY,
  unclaimable: TaskClaimPolicy.UNCLAIMABLE,
}
const CONFLICTS: Record<Task['claimConflict'], TaskClaimConflictBehavior> = {
  fail_silent: TaskClaimConflictBehavior.FAIL_SILENT,
  fail_with_reason: TaskClaimConflictBehavior.FAIL_WITH_REASON,
  queue: TaskClaimConflictBehavior.QUEUE,
  assist: TaskClaimConflictBehavior.ASSIST,
}
const SOURCES: Record<Task['source'], TaskSource> = {
  human: TaskSource.HUMAN,
  agent: TaskSource.AGENT,
  server_rule: TaskSource.SERVER_RULE,
  scheduler: TaskSource.SCHEDULER,
  import: TaskSource.IMPORT,
}

/** The key of a value; undefined for what the wire has and we do not know, and for UNSPECIFIED. */
function keyOf<K extends string, V>(table: Record<K, V>, value: V): K | undefined {
  for (const key in table) if (table[key] === value) return key
  return undefined
}

export const readState = (state: TaskState): Task['state'] | undefined => keyOf(STATES, state)
export const readPolicy = (policy: TaskClaimPolicy): Task['claimPolicy'] | undefined => keyOf(POLICIES, policy)
export const readConflict = (c: TaskClaimConflictBehavior): Task['claimConflict'] | undefined => keyOf(CONFLICTS, c)
export const wireConflict = (c: Task['claimConflict']): TaskClaimConflictBehavior => CONFLICTS[c]

export function readMode(mode: TaskClaimMode): ClaimRow['mode'] {
  if (mode === TaskClaimMode.REVIEWER) return 'reviewer'
  return mode === TaskClaimMode.ASSISTANT ? 'assistant' : 'owner'
}

/** @param graphVersion of its graph, where that is known */
export function wireTask(t: Task, graphVersion = 0): MessageInitShape<typeof TaskSchema> {
  const claim = t.claims.find((c) => c.mode === 'owner')
  return {
    taskId: t.id,
    summary: t.summary,
    state: STATES[t.state],
    threadId: t.threadId ?? t.id,
    createdByUserId: t.createdBy.kind === 'human' ? t.createdBy.id : '',
    createdByAgentId: t.createdBy.kind === 'agent' ? t.createdBy.id : '',
    blockedReason: t.blockedReason,
    target: t.target,
    assigneeId: t.assigneeId ?? '',
    currentRunId: claim?.runId ?? '',
    rootTaskId: t.rootId,
    parentTaskId: t.parentId ?? '',
    source: SOURCES[t.source],
    splitProposalId: t.splitId ?? '',
    graphVersion: BigInt(graphVersion),
    requiredCapabilities: t.requiredCapabilities,
    boardColumn: t.column === t.state ? '' : t.column,
    claimPolicy: POLICIES[t.claimPolicy],
    claimConflictBehavior: CONFLICTS[t.claimConflict],
    claimedTimeUnix: seconds(claim?.claimedAt ?? null),
    claimLeaseId: claim?.leaseId ?? '',
    reviewerAgentId: t.reviewerIds.find((id) => id.startsWith('agent_')) ?? '',
    releaseGateId: gateId(t.id),
    assignedTarget: t.assignedTarget,
    deadlineTimeUnix: seconds(t.dueAt),
    createdTimeUnix: seconds(t.createdAt),
    updatedTimeUnix: seconds(t.updatedAt),
  }
}

export const claimLease = (c: ClaimRow): MessageInitShape<typeof LeaseSchema> =>
  wireLease({ id: c.leaseId, holder: c.holderId, type: 'task_claim', resource: c.taskId, expiresAt: c.expiresAt ?? 0 })
