import { z } from 'zod'
import { Actor, ErrorBody, Flag, Id, PageQuery, Target, Time, page } from './common'
import { Message } from './messages'
import { routes } from './route'

export const TaskState = z.enum(['todo', 'in_progress', 'in_review', 'done', 'blocked', 'canceled'])
export type TaskState = z.infer<typeof TaskState>

/** Which state may follow each. Anything else is refused with `illegal_transition`, and the error says what is allowed. */
export const TASK_TRANSITIONS: Readonly<Record<TaskState, readonly TaskState[]>> = {
  todo: ['in_progress', 'blocked', 'canceled'],
  in_progress: ['todo', 'in_review', 'blocked', 'done', 'canceled'],
  in_review: ['in_progress', 'blocked', 'done', 'canceled'],
  blocked: ['todo', 'in_progress', 'canceled'],
  done: ['todo', 'in_progress'],
  canceled: ['todo'],
}

/** The columns of a board that has no others. */
export const TASK_COLUMNS: readonly TaskState[] = ['todo', 'in_progress', 'blocked', 'in_review', 'done', 'canceled']

export const TaskPriority = z.enum(['none', 'low', 'medium', 'high', 'urgent'])
export type TaskPriority = z.infer<typeof TaskPriority>

export const TaskClaimPolicy = z.enum(['exclusive', 'shared', 'reviewer_only', 'unclaimable'])
export type TaskClaimPolicy = z.infer<typeof TaskClaimPolicy>
/** What becomes of a claim that comes too late. */
export const TaskClaimConflict = z.enum(['fail_silent', 'fail_with_reason', 'queue', 'assist'])
export type TaskClaimConflict = z.infer<typeof TaskClaimConflict>
export const TaskClaimMode = z.enum(['owner', 'reviewer', 'assistant'])
export type TaskClaimMode = z.infer<typeof TaskClaimMode>
export const TaskSource = z.enum(['human', 'agent', 'server_rule', 'scheduler', 'import'])

/** Limits of what a caller supplies. */
export const TASK_LIMITS = {
  summary: 300,
  description: 40_000,
  reason: 2000,
  labels: 20,
  label: 50,
  reviewers: 10,
  capabilities: 20,
  capability: 64,
  column: 64,
  /** Tasks and edges of one request that makes a graph, and of a graph in all. */
  batch: 100,
  edges: 500,
  graph: 500,
  /** Seconds that a claim may be asked for, and when nothing is said. */
  leaseLeast: 10,
  leaseMost: 3600,
  lease: 300,
} as const

/** Someone who has a task in hand. A person's claim ends when they end it, an agent's when it is not renewed. */
export const TaskClaim = z.object({
  id: Id,
  holder: Actor,
  mode: TaskClaimMode,
  /** `queued`: takes effect when the present claim ends. */
  state: z.enum(['queued', 'held', 'completed', 'failed', 'released', 'expired', 'handed_over', 'canceled']),
  /** Counts the claims of the task, from 1. */
  attempt: z.number().int(),
  leaseId: z.string(),
  expiresAt: Time.nullable(),
  runId: z.string().nullable(),
  error: z.string(),
  claimedAt: Time,
  endedAt: Time.nullable(),
})
export type TaskClaim = z.infer<typeof TaskClaim>

export const Task = z.object({
  id: Id,
  /** Counts all tasks of the server; what people say: `#12`. */
  number: z.number().int(),
  /** The channel whose board it is on: whoever reads that sees the task. */
  target: Target,
  /** Its title, one line. */
  summary: z.string(),
  /** Markdown. */
  description: z.string(),
  state: TaskState,
  /** Of the board: its state, unless it was put elsewhere. */
  column: z.string(),
  priority: TaskPriority,
  labels: z.array(z.string()),
  dueAt: Time.nullable(),
  /** A person or an agent. */
  assigneeId: z.string().nullable(),
  reviewerIds: z.array(z.string()),
  createdBy: Actor,
  source: TaskSource,
  blockedReason: z.string(),
  parentId: z.string().nullable(),
  /** The top of its graph; its own id when it stands alone. */
  rootId: Id,
  /** Tasks that have to be done before this one can start. */
  dependsOn: z.array(z.string()),
  claimPolicy: TaskClaimPolicy,
  claimConflict: TaskClaimConflict,
  /** Claims that are held now: one, unless the policy is `shared` or somebody assists or reviews. */
  claims: z.array(TaskClaim),
  requiredCapabilities: z.array(z.string()),
  /** Another channel that is to do the work; empty for its own. */
  assignedTarget: z.string(),
  /** The first message of its thread, once somebody said something there. */
  threadId: z.string().nullable(),
  /** What the assigned agent owes an answer to. */
  deliveryId: z.string().nullable(),
  splitId: z.string().nullable(),
  releasedAt: Time.nullable(),
  /** Grows with every change. Sent back with one, it keeps it from undoing somebody else's. */
  version: z.number().int(),
  createdAt: Time,
  updatedAt: Time,
  /** When it was done or canceled. */
  closedAt: Time.nullable(),
})
export type Task = z.infer<typeof Task>

