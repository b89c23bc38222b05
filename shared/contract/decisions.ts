import { z } from 'zod'
import { Actor, Id, PageQuery, Target, Time, page } from './common'
import { routes } from './route'

/** `withdrawn` by whoever proposed it, `rejected` by votes, by an admin of the channel or because nobody decided in time. */
export const DecisionStatus = z.enum(['proposed', 'ratified', 'rejected', 'withdrawn', 'retired'])
export type DecisionStatus = z.infer<typeof DecisionStatus>

export const DecisionVote = z.enum(['approve', 'reject', 'abstain'])
export type DecisionVote = z.infer<typeof DecisionVote>

export const MAX_DECISION_TITLE = 200
export const MAX_DECISION_BODY = 20_000
export const MAX_QUORUM = 100

/** Something that a channel has agreed on, or is to. Only a ratified one is in force. */
export const Decision = z.object({
  id: Id,
  target: Target,
  title: z.string(),
  /** Markdown. */
  body: z.string(),
  status: DecisionStatus,
  proposer: Actor,
  /** The message that shows it in its channel. */
  messageId: Id,
  /** The message that it was made of. */
  sourceMessageId: z.string().nullable(),
  /** How many have to approve. It is in force at once when so many do and nobody rejects. */
  quorum: z.number().int(),
  approveCount: z.number().int(),
  rejectCount: z.number().int(),
  abstainCount: z.number().int(),
  /** The decision that retires when this one comes into force. */
  supersedesDecisionId: z.string().nullable(),
  /** The decision that came into force instead of this one. */
  supersededByDecisionId: z.string().nullable(),
  /** Ratified by an admin of the channel without the votes. */
  forced: z.boolean(),
  /** Who rejected, withdrew or retired it; null when votes, a newer decision or time did. */
  closedBy: Actor.nullable(),
  closeReason: z.string(),
  /** Grows with each change, a vote included. */
  version: z.number().int(),
  createdAt: Time,
  updatedAt: Time,
  ratifiedAt: Time.nullable(),
  closedAt: Time.nullable(),
  /** A proposal that is open then is rejected. */
  expiresAt: Time.nullable(),
})
export type Decision = z.infer<typeof Decision>

/** What one member thinks of a proposal; a later vote replaces it. */
export const DecisionVoteRecord = z.object({
  decisionId: Id,
  voter: Actor,
  decision: DecisionVote,
  reason: z.string(),
  votedAt: Time,
})
export type DecisionVoteRecord = z.infer<typeof DecisionVoteRecord>

const Title = z.string().trim().min(1).max(MAX_DECISION_TITLE)
const Body = z.string().trim().min(1).max(MAX_DECISION_BODY)
const Reason = z.string().trim().max(2000)
/** The version that the caller has seen; with another one nothing happens and the answer is `version_conflict`. */
const ExpectedVersion = z.number().int().min(1).optional()

const terms = {
  /** Default: two, or one where only one may vote. */
  quorum: z.number().int().min(1).max(MAX_QUORUM).optional(),
  expiresAt: Time.optional(),
}
const NewDecision = z.strictObject({ title: Title, body: Body, ...terms })
const Close = z.strictObject({ reason: Reason.optional(), expectedVersion: ExpectedVersion })
const ById = z.object({ id: Id })

const STATUSES = DecisionStatus.options.join(', ')
const StatusList = z
  .string()
  .max(100)
  .transform((text) => text.split(',').map((part) => part.trim()))
  .pipe(z.array(DecisionStatus, `some of ${STATUSES}, with commas between them`).min(1).max(10))

const closed = ['illegal_transition', 'version_conflict', 'channel_archived']

