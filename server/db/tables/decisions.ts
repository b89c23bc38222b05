import type { Actor, DecisionStatus, DecisionVote } from '@shared/contract'
import type { Dialect } from '../dialect'

/** What channels agree on. */
export function decisionsTables(d: Dialect) {
  const decisions = d.table(
    'decisions',
    {
      id: d.id().primaryKey(),
      channelId: d.id().notNull(),
      /** The first decision of those that superseded each other. */
      chainId: d.id().notNull(),
      messageId: d.id().notNull(),
      sourceMessageId: d.id(),
      title: d.str(200).notNull(),
      body: d.text().notNull(),
      status: d.str(16).$type<DecisionStatus>().notNull(),
      proposer: d.json<Actor>().notNull(),
      quorum: d.int().notNull(),
      approveCount: d.int().notNull(),
      rejectCount: d.int().notNull(),
      abstainCount: d.int().notNull(),
      supersedesId: d.id(),
      supersededById: d.id(),
      forced: d.bool().notNull(),
      closedBy: d.json<Actor>(),
      closeReason: d.text().notNull(),
      version: d.int().notNull(),
      expiresAt: d.ms(),
      ratifiedAt: d.ms(),
      closedAt: d.ms(),
      createdAt: d.ms().notNull(),
      updatedAt: d.ms().notNull(),
    },
    (t) => [
      d.index('decisions_channel').on(t.channelId, t.id),
      d.index('decisions_status').on(t.channelId, t.status, t.id),
      d.index('decisions_chain').on(t.chainId, t.id),
      d.index('decisions_supersedes').on(t.supersedesId, t.status),
      d.index('decisions_source').on(t.sourceMessageId),
      d.index('decisions_expiry').on(t.status, t.expiresAt),
    ],
  )

  const decisionVotes = d.table(
    'decision_votes',
    {
      decisionId: d.id().notNull(),
      voterId: d.id().notNull(),
      voter: d.json<Actor>().notNull(),
      vote: d.str(16).$type<DecisionVote>().notNull(),
      reason: d.text().notNull(),
      votedAt: d.ms().notNull(),
    },
    (t) => [
      d.primaryKey({ columns: [t.decisionId, t.voterId] }),
      d.index('decision_votes_page').on(t.decisionId, t.votedAt, t.voterId),
    ],
  )

  return { decisions, decisionVotes }
}
