import { z } from 'zod'
import { Actor, Id, PageQuery, Target, Time, page } from './common'
import { routes } from './route'

export const CoordinationKind = z.enum([
  'work_plan',
  'progress_update',
  'acceptance_evidence',
  'role_handoff',
  'deadline_negotiation',
  'scope_negotiation',
])
export type CoordinationKind = z.infer<typeof CoordinationKind>

const Line = z.string().trim().max(1000)
const Text = z.string().max(10_000)
/** An id that is not the server's: of a task, a plan's item, an artifact. */
const Ref = z.string().trim().max(128)
const refs = (most: number) => z.array(Ref.min(1)).max(most).default([])
const lines = (most: number) => z.array(Line.min(1)).max(most).default([])

export const WorkPlanStatus = z.enum(['draft', 'active', 'superseded', 'completed', 'canceled'])
export type WorkPlanStatus = z.infer<typeof WorkPlanStatus>

export const WorkPlanItem = z.object({
  itemId: Ref.min(1),
  summary: Line.min(1),
  status: z.enum(['pending', 'in_progress', 'completed', 'blocked', 'skipped']).default('pending'),
  /** Who does it; null for the plan's owner. */
  ownerId: Ref.nullable().default(null),
  taskId: Ref.default(''),
  /** Items that have to be completed first. */
  dependsOnItemIds: refs(50),
  /** Relative to the workspace: others see a collision coming. */
  filePaths: z.array(z.string().max(500)).max(100).default([]),
  acceptanceCriteria: lines(20),
})

export const WorkPlan = z.object({
  kind: z.literal('work_plan'),
  planId: Id,
  /** The agent that carries it out. */
  ownerAgentId: z.string(),
  status: WorkPlanStatus,
  summary: Line,
  items: z.array(WorkPlanItem).max(100),
  createdAt: Time,
  updatedAt: Time,
})

export const ProgressUpdate = z.object({
  kind: z.literal('progress_update'),
  updateId: Id,
  runId: z.string(),
  status: z.enum(['started', 'in_progress', 'blocked', 'verifying', 'completed']),
  /** One sentence. */
  summary: Line,
  /** Markdown. */
  detail: Text,
  completedItemIds: refs(100),
  blockedItemIds: refs(100),
})

export const VerificationResult = z.object({
  verificationId: Ref.default(''),
  kind: z.enum(['command', 'test', 'build', 'lint', 'smoke', 'review', 'manual']),
  command: z.string().max(2000).default(''),
  status: z.enum(['passed', 'failed', 'skipped', 'blocked']),
  summary: Line.default(''),
  /** The telling part of the output. */
  outputExcerpt: Text.default(''),
  artifactIds: refs(50),
  startedAt: Time.nullable().default(null),
  completedAt: Time.nullable().default(null),
})

export const AcceptanceEvidence = z.object({
  kind: z.literal('acceptance_evidence'),
  evidenceId: Id,
  runId: z.string(),
  summary: Line,
  verificationResults: z.array(VerificationResult).max(50),
  /** Full commit hashes. */
  commitIds: z.array(z.string().regex(/^[0-9a-f]{7,64}$/, 'a commit hash')).max(100),
  tagNames: refs(50),
  artifactIds: refs(100),
})

export const HandoffStatus = z.enum(['proposed', 'accepted', 'declined', 'canceled', 'completed'])
export type HandoffStatus = z.infer<typeof HandoffStatus>
export const HandoffRole = z.enum(['designer', 'implementer', 'reviewer', 'verifier', 'releaser', 'owner', 'custom'])
export const HandoffResponse = z.enum(['accepted', 'declined', 'completed', 'canceled'])
export type HandoffResponse = z.infer<typeof HandoffResponse>

export const RoleHandoff = z.object({
  kind: z.literal('role_handoff'),
  handoffId: Id,
  /** Who gives it away: an agent or a person. */
  from: Actor,
  toAgentId: Id,
  role: HandoffRole,
  /** What the receiver has to know, in Markdown. */
  contextSummary: Text,
  requiredArtifactIds: refs(100),
  contextTaskIds: refs(50),
  filePaths: z.array(z.string().max(500)).max(100),
  taskGraphId: z.string(),
  taskGraphVersion: z.number().int(),
  status: HandoffStatus,
  /** The last response's word to the other side. */
  note: Line,
  createdAt: Time,
  acceptedAt: Time.nullable(),
})

