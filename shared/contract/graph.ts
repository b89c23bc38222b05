import { z } from 'zod'
import { Actor, Id, PageQuery, Target, Time, page } from './common'
import { routes } from './route'
import { TASK_LIMITS, Task, TaskDraft, TaskFields, TaskRef } from './tasks'

const At = z.object({ id: TaskRef })
const L = TASK_LIMITS
const requestId = z.string().min(1).max(128).optional()

/** `depends_on`: `from` cannot start before `to` is done. `blocks` is the same from the other side. `parent_child`: `to` is a part of `from`. */
export const TaskEdgeKind = z.enum(['depends_on', 'blocks', 'parent_child', 'duplicate_of'])
export type TaskEdgeKind = z.infer<typeof TaskEdgeKind>

export const TaskEdge = z.object({ from: z.string(), to: z.string(), kind: TaskEdgeKind })
export type TaskEdge = z.infer<typeof TaskEdge>

/** A task with everything below it, and how all of it depends on each other. */
export const TaskGraph = z.object({
  rootId: Id,
  /** Grows with every change of the graph. */
  version: z.number().int(),
  /** The root included. Empty when the caller has this version already. */
  nodes: z.array(Task),
  edges: z.array(TaskEdge),
})
export type TaskGraph = z.infer<typeof TaskGraph>

/** A name within one request. */
const Ref = z.string().min(1).max(64)
const NewEdge = z.strictObject({ from: Ref, to: Ref, kind: TaskEdgeKind })

export const NewGraph = z.strictObject({
  target: Target,
  root: z.strictObject({ ref: Ref.optional(), ...TaskDraft }),
  /** Parts of the root, or of each other. */
  subtasks: z
    .array(z.strictObject({ ref: Ref, parent: Ref.optional(), ...TaskDraft }))
    .max(L.batch)
    .optional(),
  /** Between refs of this request, or tasks of the same board that there are already. */
  edges: z.array(NewEdge).max(L.edges).optional(),
  requestId,
})
export type NewGraph = z.output<typeof NewGraph>

export const GraphPatch = z.strictObject({
  add: z.array(NewEdge).max(L.edges).optional(),
  remove: z.array(NewEdge).max(L.edges).optional(),
  /** Null: it stands at the top. */
  parentId: TaskRef.nullable().optional(),
  assigneeId: TaskFields.assigneeId.optional(),
  /** The graph's, as it was read. */
  version: z.number().int().positive().optional(),
})
export type GraphPatch = z.output<typeof GraphPatch>

export const TaskSplitPart = z.object({
  id: Id,
  clientId: z.string(),
  summary: z.string(),
  description: z.string(),
  assigneeId: z.string().nullable(),
  /** Parts that come first. */
  dependsOn: z.array(z.string()),
  requiredCapabilities: z.array(z.string()),
  assignedTarget: z.string(),
  dueAt: Time.nullable(),
})

/** Parts that somebody proposes to split a task into. Nothing changes until it is applied. */
export const TaskSplit = z.object({
  id: Id,
  taskId: Id,
  /** Of the task when it was proposed; it is stale once the task was changed. */
  taskVersion: z.number().int(),
  state: z.enum(['pending', 'applied', 'canceled', 'expired']),
  parts: z.array(TaskSplitPart),
  proposedBy: Actor,
  decidedBy: Actor.nullable(),
  expiresAt: Time,
  createdAt: Time,
})
export type TaskSplit = z.infer<typeof TaskSplit>

export const NewSplit = z.strictObject({
  parts: z
    .array(
      z.strictObject({
        clientId: Ref,
        summary: TaskFields.summary,
        description: TaskFields.description.optional(),
        assigneeId: TaskFields.assigneeId.optional(),
        dependsOn: z.array(Ref).max(L.batch).optional(),
        requiredCapabilities: TaskFields.requiredCapabilities.optional(),
        assignedTarget: TaskFields.assignedTarget.optional(),
        dueAt: TaskFields.dueAt.optional(),
      }),
    )
    .min(1)
    .max(L.batch),
  /** Default: a day. */
  ttlSeconds: z.number().int().min(10).max(2_592_000).optional(),
  requestId,
})
export type NewSplit = z.output<typeof NewSplit>

const OfSplit = At.extend({ splitId: Id })

export const graphRoutes = routes({
  'POST /api/tasks/graph': {
    summary: 'Make a task with its parts and what depends on what: all of it or nothing',
    tag: 'tasks',
    who: ['user', 'agent'],
    role: 'member',
    status: 201,
    body: NewGraph,
    bodyLimit: 8 << 20,
    response: TaskGraph,
    errors: ['cycle', 'other_channel', 'graph_too_large', 'idempotency_conflict', 'not_a_member'],
  },
  'GET /api/tasks/{id}/graph': {
    summary: 'The whole graph that a task is in; without nodes when `since` is still its version',
    tag: 'tasks',
    who: ['user', 'agent'],
    params: At,
    query: z.object({ since: z.coerce.number().int().nonnegative().optional() }),
    response: TaskGraph,
  },
  'PATCH /api/tasks/{id}/graph': {
    summary: 'Change a task’s place in its graph, all or nothing; a change that would close a circle is refused',
    tag: 'tasks',
    who: ['user', 'agent'],
    role: 'member',
    params: At,
    body: GraphPatch,
    response: TaskGraph,
    errors: ['cycle', 'stale', 'other_channel', 'not_holder', 'graph_too_large'],
  },
  'GET /api/tasks/{id}/splits': {
    summary: 'Proposals to split a task, newest first',
    tag: 'tasks',
    who: ['user', 'agent'],
    params: At,
    query: PageQuery,
    response: page(TaskSplit),
  },
  'POST /api/tasks/{id}/splits': {
    summary: 'Propose to split a task into parts',
    tag: 'tasks',
    who: ['user', 'agent'],
    role: 'member',
    status: 201,
    params: At,
    body: NewSplit,
    bodyLimit: 8 << 20,
    response: TaskSplit,
    errors: ['not_holder', 'cycle', 'idempotency_conflict'],
  },
  'POST /api/tasks/{id}/splits/{splitId}/apply': {
    summary: 'Turn the parts of a proposal into tasks, all of them or those named',
    tag: 'tasks',
    who: ['user', 'agent'],
    role: 'member',
    params: OfSplit,
    body: z.strictObject({ partIds: z.array(Id).min(1).max(L.batch).optional(), requestId }),
    response: z.object({ task: Task, created: z.array(Task), graphVersion: z.number().int() }),
    errors: ['stale', 'proposal_expired', 'proposal_over', 'part_needed'],
  },
  'DELETE /api/tasks/{id}/splits/{splitId}': {
    summary: 'Withdraw a proposal',
    tag: 'tasks',
    who: ['user', 'agent'],
    role: 'member',
    params: OfSplit,
    response: TaskSplit,
    errors: ['proposal_over'],
  },
})