/** One change of a task: what it was and what it became, field by field. */
export const TaskChange = z.object({
  id: Id,
  taskId: Id,
  /** The version that it made; several changes may belong to one. */
  version: z.number().int(),
  action: z.enum([
    'created',
    'updated',
    'claimed',
    'claim_ended',
    'graph',
    'split',
    'reviewed',
    'evidence',
    'released',
  ]),
  actor: Actor,
  fields: z.array(z.object({ field: z.string(), from: z.unknown(), to: z.unknown() })),
  createdAt: Time,
})
export type TaskChange = z.infer<typeof TaskChange>

export const TaskBoard = z.object({
  columns: z.array(
    z.object({
      column: z.string(),
      /** All of the column's tasks, of which `items` may be the first part. */
      total: z.number().int(),
      items: z.array(Task),
      nextCursor: z.string().optional(),
    }),
  ),
})
export type TaskBoard = z.infer<typeof TaskBoard>

/** `tsk_…` or the number, with or without `#`. */
export const TaskRef = z.string().regex(/^(?:tsk_[0-9A-Za-z_-]{1,64}|#?[1-9]\d{0,11})$/, 'not a task')
const At = z.object({ id: TaskRef })

const L = TASK_LIMITS
const line = (max: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(max)
    .regex(/^[^\n\r]*$/, 'one line')
const someone = z.string().regex(/^(?:usr|agent)_[0-9A-Za-z_-]{1,64}$/, 'not the id of a person or an agent')
const unique = (list: string[]): string[] => [...new Set(list)]
const comma = (max: number) =>
  z
    .string()
    .max(1000)
    .transform((text) => unique(text.split(',').filter(Boolean)))
    .pipe(z.array(z.string().max(200)).min(1).max(max))

export const TaskFields = {
  summary: line(L.summary),
  description: z.string().max(L.description),
  priority: TaskPriority,
  labels: z.array(line(L.label)).max(L.labels).transform(unique),
  dueAt: Time.max(8_640_000_000_000_000).nullable(),
  /** Null or empty: nobody. */
  assigneeId: z.union([someone, z.literal('').transform(() => null), z.null()]),
  reviewerIds: z.array(someone).max(L.reviewers).transform(unique),
  blockedReason: z.string().max(L.reason),
  claimPolicy: TaskClaimPolicy,
  claimConflict: TaskClaimConflict,
  requiredCapabilities: z.array(line(L.capability)).max(L.capabilities).transform(unique),
  assignedTarget: z.string().max(200),
}
const version = z.number().int().positive()
const requestId = z.string().min(1).max(128).optional()

/** What a task may begin with wherever it is made. */
export const TaskDraft = {
  summary: TaskFields.summary,
  description: TaskFields.description.optional(),
  priority: TaskFields.priority.optional(),
  labels: TaskFields.labels.optional(),
  dueAt: TaskFields.dueAt.optional(),
  assigneeId: TaskFields.assigneeId.optional(),
  reviewerIds: TaskFields.reviewerIds.optional(),
  claimPolicy: TaskFields.claimPolicy.optional(),
  claimConflict: TaskFields.claimConflict.optional(),
  requiredCapabilities: TaskFields.requiredCapabilities.optional(),
  assignedTarget: TaskFields.assignedTarget.optional(),
}

/** What a list and a board are narrowed by. Every filter that is set has to match. */
const filters = {
  target: Target.optional(),
  /** One or several, with commas. */
  state: comma(6).pipe(z.array(TaskState)).optional(),
  /** One or several, with commas; `none` for what is nobody's. */
  assigneeId: comma(20)
    .pipe(z.array(z.union([someone, z.literal('none')])))
    .optional(),
  createdById: z.string().max(100).optional(),
  label: z.string().min(1).max(L.label).optional(),
  priority: comma(5).pipe(z.array(TaskPriority)).optional(),
  dueBefore: z.coerce.number().int().nonnegative().optional(),
  /** Words of the title, the description or the labels: the newest 300 tasks that have all of them. */
  q: z.string().trim().min(1).max(200).optional(),
}

/** Which tasks a list has. */
export const TaskQuery = PageQuery.extend({
  ...filters,
  /** Not done and not canceled. */
  open: Flag.optional(),
  column: z.string().min(1).max(L.column).optional(),
  parentId: TaskRef.optional(),
})
export type TaskQuery = z.output<typeof TaskQuery>

/** Which tasks a board has. */
export const BoardQuery = z.object({
  ...filters,
  column: z.string().min(1).max(L.column).optional(),
  /** Tasks a column. Default 50. */
  limit: z.coerce.number().int().min(1).max(200).optional(),
  /** Of the column that is named. */
  cursor: z.string().max(500).optional(),
})
export type BoardQuery = z.output<typeof BoardQuery>

/** What a task begins with. */
export const NewTask = z.strictObject({
  target: Target,
  ...TaskDraft,
  state: TaskState.optional(),
  blockedReason: TaskFields.blockedReason.optional(),
  /** Makes it a part of another one. */
  parentId: TaskRef.optional(),
  requestId,
})
export type NewTask = z.output<typeof NewTask>

/** What changes; the rest stays. */
export const TaskPatch = z.strictObject({
  summary: TaskFields.summary.optional(),
  description: TaskFields.description.optional(),
  state: TaskState.optional(),
  priority: TaskFields.priority.optional(),
  labels: TaskFields.labels.optional(),
  dueAt: TaskFields.dueAt.optional(),
  assigneeId: TaskFields.assigneeId.optional(),
  reviewerIds: TaskFields.reviewerIds.optional(),
  blockedReason: TaskFields.blockedReason.optional(),
  /** Where the board shows it; null or empty to follow the state. */
  column: z.string().trim().max(L.column).nullable().optional(),
  claimPolicy: TaskFields.claimPolicy.optional(),
  claimConflict: TaskFields.claimConflict.optional(),
  requiredCapabilities: TaskFields.requiredCapabilities.optional(),
  assignedTarget: TaskFields.assignedTarget.optional(),
  version: version.optional(),
})
export type TaskPatch = z.output<typeof TaskPatch>

/** What several tasks have in common from now on; of labels, what is added and taken away. */
export const BulkPatch = z.strictObject({
  state: TaskState.optional(),
  priority: TaskFields.priority.optional(),
  assigneeId: TaskFields.assigneeId.optional(),
  dueAt: TaskFields.dueAt.optional(),
  addLabels: TaskFields.labels.optional(),
  removeLabels: TaskFields.labels.optional(),
})
export type BulkPatch = z.output<typeof BulkPatch>

/** What became of one task of several: it is changed, or stays as it was for a reason of its own. */
export const BulkOutcome = z.object({
  id: z.string(),
  task: Task.optional(),
  error: ErrorBody.optional(),
})
export type BulkOutcome = z.infer<typeof BulkOutcome>

const CONFLICTS = ['illegal_transition', 'stale', 'dependencies_open', 'not_holder']

export const taskRoutes = routes({
  'GET /api/tasks': {
    summary: 'Tasks that the caller may see, most recently changed first',
    tag: 'tasks',
    who: ['user', 'agent'],
    query: TaskQuery,
    response: page(Task),
  },
  'GET /api/tasks/board': {
    summary: 'Tasks by column, newest first in each; a column’s cursor goes on with that column',
    tag: 'tasks',
    who: ['user', 'agent'],
    query: BoardQuery,
    response: TaskBoard,
  },
  'POST /api/tasks': {
    summary: 'Put a task on a channel’s board; an agent that it is assigned to gets a delivery',
    tag: 'tasks',
    who: ['user', 'agent'],
    role: 'member',
    status: 201,
    body: NewTask,
    response: Task,
    errors: ['idempotency_conflict', 'not_a_member', 'channel_archived'],
  },
  'POST /api/tasks/bulk': {
    summary: 'Change up to 100 tasks alike, each by itself: one that cannot be changed keeps none of the others back',
    tag: 'tasks',
    who: ['user', 'agent'],
    role: 'member',
    body: z.strictObject({
      ids: z
        .array(TaskRef)
        .min(1)
        .max(L.batch)
        .transform((ids) => unique(ids)),
      patch: BulkPatch,
    }),
    response: z.object({ outcomes: z.array(BulkOutcome) }),
  },
  'GET /api/tasks/{id}': {
    summary: 'One task, by id or number; its version is the ETag',
    tag: 'tasks',
    who: ['user', 'agent'],
    params: At,
    response: Task,
  },
  'PATCH /api/tasks/{id}': {
    summary: 'Change a task; with `version` or `If-Match` only if nobody else did in between',
    tag: 'tasks',
    who: ['user', 'agent'],
    role: 'member',
    params: At,
    body: TaskPatch,
    response: Task,
    errors: CONFLICTS,
  },
  'GET /api/tasks/{id}/comments': {
    summary: 'What was said about a task, oldest first',
    tag: 'tasks',
    who: ['user', 'agent'],
    params: At,
    query: PageQuery,
    response: page(Message),
  },
  'POST /api/tasks/{id}/comments': {
    summary: 'Say something about a task: a message in its thread',
    tag: 'tasks',
    who: ['user', 'agent'],
    role: 'member',
    status: 201,
    params: At,
    body: z.strictObject({ content: z.string().min(1).max(40_000), requestId }),
    response: Message,
    errors: ['idempotency_conflict'],
  },
  'GET /api/tasks/{id}/timeline': {
    summary: 'Every change of a task, oldest first',
    tag: 'tasks',
    who: ['user', 'agent'],
    params: At,
    query: PageQuery,
    response: page(TaskChange),
  },
  'GET /api/tasks/{id}/claims': {
    summary: 'Every claim of a task, newest first: its attempts',
    tag: 'tasks',
    who: ['user', 'agent'],
    params: At,
    query: PageQuery,
    response: page(TaskClaim),
  },
  'POST /api/tasks/{id}/claim': {
    summary: 'Take a task in hand; of several at the same moment one gets it',
    tag: 'tasks',
    who: ['user', 'agent'],
    role: 'member',
    params: At,
    body: z.strictObject({
      mode: TaskClaimMode.optional(),
      leaseSeconds: z.number().int().min(L.leaseLeast).max(L.leaseMost).optional(),
      /** Only while this is the assignee. */
      expectedAssigneeId: someone.optional(),
      /** Only while this is the claim: to go on with one's own after a restart. */
      expectedLeaseId: z.string().min(1).max(64).optional(),
      requestId,
    }),
    response: z.object({ task: Task, claim: TaskClaim }),
    errors: ['already_claimed', 'dependencies_open', 'missing_capability', 'not_claimable', 'claim_queued'],
  },
  'POST /api/tasks/{id}/claim/renew': {
    summary: 'Keep a claim',
    tag: 'tasks',
    who: ['user', 'agent'],
    role: 'member',
    params: At,
    body: z.strictObject({
      leaseId: z.string().min(1).max(64),
      leaseSeconds: z.number().int().min(L.leaseLeast).max(L.leaseMost).optional(),
    }),
    response: z.object({ task: Task, claim: TaskClaim }),
    errors: ['lease_lost'],
  },
  'POST /api/tasks/{id}/claim/release': {
    summary: 'Give a claim back: the task is open again',
    tag: 'tasks',
    who: ['user', 'agent'],
    role: 'member',
    params: At,
    body: z.strictObject({ leaseId: z.string().min(1).max(64), reason: z.string().max(L.reason).optional() }),
    response: Task,
    errors: ['lease_lost'],
  },
})