export const NegotiationStatus = z.enum(['proposed', 'accepted', 'rejected', 'superseded'])
export type NegotiationStatus = z.infer<typeof NegotiationStatus>

export const CounterProposal = z.object({
  counterProposalId: Id,
  proposedBy: Actor,
  reason: Line,
  /** Of a deadline. */
  proposedDeadlineAt: Time.nullable(),
  /** Of a scope: what stays in, and what is left for later. */
  includedScope: lines(100),
  deferredScope: lines(100),
  createdAt: Time,
})
export type CounterProposal = z.infer<typeof CounterProposal>

const negotiation = {
  negotiationId: Id,
  proposedBy: Actor,
  /** Who is asked: an agent or a person of the channel. Null: whoever answers first. */
  addresseeId: z.string().nullable(),
  reason: Line,
  status: NegotiationStatus,
  counterProposals: z.array(CounterProposal),
  /** The offer that was agreed on; null when it was the first. */
  acceptedCounterProposalId: z.string().nullable(),
  decidedBy: Actor.nullable(),
  decidedAt: Time.nullable(),
  /** Rejected when nobody has decided by then. */
  expiresAt: Time,
  /** Counter-proposals, after which a person has to decide. */
  maxRounds: z.number().int(),
}

export const DeadlineNegotiation = z.object({
  kind: z.literal('deadline_negotiation'),
  ...negotiation,
  /** When whoever asked for the work wants it. */
  requestedDeadlineAt: Time.nullable(),
  /** When whoever does it thinks that it can be done. */
  proposedDeadlineAt: Time.nullable(),
})
export const ScopeNegotiation = z.object({
  kind: z.literal('scope_negotiation'),
  ...negotiation,
  includedScope: lines(100),
  deferredScope: lines(100),
})

export const CoordinationPayload = z.discriminatedUnion('kind', [
  WorkPlan,
  ProgressUpdate,
  AcceptanceEvidence,
  RoleHandoff,
  DeadlineNegotiation,
  ScopeNegotiation,
])
export type CoordinationPayload = z.infer<typeof CoordinationPayload>

/** An entry in the shared account of a piece of work. It is written once; a new state is a new record about the same subject. */
export const CoordinationRecord = z.object({
  id: Id,
  target: Target,
  threadId: z.string().nullable(),
  /** Empty when it is about no task. */
  taskId: z.string(),
  kind: CoordinationKind,
  /** The plan, hand-off, negotiation … that it is about. */
  subjectId: Id,
  /** No newer record is about the same subject. */
  current: z.boolean(),
  actor: Actor,
  payload: CoordinationPayload,
  createdAt: Time,
})
export type CoordinationRecord = z.infer<typeof CoordinationRecord>

export const MAX_ROUNDS = 20
const offer = {
  expiresAt: Time.optional(),
  maxRounds: z.number().int().min(1).max(MAX_ROUNDS).optional(),
  addresseeId: Id.optional(),
}
const Reason = Line.default('')

