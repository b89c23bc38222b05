import { GraphPatch, NewGraph, NewSplit, TASK_LIMITS } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import type { Task } from '@shared/gen/nekode/daemon/v1/tasks_pb'
import type { z } from 'zod'
import type { Core } from '../core'
import { fromZod } from '../http/errors'
import { callerOf } from '../rpc/caller'
import type { Handlers } from '../rpc/handlers'
import { onceFor } from '../rpc/once'
import { parseTarget } from '../rpc/target'
import { millis } from '../rpc/wire'
import type { Tasks } from '../tasks/create'
import { holderOf, readerOf, workerOf } from '../tasks/rpc'
import { readConflict, readPolicy, wireTask } from '../tasks/wire'
import type { GraphService } from './service'
import type { SplitService } from './splits'
import { readEdge, wireGraph, wirePart } from './wire'

type Method =
  | 'createTaskGraph'
  | 'listTaskGraph'
  | 'updateTaskGraph'
  | 'proposeTaskSplit'
  | 'applyTaskSplit'
  | 'cancelTaskSplitProposal'

/** What refuses a change and is an answer, not an error, in the words of the wire. */
const REJECTIONS: Record<string, string> = {
  stale: 'stale',
  cycle: 'cycle',
  not_holder: 'not_owner',
  proposal_expired: 'proposal_expired',
  proposal_over: 'proposal_over',
  part_needed: 'part_needed',
  dependencies_open: 'dependencies_open',
}

const rejection = (error: unknown): string => {
  const reason = error instanceof NekodeError ? REJECTIONS[error.code] : undefined
  if (reason === undefined) throw error
  return reason
}

export interface GraphServices {
  tasks: Tasks
  graph: GraphService
  splits: SplitService
}