export const decisionRoutes = routes({
  'GET /api/channels/{target}/decisions': {
    summary: 'Decisions of a channel, newest first',
    tag: 'decisions',
    who: ['user', 'agent'],
    params: z.object({ target: Target }),
    query: PageQuery.extend({ status: StatusList.optional() }),
    response: page(Decision),
  },
  'POST /api/channels/{target}/decisions': {
    summary: 'Propose a decision to a channel that the caller is a member of',
    tag: 'decisions',
    who: ['user', 'agent'],
    role: 'member',
    status: 201,
    params: z.object({ target: Target }),
    body: NewDecision.extend({ supersedesDecisionId: Id.optional() }),
    response: Decision,
    errors: ['not_a_member', 'not_in_force', 'idempotency_conflict', 'channel_archived'],
  },
  'POST /api/messages/{id}/decision': {
    summary: 'Propose what a message says as a decision',
    tag: 'decisions',
    who: ['user', 'agent'],
    role: 'member',
    status: 201,
    params: ById,
    body: z.strictObject({
      /** Default: the first line of the message. */
      title: Title.optional(),
      /** Default: the message. */
      body: Body.optional(),
      ...terms,
    }),
    response: Decision,
    errors: ['not_a_member', 'already_promoted', 'idempotency_conflict', 'channel_archived'],
  },
  'GET /api/decisions/{id}': {
    summary: 'One decision',
    tag: 'decisions',
    who: ['user', 'agent'],
    params: ById,
    response: Decision,
  },
  'GET /api/decisions/{id}/votes': {
    summary: 'Who voted how, oldest first',
    tag: 'decisions',
    who: ['user', 'agent'],
    params: ById,
    query: PageQuery,
    response: page(DecisionVoteRecord),
  },
  'GET /api/decisions/{id}/chain': {
    summary: 'A decision with what it superseded and what superseded it, oldest first',
    tag: 'decisions',
    who: ['user', 'agent'],
    params: ById,
    query: PageQuery,
    response: page(Decision),
  },
  'POST /api/decisions/{id}/vote': {
    summary: 'Vote on a proposal, or change one’s vote',
    tag: 'decisions',
    who: ['user', 'agent'],
    role: 'member',
    params: ById,
    body: z.strictObject({ decision: DecisionVote, reason: Reason.optional(), expectedVersion: ExpectedVersion }),
    response: z.object({ decision: Decision, vote: DecisionVoteRecord }),
    errors: ['not_a_member', ...closed],
  },
  'POST /api/decisions/{id}/ratify': {
    summary: 'Bring a proposal into force: with the votes that it takes, or by force as an admin of the channel',
    tag: 'decisions',
    who: ['user', 'agent'],
    role: 'member',
    params: ById,
    body: z.strictObject({ force: z.boolean().optional(), expectedVersion: ExpectedVersion }),
    response: Decision,
    errors: ['not_a_member', 'quorum_not_met', ...closed],
  },
  'POST /api/decisions/{id}/reject': {
    summary: 'Reject a proposal, as an admin of the channel',
    tag: 'decisions',
    who: ['user'],
    role: 'member',
    params: ById,
    body: Close,
    response: Decision,
    errors: closed,
  },
  'POST /api/decisions/{id}/withdraw': {
    summary: 'Withdraw one’s own proposal',
    tag: 'decisions',
    who: ['user', 'agent'],
    role: 'member',
    params: ById,
    body: Close,
    response: Decision,
    errors: closed,
  },
  'POST /api/decisions/{id}/retire': {
    summary: 'End a decision that is in force; a proposal is withdrawn',
    tag: 'decisions',
    who: ['user', 'agent'],
    role: 'member',
    params: ById,
    body: Close,
    response: Decision,
    errors: closed,
  },
  'POST /api/decisions/{id}/supersede': {
    summary: 'Propose a decision that retires this one when it comes into force',
    tag: 'decisions',
    who: ['user', 'agent'],
    role: 'member',
    status: 201,
    params: ById,
    body: NewDecision,
    response: Decision,
    errors: ['not_a_member', 'not_in_force', 'idempotency_conflict', 'channel_archived'],
  },
})

/** What the message says that shows a decision; shorter than any message may be. */
export const decisionText = (title: string, body: string): string => `**${title}**\n\n${body}`
