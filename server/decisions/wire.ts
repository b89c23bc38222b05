import type { MessageInitShape } from '@bufbuild/protobuf'
import type { Decision, DecisionStatus, DecisionVote, DecisionVoteRecord } from '@shared/contract'
import { ActorKind } from '@shared/gen/nekode/daemon/v1/common_pb'
import {
  type ChannelDecisionSchema,
  type DecisionVoteRecordSchema,
  DecisionStatus as WireStatus,
  DecisionVote as WireVote,
} from '@shared/gen/nekode/daemon/v1/decisions_pb'
import { NekodeError } from '@shared/errors'
import { seconds } from '../rpc/wire'

/** The wire has no word for a proposal that was withdrawn: it “was proposed, and is no more”. */
const STATUS: Record<DecisionStatus, WireStatus> = {
  proposed: WireStatus.PROPOSED,
  ratified: WireStatus.RATIFIED,
  rejected: WireStatus.REJECTED,
  withdrawn: WireStatus.RETIRED,
  retired: WireStatus.RETIRED,
}
const OF_STATUS: Partial<Record<WireStatus, DecisionStatus[]>> = {
  [WireStatus.PROPOSED]: ['proposed'],
  [WireStatus.RATIFIED]: ['ratified'],
  [WireStatus.REJECTED]: ['rejected'],
  [WireStatus.RETIRED]: ['retired', 'withdrawn'],
}

const VOTE: Record<DecisionVote, WireVote> = {
  approve: WireVote.APPROVE,
  reject: WireVote.REJECT,
  abstain: WireVote.ABSTAIN,
}
const KIND = { human: ActorKind.HUMAN, agent: ActorKind.AGENT, daemon: ActorKind.DAEMON } as const

const kindOf = (kind: string): ActorKind =>
  kind === 'human' || kind === 'agent' || kind === 'daemon' ? KIND[kind] : ActorKind.SYSTEM

/** A filter's statuses; undefined for all. @throws NekodeError for one that the wire does not have */
export function statusesOf(filter: readonly WireStatus[]): DecisionStatus[] | undefined {
  if (!filter.length) return undefined
  return [
    ...new Set(
      filter.slice(0, 10).flatMap((status) => {
        const statuses = OF_STATUS[status]
        if (statuses) return statuses
        throw new NekodeError('invalid', `There is no decision status ${status}.`, { code: 'invalid_request' })
      }),
    ),
  ]
}

/** @throws NekodeError for a vote that the wire does not have */
export function voteOf(vote: WireVote): DecisionVote {
  switch (vote) {
    case WireVote.APPROVE:
      return 'approve'
    case WireVote.REJECT:
      return 'reject'
    case WireVote.ABSTAIN:
      return 'abstain'
    default:
      throw new NekodeError('invalid', 'A vote approves, rejects or abstains.', { code: 'invalid_request' })
  }
}

export const wireDecision = (d: Decision): MessageInitShape<typeof ChannelDecisionSchema> => {
  const retired = STATUS[d.status] === WireStatus.RETIRED
  return {
    decisionId: d.id,
    target: d.target,
    title: d.title,
    body: d.body,
    status: STATUS[d.status],
    proposerId: d.proposer.id,
    proposerKind: kindOf(d.proposer.kind),
    createdTimeUnix: seconds(d.createdAt),
    ratifiedTimeUnix: seconds(d.ratifiedAt),
    retiredTimeUnix: seconds(retired ? d.closedAt : null),
    retiredBy: retired ? (d.closedBy?.id ?? '') : '',
    retireReason: d.closeReason,
    supersedesDecisionId: d.supersedesDecisionId ?? '',
    approveCount: d.approveCount,
    rejectCount: d.rejectCount,
    abstainCount: d.abstainCount,
  }
}

export const wireVote = (v: DecisionVoteRecord): MessageInitShape<typeof DecisionVoteRecordSchema> => ({
  decisionId: v.decisionId,
  voterId: v.voter.id,
  voterKind: kindOf(v.voter.kind),
  decision: VOTE[v.decision],
  votedTimeUnix: seconds(v.votedAt),
  reason: v.reason,
})