export function graphRpc(core: Core, { tasks, graph, splits }: GraphServices): Handlers<Method> {
  const current = async (reader: Parameters<GraphService['get']>[0], ref: string) =>
    wireTask(await tasks.tasks.get(reader, ref))
  return {
    async createTaskGraph(req, context) {
      const caller = callerOf(context)
      const root = req.rootTask
      if (!root) throw new NekodeError('invalid', 'A graph has a root.', { code: 'invalid_request' })
      const author = workerOf(core, caller, req.context?.actor, root.createdByAgentId)
      const input = parsed(NewGraph, {
        target: parseTarget(root.target).target,
        root: { ...draftOf(root), ref: root.taskId || undefined },
        subtasks: req.subtasks.map((task) => ({
          ...draftOf(task),
          ref: task.taskId,
          parent: task.parentTaskId || undefined,
        })),
        edges: req.dependencies.map(readEdge),
      })
      const { $typeName: _, requestId, idempotencyKey, context: __, ...about } = req
      const once = onceFor(core.idempotency, caller, 'CreateTaskGraph', { requestId, idempotencyKey }, about)
      return { graph: wireGraph(await graph.create(author, input, once)) }
    },

    async listTaskGraph(req, context) {
      const reader = await readerOf(core, tasks, callerOf(context), req.rootTaskId)
      return { graph: wireGraph(await graph.get(reader, req.rootTaskId, Number(req.sinceGraphVersion))) }
    },

    async updateTaskGraph(req, context) {
      const caller = callerOf(context)
      const worker = await holderOf(core, tasks, caller, req.context?.actor, req.taskId)
      const patch = parsed(GraphPatch, {
        add: req.addDependencies.map(readEdge),
        remove: req.removeDependencies.map(readEdge),
        ...(req.newParentTaskId === undefined ? {} : { parentId: req.newParentTaskId || null }),
        ...(req.newAssigneeId === undefined ? {} : { assigneeId: req.newAssigneeId || null }),
        ...(req.expectedGraphVersion ? { version: Number(req.expectedGraphVersion) } : {}),
      })
      const { $typeName: _, requestId, idempotencyKey, context: __, ...about } = req
      const once = onceFor(core.idempotency, caller, 'UpdateTaskGraph', { requestId, idempotencyKey }, about)
      try {
        const changed = await graph.update(worker, req.taskId, patch, once)
        const task = await current(worker, req.taskId)
        return { accepted: true, newGraphVersion: BigInt(changed.version), task }
      } catch (error) {
        const rejectionReason = rejection(error)
        const { version } = await graph.get(worker, req.taskId)
        const task = await current(worker, req.taskId)
        return { accepted: false, rejectionReason, newGraphVersion: BigInt(version), task }
      }
    },

    async proposeTaskSplit(req, context) {
      const caller = callerOf(context)
      const worker = await holderOf(core, tasks, caller, req.context?.actor, req.parentTaskId)
      const input = parsed(NewSplit, {
        parts: req.proposedTasks.map((part) => ({
          clientId: part.clientProposedId,
          summary: part.summary,
          assigneeId: part.assigneeId || null,
          dependsOn: part.dependsOnProposedIds,
          requiredCapabilities: part.requiredCapabilities,
          assignedTarget: part.assignedTarget,
          dueAt: millis(part.deadlineTimeUnix),
        })),
        ...(req.proposalTtlSeconds ? { ttlSeconds: req.proposalTtlSeconds } : {}),
      })
      const { $typeName: _, requestId, idempotencyKey, context: __, ...about } = req
      const once = onceFor(core.idempotency, caller, 'ProposeTaskSplit', { requestId, idempotencyKey }, about)
      try {
        const split = await splits.propose(worker, req.parentTaskId, input, once)
        const parent = await tasks.tasks.get(worker, req.parentTaskId)
        return {
          accepted: true,
          proposalId: split.id,
          parentTask: wireTask(parent),
          proposedTasks: split.parts.map((part) => wirePart(split, part, parent.target)),
          expiresTimeUnix: BigInt(Math.floor(split.expiresAt / 1000)),
        }
      } catch (error) {
        const rejectionReason = rejection(error)
        return { accepted: false, rejectionReason, parentTask: await current(worker, req.parentTaskId) }
      }
    },

    async applyTaskSplit(req, context) {
      const caller = callerOf(context)
      const worker = await holderOf(core, tasks, caller, req.context?.actor, req.parentTaskId)
      const selected = req.selectedTaskIds.slice(0, TASK_LIMITS.batch + 1)
      const { $typeName: _, requestId, idempotencyKey, context: __, ...about } = req
      const once = onceFor(core.idempotency, caller, 'ApplyTaskSplit', { requestId, idempotencyKey }, about)
      const partIds = selected.length ? selected : undefined
      try {
        const applied = await splits.apply(worker, req.parentTaskId, req.proposalId, partIds, once)
        return {
          accepted: true,
          parentTask: wireTask(applied.task, applied.graphVersion),
          createdSubtasks: applied.created.map((task) => wireTask(task, applied.graphVersion)),
          newGraphVersion: BigInt(applied.graphVersion),
        }
      } catch (error) {
        const rejectionReason = rejection(error)
        return { accepted: false, rejectionReason, parentTask: await current(worker, req.parentTaskId) }
      }
    },

    async cancelTaskSplitProposal(req, context) {
      const caller = callerOf(context)
      const worker = await holderOf(core, tasks, caller, req.context?.actor, req.parentTaskId)
      try {
        await splits.cancel(worker, req.parentTaskId, req.proposalId)
        return { accepted: true }
      } catch (error) {
        // Gone already is what was asked for, unless it was applied.
        if (!(error instanceof NekodeError) || error.code !== 'proposal_over') throw error
        return { accepted: (await splits.stateOf(worker, req.parentTaskId, req.proposalId)) !== 'applied' }
      }
    },
  }
}

function parsed<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  throw fromZod(result.error, 'request')
}

/** What of a task its maker says; the rest is the server's. */
const draftOf = (task: Task) => ({
  summary: task.summary,
  assigneeId: task.assigneeId || null,
  reviewerIds: task.reviewerAgentId ? [task.reviewerAgentId] : [],
  claimPolicy: readPolicy(task.claimPolicy),
  claimConflict: readConflict(task.claimConflictBehavior),
  requiredCapabilities: task.requiredCapabilities,
  assignedTarget: task.assignedTarget,
  dueAt: millis(task.deadlineTimeUnix),
})
