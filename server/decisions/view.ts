import type { Decision, DecisionVoteRecord } from '@shared/contract'
import type { Row } from '../db/tables'

export type DecisionRow = Row<'decisions'>
export type VoteRow = Row<'decisionVotes'>

/** @param target of its channel, as it is called now */
export const decisionView = (r: DecisionRow, target: string): Decision => ({
  id: r.id,
  target,
  title: r.title,
  body: r.body,
  status: r.status,
  proposer: r.proposer,
  messageId: r.messageId,
  sourceMessageId: r.sourceMessageId,
  quorum: r.quorum,
  approveCount: r.approveCount,
  rejectCount: r.rejectCount,
  abstainCount: r.abstainCount,
  supersedesDecisionId: r.supersedesId,
  supersededByDecisionId: r.supersededById,
  forced: r.forced,
  closedBy: r.closedBy,
  closeReason: r.closeReason,
  version: r.version,
  createdAt: r.createdAt,
  updatedAt: r.updatedAt,
  ratifiedAt: r.ratifiedAt,
  closedAt: r.closedAt,
  expiresAt: r.expiresAt,
})

export const voteView = (r: VoteRow): DecisionVoteRecord => ({
  decisionId: r.decisionId,
  voter: r.voter,
  decision: r.vote,
  reason: r.reason,
  votedAt: r.votedAt,
})
