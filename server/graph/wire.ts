import type { MessageInitShape } from '@bufbuild/protobuf'
import type { TaskEdgeKind, TaskGraph, TaskSplit } from '@shared/contract'
import {
  type TaskEdge,
  TaskEdgeKind as Wire,
  type TaskGraphSnapshotSchema,
  type TaskSchema,
  TaskState,
} from '@shared/gen/nekode/daemon/v1/tasks_pb'
import { NekodeError } from '@shared/errors'
import { seconds } from '../rpc/wire'
import { wireTask } from '../tasks/wire'

const KINDS: Record<TaskEdgeKind, Wire> = {
  depends_on: Wire.DEPENDS_ON,
  blocks: Wire.BLOCKS,
  parent_child: Wire.PARENT_CHILD,
  duplicate_of: Wire.DUPLICATE_OF,
}

export function readEdge({ fromTaskId, toTaskId, kind }: TaskEdge): { from: string; to: string; kind: TaskEdgeKind } {
  for (const name of ['depends_on', 'blocks', 'parent_child', 'duplicate_of'] as const)
    if (KINDS[name] === kind) return { from: fromTaskId, to: toTaskId, kind: name }
  throw new NekodeError('invalid', 'An edge of a graph has a kind.', { code: 'invalid_request' })
}

export const wireGraph = (g: TaskGraph): MessageInitShape<typeof TaskGraphSnapshotSchema> => ({
  rootTaskId: g.rootId,
  graphVersion: BigInt(g.version),
  nodes: g.nodes.map((task) => wireTask(task, g.version)),
  edges: g.edges.map((e) => ({ fromTaskId: e.from, toTaskId: e.to, kind: KINDS[e.kind] })),
})

/** A part as the task that it would become. */
export const wirePart = (
  split: TaskSplit,
  part: TaskSplit['parts'][number],
  target: string,
): MessageInitShape<typeof TaskSchema> => ({
  taskId: part.id,
  summary: part.summary,
  state: TaskState.TODO,
  target,
  parentTaskId: split.taskId,
  assigneeId: part.assigneeId ?? '',
  requiredCapabilities: part.requiredCapabilities,
  assignedTarget: part.assignedTarget,
  deadlineTimeUnix: seconds(part.dueAt),
  splitProposalId: split.id,
  createdByUserId: split.proposedBy.kind === 'human' ? split.proposedBy.id : '',
  createdByAgentId: split.proposedBy.kind === 'agent' ? split.proposedBy.id : '',
  createdTimeUnix: seconds(split.createdAt),
})
