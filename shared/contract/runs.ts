import { z } from 'zod'
import { Actor, Flag, Handle, Id, Target, Time, page, PageQuery } from './common'
import { Failure } from './failures'
import { routes } from './route'
import { ToolKind } from './toolkinds'

export { ToolKind }

export const DeliveryState = z.enum(['pending', 'claimed', 'answered', 'declined', 'failed', 'expired'])
export type DeliveryState = z.infer<typeof DeliveryState>

/** Why a pending delivery has not started yet. */
export const Waiting = z.enum(['computer_offline', 'agent_busy', 'start_queue', 'agent_disabled'])

/** What an agent owes an answer to: one message, one agent. */
export const Delivery = z.object({
  id: Id,
  messageId: Id,
  agentId: Id,
  target: Target,
  threadId: z.string().nullable(),
  cause: z.enum(['mention', 'direct', 'subscription', 'retry', 'task', 'reminder', 'periodic', 'debate']),
  state: DeliveryState,
  waiting: Waiting.nullable(),
  failure: Failure.nullable(),
  /** The latest attempt. */
  runId: z.string().nullable(),
  answerMessageId: z.string().nullable(),
  createdAt: Time,
  updatedAt: Time,
})
export type Delivery = z.infer<typeof Delivery>

export const RunState = z.enum(['queued', 'starting', 'running', 'waiting_approval', 'completed', 'failed', 'canceled'])
export type RunState = z.infer<typeof RunState>

/** Tokens of one run. `input` leaves out what came from the provider's cache. */
export const Usage = z.object({
  input: z.number(),
  cacheRead: z.number(),
  cacheWrite: z.number(),
  output: z.number(),
  reasoning: z.number(),
})
export type Usage = z.infer<typeof Usage>

export const Run = z.object({
  id: Id,
  deliveryId: z.string().nullable(),
  agentId: Id,
  computerId: Id,
  target: Target,
  threadId: z.string().nullable(),
  inputMessageId: z.string().nullable(),
  resultMessageId: z.string().nullable(),
  /** The run whose turn took this run's message in, when the message arrived in the middle of that turn. */
  joinedRunId: z.string().nullable(),
  state: RunState,
  attempt: z.number().int(),
  maxAttempts: z.number().int(),
  failure: Failure.nullable(),
  summary: z.string(),
  usage: Usage.nullable(),
  costUsd: z.number().nullable(),
  createdAt: Time,
  startedAt: Time.nullable(),
  completedAt: Time.nullable(),
  updatedAt: Time,
})
export type Run = z.infer<typeof Run>

export const FileDiff = z.object({ path: z.string(), diff: z.string() })

/**
 * What one step of a run holds. A daemon sends it as JSON in `RunStep.detail`; `text` and `thought` travel in pieces:
 * `offset` is where the piece starts (UTF-16 code units), so a piece that is sent twice changes nothing.
 */
export const StepDetail = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text'), offset: z.number().int().nonnegative(), text: z.string() }),
  z.object({ type: z.literal('thought'), offset: z.number().int().nonnegative(), text: z.string() }),
  z.object({
    type: z.literal('tool'),
    name: z.string(),
    kind: ToolKind,
    title: z.string(),
    input: z.unknown().optional(),
    output: z.string().optional(),
    diff: z.array(FileDiff).optional(),
    outcome: z.enum(['completed', 'failed', 'denied', 'interrupted']).optional(),
  }),
  z.object({
    type: z.literal('plan'),
    entries: z.array(z.object({ text: z.string(), status: z.enum(['pending', 'in_progress', 'completed']) })),
  }),
  z.object({
    type: z.literal('approval'),
    requestId: z.string(),
    name: z.string(),
    kind: ToolKind,
    title: z.string(),
    input: z.unknown().optional(),
    canRemember: z.boolean(),
    /** Set when the request is over without a person's decision. */
    withdrawn: z.boolean().optional(),
  }),
  z.object({
    type: z.literal('usage'),
    usage: Usage,
    costUsd: z.number().optional(),
    context: z.object({ used: z.number(), size: z.number() }).optional(),
  }),
  /** A call of the model that an earlier answer of the computer's cache answered. Its tokens are saved, not used. */
  z.object({ type: z.literal('cache'), model: z.string(), usage: Usage, costUsd: z.number().optional() }),
  z.object({ type: z.literal('retry'), attempt: z.number().int(), message: z.string() }),
  z.object({ type: z.literal('notice'), level: z.enum(['info', 'warning', 'error']), text: z.string() }),
])
export type StepDetail = z.infer<typeof StepDetail>

export const StepStatus = z.enum(['running', 'completed', 'failed', 'skipped'])

