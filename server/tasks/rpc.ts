import { NewTask, TASK_LIMITS, TaskPatch } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import type { Actor } from '@shared/gen/nekode/daemon/v1/common_pb'
import { TaskClaimConflictBehavior } from '@shared/gen/nekode/daemon/v1/tasks_pb'
import type { Core } from '../core'
import { fromZod } from '../http/errors'
import { authorOf, agentsOf, participants, readerAt } from '../rpc/acting'
import { type Caller, callerOf } from '../rpc/caller'
import type { Handlers } from '../rpc/handlers'
import { onceFor } from '../rpc/once'
import { limitOf, readPage } from '../rpc/page'
import { parseTarget } from '../rpc/target'
import { millis, seconds } from '../rpc/wire'
import type { Worker } from './book'
import type { Tasks } from './create'
import type { ClaimRow, TaskRow } from './view'
import { claimLease, readConflict, readMode, readPolicy, readState, wireConflict, wireTask } from './wire'

type Method =
  | 'createCollaborationTask'
  | 'getTask'
  | 'updateTask'
  | 'listCollaborationTasks'
  | 'listTaskBoard'
  | 'claimCollaborationTask'
  | 'renewTaskClaimLease'

/** What refuses a change and is an answer, not an error. */
const REJECTIONS: Record<string, string> = { stale: 'stale', illegal_transition: 'invalid_state' }

export function taskRpc(core: Core, services: Tasks): Handlers<Method> {
  const { book, tasks, claims } = services
  return {
    async createCollaborationTask(req, context) {
      const caller = callerOf(context)
      const author = workerOf(core, caller, req.context?.actor, req.agentId)
      if (req.createdByUserId && req.createdByUserId !== author.id)
        throw new NekodeError('forbidden', 'The author is not whom this token stands for.', { code: 'foreign_sender' })
      const { requestId, idempotencyKey, context: _, $typeName: __, ...about } = req
      const input = NewTask.safeParse({
        target: parseTarget(req.target).target,
        summary: req.summary,
        assigneeId: req.agentId || null,
        parentId: req.parentTaskId || undefined,
        claimPolicy: readPolicy(req.claimPolicy),
        claimConflict: readConflict(req.claimConflictBehavior),
        requiredCapabilities: req.requiredCapabilities,
        assignedTarget: req.assignedTarget,
        dueAt: millis(req.deadlineTimeUnix),
      })
      if (!input.success) throw fromZod(input.error, 'request')
      const once = onceFor(core.idempotency, caller, 'CreateCollaborationTask', { requestId, idempotencyKey }, about)
      return { task: wireTask(await tasks.create(author, input.data, once)) }
    },

    async getTask(req, context) {
      const reader = await readerOf(core, services, callerOf(context), req.taskId)
      return { task: wireTask(await tasks.get(reader, req.taskId)) }
    },

    async updateTask(req, context) {
      const caller = callerOf(context)
      const worker = await holderOf(core, services, caller, req.context?.actor, req.taskId)
      const { requestId, idempotencyKey, context: _, $typeName: __, ...about } = req
      const state = req.state === undefined ? undefined : readState(req.state)
      if (req.state !== undefined && state === undefined)
        return {
          accepted: false,
          rejectionReason: 'invalid_state',
          task: wireTask(await tasks.get(worker, req.taskId)),
        }
      const patch = TaskPatch.safeParse({
        summary: req.summary,
        state,
        ...(req.deadlineTimeUnix === undefined ? {} : { dueAt: millis(req.deadlineTimeUnix) }),
        column: req.boardColumn,
        assignedTarget: req.assignedTarget,
        ...(req.requiredCapabilities.length ? { requiredCapabilities: req.requiredCapabilities } : {}),
      })
      if (!patch.success) throw fromZod(patch.error, 'request')
      const expected = req.expectedUpdatedTimeUnix ? { updatedSeconds: Number(req.expectedUpdatedTimeUnix) } : {}
      const once = onceFor(core.idempotency, caller, 'UpdateTask', { requestId, idempotencyKey }, about)
      try {
        return { accepted: true, task: wireTask(await tasks.update(worker, req.taskId, patch.data, expected, once)) }
      } catch (error) {
        const rejectionReason = error instanceof NekodeError ? REJECTIONS[error.code] : undefined
        if (rejectionReason === undefined) throw error
        return { accepted: false, rejectionReason, task: wireTask(await tasks.get(worker, req.taskId)) }
      }
    },

    async listCollaborationTasks(req, context) {
      const caller = callerOf(context)
      const { target } = parseTarget(req.target)
      const states = req.states.map(readState).filter((s) => s !== undefined)
      const query = {
        ...(target ? { target } : {}),
        ...(req.agentId ? { assigneeId: [req.agentId] } : {}),
        ...(states.length ? { state: states } : {}),
        ...(req.boardColumn ? { column: req.boardColumn } : {}),
      }
      const readers = target ? [readerAt(core, caller, target)] : participants(core, caller)
      const page = await readPage(core.serverId, req, { target: req.target }, (cursor, limit) =>
        tasks.listFor(readers, { ...query, cursor, limit }),
      )
      return { tasks: page.items.map((task) => wireTask(task)), ...page.next }
    },

    async listTaskBoard(req, context) {
      const caller = callerOf(context)
      const { target } = parseTarget(req.target)
      const about = {
        ...(target ? { target } : {}),
        ...(req.assigneeId ? { assigneeId: [req.assigneeId] } : {}),
        ...(req.createdByUserId || req.createdByAgentId
          ? { createdById: req.createdByUserId || req.createdByAgentId }
          : {}),
      }
      const readers = target ? [readerAt(core, caller, target)] : participants(core, caller)
      const limit = limitOf(req.limit)
      const whole = await tasks.boardFor(readers, { ...about, limit: req.column ? 1 : limit })
      const columnCounts = Object.fromEntries(
        whole.columns.filter((c) => c.total).map((c) => [c.column, BigInt(c.total)]),
      )
      if (!req.column) {
        const columns = whole.columns.filter((c) => c.total)
        return {
          board: {
            columnCounts,
            columns: columns.map((c) => ({
              column: c.column,
              totalCount: BigInt(c.total),
              tasks: c.items.map((task) => wireTask(task)),
            })),
          },
        }
      }
      let total = 0
      const page = await readPage(core.serverId, req, { target: req.target }, async (cursor, limit) => {
        const { columns } = await tasks.boardFor(readers, { ...about, column: req.column, cursor, limit })
        total = columns[0]?.total ?? 0
        return { items: columns[0]?.items ?? [], nextCursor: columns[0]?.nextCursor }
      })
      const column = { column: req.column, totalCount: BigInt(total), tasks: page.items.map((task) => wireTask(task)) }
      return { board: { columns: total ? [column] : [], columnCounts, ...page.next } }
    },

    async claimCollaborationTask(req, context) {
      const caller = callerOf(context)
      const worker = claimant(core, caller, req.agentId, req.context?.actor)
      const { requestId, idempotencyKey, context: _, $typeName: __, ...about } = req
      const once = onceFor(core.idempotency, caller, 'ClaimCollaborationTask', { requestId, idempotencyKey }, about)
      const outcome = await claims.claim(
        worker,
        req.taskId,
        {
          mode: readMode(req.claimMode),
          leaseSeconds: leaseOf(req.leaseTtlSeconds),
          expectedAssigneeId: req.expectedAssigneeId || undefined,
          expectedLeaseId: req.expectedLeaseId || undefined,
        },
        once,
      )
      const task = wireTask(await book.view(outcome.task))
      if (outcome.accepted) {
        const conflictPolicy = outcome.assists ? { conflictPolicy: TaskClaimConflictBehavior.ASSIST } : {}
        return {
          accepted: true,
          task,
          ...holding(outcome.task, outcome.claim),
          claimLease: claimLease(outcome.claim),
          ...conflictPolicy,
        }
      }
      const silent = req.silentOnConflict || outcome.task.claimConflict === 'fail_silent'
      return {
        accepted: false,
        task,
        conflictReason: outcome.reason,
        conflictPolicy: silent ? TaskClaimConflictBehavior.FAIL_SILENT : wireConflict(outcome.task.claimConflict),
        ...holding(outcome.task, outcome.current),
      }
    },

    async renewTaskClaimLease(req, context) {
      const worker = claimant(core, callerOf(context), req.agentId, req.context?.actor)
      try {
        const renewed = await claims.renew(worker, req.taskId, req.leaseId, leaseOf(req.leaseTtlSeconds))
        return { accepted: true, task: wireTask(await book.view(renewed.task)), lease: claimLease(renewed.claim) }
      } catch (error) {
        if (!(error instanceof NekodeError) || error.code !== 'lease_lost') throw error
        return { accepted: false, rejectionReason: 'lease_lost', task: wireTask(await tasks.get(worker, req.taskId)) }
      }
    },
  }
}