/** What somebody publishes. Ids, times and the author are the server's; the id of a plan names the one that it continues. */
export const NewCoordination = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('work_plan'),
    planId: Id.optional(),
    ownerAgentId: Id.optional(),
    status: WorkPlanStatus.exclude(['superseded']).default('active'),
    summary: Line.default(''),
    items: z.array(WorkPlanItem).max(100),
  }),
  z.strictObject({
    kind: z.literal('progress_update'),
    runId: Ref.default(''),
    status: ProgressUpdate.shape.status,
    summary: Line.min(1),
    detail: Text.default(''),
    completedItemIds: refs(100),
    blockedItemIds: refs(100),
  }),
  z.strictObject({
    kind: z.literal('acceptance_evidence'),
    runId: Ref.default(''),
    summary: Line.min(1),
    verificationResults: AcceptanceEvidence.shape.verificationResults.default([]),
    commitIds: AcceptanceEvidence.shape.commitIds.default([]),
    tagNames: refs(50),
    artifactIds: refs(100),
  }),
  z.strictObject({
    kind: z.literal('role_handoff'),
    toAgentId: Id,
    role: HandoffRole,
    contextSummary: Text.default(''),
    requiredArtifactIds: refs(100),
    contextTaskIds: refs(50),
    filePaths: z.array(z.string().max(500)).max(100).default([]),
    taskGraphId: Ref.default(''),
    taskGraphVersion: z.number().int().min(0).default(0),
  }),
  z.strictObject({
    kind: z.literal('deadline_negotiation'),
    requestedDeadlineAt: Time.nullable().default(null),
    proposedDeadlineAt: Time,
    reason: Reason,
    ...offer,
  }),
  z.strictObject({
    kind: z.literal('scope_negotiation'),
    includedScope: lines(100),
    deferredScope: lines(100),
    reason: Reason,
    ...offer,
  }),
])
export type NewCoordination = z.infer<typeof NewCoordination>

export const NewCounterProposal = z.strictObject({
  reason: Reason,
  proposedDeadlineAt: Time.nullable().default(null),
  includedScope: lines(100),
  deferredScope: lines(100),
})
export type NewCounterProposal = z.infer<typeof NewCounterProposal>

const ById = z.object({ id: Id })

export const coordinationRoutes = routes({
  'GET /api/channels/{target}/coordination': {
    summary: 'Plans, progress, evidence, hand-offs and negotiations of a channel, newest first',
    tag: 'coordination',
    who: ['user', 'agent'],
    params: z.object({ target: Target }),
    query: PageQuery.extend({
      kind: CoordinationKind.optional(),
      taskId: Ref.min(1).optional(),
      subjectId: Id.optional(),
      actorId: Id.optional(),
      /** Only the latest record about each subject. */
      current: z.enum(['true', 'false']).optional(),
    }),
    response: page(CoordinationRecord),
  },
  'POST /api/channels/{target}/coordination': {
    summary: 'Publish a record; the receiver of a hand-off is told in the channel',
    tag: 'coordination',
    who: ['user', 'agent'],
    role: 'member',
    status: 201,
    params: z.object({ target: Target }),
    body: z.strictObject({ record: NewCoordination, threadId: Id.optional(), taskId: Ref.optional() }),
    response: CoordinationRecord,
    errors: ['illegal_transition', 'not_addressed_to_you', 'idempotency_conflict', 'channel_archived'],
  },
  'GET /api/coordination/{id}': {
    summary: 'One record, or the latest one about a subject',
    tag: 'coordination',
    who: ['user', 'agent'],
    params: ById,
    response: CoordinationRecord,
  },
  'POST /api/coordination/{id}/counter': {
    summary: 'Answer a negotiation with another offer',
    tag: 'coordination',
    who: ['user', 'agent'],
    role: 'member',
    status: 201,
    params: ById,
    body: NewCounterProposal,
    response: CoordinationRecord,
    errors: ['illegal_transition', 'not_addressed_to_you', 'rounds_used_up', 'idempotency_conflict'],
  },
  'POST /api/coordination/{id}/decision': {
    summary: 'Accept or reject the last offer of a negotiation',
    tag: 'coordination',
    who: ['user', 'agent'],
    role: 'member',
    params: ById,
    body: z.strictObject({
      accept: z.boolean(),
      /** The offer that the caller has seen as the last; null for the first one. With another one nothing happens. */
      counterProposalId: Id.nullable().optional(),
    }),
    response: CoordinationRecord,
    errors: ['illegal_transition', 'not_addressed_to_you', 'offer_changed'],
  },
  'POST /api/coordination/{id}/response': {
    summary: 'Accept, decline, complete or cancel a hand-off',
    tag: 'coordination',
    who: ['user', 'agent'],
    role: 'member',
    params: ById,
    body: z.strictObject({ response: HandoffResponse, note: Line.optional() }),
    response: CoordinationRecord,
    errors: ['illegal_transition', 'not_addressed_to_you'],
  },
})