export const RunStep = z.object({
  id: z.string(),
  runId: Id,
  sequence: z.number().int(),
  status: StepStatus,
  detail: StepDetail,
  startedAt: Time,
  completedAt: Time.nullable(),
  /** In events: long parts of the detail are shortened. `GET /api/runs/{id}/steps/{stepId}` has them whole. */
  clipped: z.boolean().optional(),
})
export type RunStep = z.infer<typeof RunStep>

export const ApprovalState = z.enum(['pending', 'allowed', 'denied', 'withdrawn'])
export const Approval = z.object({
  id: Id,
  runId: Id,
  agentId: Id,
  target: Target,
  threadId: z.string().nullable(),
  name: z.string(),
  kind: ToolKind,
  title: z.string(),
  input: z.unknown(),
  canRemember: z.boolean(),
  state: ApprovalState,
  decidedBy: Actor.nullable(),
  decidedAt: Time.nullable(),
  createdAt: Time,
})
export type Approval = z.infer<typeof Approval>

export const RunAction = z.enum(['interrupt', 'kill', 'restart', 'retry'])
export type RunAction = z.infer<typeof RunAction>

const ById = z.object({ id: Id })

/** The task that a run works on. */
export const RunTask = z.object({ id: Id, number: z.number().int(), summary: z.string() })
export type RunTask = z.infer<typeof RunTask>

export const runRoutes = routes({
  'GET /api/runs': {
    summary: 'Runs that the caller may see, newest first',
    tag: 'runs',
    who: ['user', 'agent'],
    query: PageQuery.extend({
      target: Target.optional(),
      agentId: Id.optional(),
      state: RunState.optional(),
      /** Only those that are not over. */
      active: Flag.optional(),
    }),
    response: page(Run),
  },
  'GET /api/runs/{id}': {
    summary: 'One run and the latest of its permission requests; its steps are pages of their own',
    tag: 'runs',
    who: ['user', 'agent'],
    params: ById,
    response: z.object({ run: Run, approvals: z.array(Approval), task: RunTask.nullable() }),
  },
  'GET /api/runs/{id}/steps': {
    summary: 'The steps of a run in their order, or with `order=desc` the newest first; a page has 2 MiB or one step',
    tag: 'runs',
    who: ['user', 'agent'],
    params: ById,
    query: PageQuery.extend({ order: z.enum(['asc', 'desc']).optional() }),
    response: page(RunStep).extend({
      /** The steps were removed, because they had been kept for as long as the server is set to keep them. */
      removed: z.boolean(),
    }),
  },
  'GET /api/runs/{id}/steps/{stepId}': {
    summary: 'One step of a run, whole',
    tag: 'runs',
    who: ['user', 'agent'],
    params: ById.extend({ stepId: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'not an id') }),
    response: RunStep,
  },
  'POST /api/runs/{id}/actions': {
    summary: 'Interrupt, kill, restart or retry a run',
    tag: 'runs',
    who: ['user'],
    role: 'member',
    status: 202,
    params: ById,
    body: z.strictObject({ action: RunAction }),
    response: Run,
    errors: ['illegal_transition'],
  },
  'GET /api/deliveries': {
    summary: 'Deliveries that the caller may see, newest first',
    tag: 'runs',
    who: ['user', 'agent', 'computer'],
    query: PageQuery.extend({
      messageId: Id.optional(),
      agentId: Id.optional(),
      /** The same by its handle. */
      agent: Handle.optional(),
      target: Target.optional(),
      state: DeliveryState.optional(),
      /** The same as `state`. */
      status: DeliveryState.optional(),
    }),
    response: page(Delivery),
  },
  'POST /api/deliveries/{id}/retry': {
    summary: 'Try a failed delivery again; also “continue” when a guard stopped it',
    tag: 'runs',
    who: ['user'],
    role: 'member',
    status: 202,
    params: ById,
    response: Delivery,
    errors: ['illegal_transition'],
  },
  'GET /api/approvals': {
    summary: 'Permission requests of agents',
    tag: 'runs',
    who: ['user'],
    query: PageQuery.extend({ state: ApprovalState.optional(), runId: Id.optional() }),
    response: page(Approval),
  },
  'GET /api/approvals/{id}': {
    summary: 'One permission request',
    tag: 'runs',
    who: ['user', 'agent'],
    params: ById,
    response: Approval,
  },
  'POST /api/approvals/{id}/decision': {
    summary: 'Allow or deny a permission request',
    tag: 'runs',
    who: ['user'],
    role: 'member',
    // What is allowed here is carried out on a computer.
    scope: 'admin',
    params: ById,
    body: z.strictObject({
      allow: z.boolean(),
      /** Allow the same kind of request for the rest of the agent's session. */
      remember: z.boolean().optional(),
      message: z.string().max(2000).optional(),
    }),
    response: Approval,
    errors: ['already_decided'],
  },
})