const leaseOf = (ttl: number): number | undefined =>
  ttl === 0 ? undefined : Math.min(Math.max(ttl, TASK_LIMITS.leaseLeast), TASK_LIMITS.leaseMost)

/** Who has it. A lease is no secret: what it allows is its holder's alone. */
const holding = (task: TaskRow, claim: ClaimRow | undefined) => ({
  currentAssigneeId: task.assigneeId ?? '',
  currentLeaseId: claim?.leaseId ?? '',
  currentLeaseExpiresUnix: seconds(claim?.expiresAt ?? null),
})

/** Who claims: the agent that the request names, or the caller. */
function claimant(core: Core, caller: Caller, agentId: string, actor: Actor | undefined): Worker {
  if (caller.kind === 'computer') return workerOf(core, caller, actor, agentId)
  if (agentId && agentId !== caller.id)
    throw new NekodeError('forbidden', 'An agent claims for itself.', {
      code: 'foreign_agent',
      next: 'Use the agent’s own token, or assign the task to it.',
    })
  return authorOf(core, caller, actor)
}

/** Who acts: whom the context names; of a computer that names nobody, the agent that the request is about. */
export function workerOf(core: Core, caller: Caller, actor: Actor | undefined, agentId: string): Worker {
  if (caller.kind !== 'computer' || actor?.agentId) return authorOf(core, caller, actor)
  const agent = agentsOf(core, caller).find((a) => a.id === agentId)
  return agent ?? authorOf(core, caller, actor)
}

/** In whose name a caller reads a task: anybody's of theirs who may. */
export async function readerOf(core: Core, { book }: Tasks, caller: Caller, ref: string): Promise<Worker> {
  const all = participants(core, caller)
  const row = await book.peek(ref)
  const channel = row && core.directory.channel(row.channelId)
  const reader = all.find((p) => channel !== undefined && core.access.can(p, 'read', channel)) ?? all[0]
  if (reader) return reader
  throw new NekodeError('not_found', 'There is no such task, or no agent on this computer sees it.', {
    code: 'task_unknown',
  })
}

/** Who changes a task: of a computer that does not say, whichever of its agents has the task. */
export async function holderOf(
  core: Core,
  { book }: Tasks,
  caller: Caller,
  actor: Actor | undefined,
  ref: string,
): Promise<Worker> {
  if (caller.kind !== 'computer' || actor?.agentId) return authorOf(core, caller, actor)
  const row = await book.peek(ref)
  return workerOf(core, caller, actor, row?.assigneeId ?? '')
}
