import type { DecisionStatus, DecisionVote } from '@shared/contract'
import { and, asc, count, desc, eq, gt, inArray, lt, lte, or } from 'drizzle-orm'
import type { Database, Query, Tx } from '../db/database'
import type { DecisionRow, VoteRow } from './view'

export interface DecisionFilter {
  channelId: string
  statuses: readonly DecisionStatus[] | undefined
  before: string | undefined
  limit: number
}

export class DecisionStore {
  constructor(private readonly db: Database) {}

  insert(tx: Tx, row: DecisionRow): Promise<void> {
    return tx.insert(this.db.t.decisions, row)
  }

  async update(tx: Tx, id: string, set: Partial<DecisionRow>): Promise<void> {
    const { decisions } = this.db.t
    await tx.q.update(decisions).set(set).where(eq(decisions.id, id))
  }

  async get(id: string, q: Query = this.db.q): Promise<DecisionRow | undefined> {
    const { decisions } = this.db.t
    const [row] = await q.select().from(decisions).where(eq(decisions.id, id))
    return row
  }

  async list({ channelId, statuses, before, limit }: DecisionFilter): Promise<DecisionRow[]> {
    const { decisions } = this.db.t
    return this.db.q
      .select()
      .from(decisions)
      .where(
        and(
          eq(decisions.channelId, channelId),
          statuses === undefined ? undefined : inArray(decisions.status, [...statuses]),
          before === undefined ? undefined : lt(decisions.id, before),
        ),
      )
      .orderBy(desc(decisions.id))
      .limit(limit)
  }

  async chain(chainId: string, after: string | undefined, limit: number): Promise<DecisionRow[]> {
    const { decisions } = this.db.t
    return this.db.q
      .select()
      .from(decisions)
      .where(and(eq(decisions.chainId, chainId), after === undefined ? undefined : gt(decisions.id, after)))
      .orderBy(asc(decisions.id))
      .limit(limit)
  }

  /** Open proposals that are to replace a decision. */
  async rivals(tx: Tx, supersedesId: string): Promise<DecisionRow[]> {
    const { decisions } = this.db.t
    return tx.q
      .select()
      .from(decisions)
      .where(and(eq(decisions.supersedesId, supersedesId), eq(decisions.status, 'proposed')))
  }

  /** The decision that was made of a message and is open or in force. */
  async ofMessage(tx: Tx, messageId: string): Promise<DecisionRow | undefined> {
    const { decisions } = this.db.t
    const [row] = await tx.q
      .select()
      .from(decisions)
      .where(and(eq(decisions.sourceMessageId, messageId), inArray(decisions.status, ['proposed', 'ratified'])))
      .limit(1)
    return row
  }

  /** Ids of proposals whose time is over. */
  async expired(now: number, limit: number): Promise<string[]> {
    const { decisions } = this.db.t
    const rows = await this.db.q
      .select({ id: decisions.id })
      .from(decisions)
      .where(and(eq(decisions.status, 'proposed'), lte(decisions.expiresAt, now)))
      .limit(limit)
    return rows.map(({ id }) => id)
  }

  /** How many proposals are open in a channel. */
  async open(tx: Tx, channelId: string): Promise<number> {
    const { decisions } = this.db.t
    const [row] = await tx.q
      .select({ n: count() })
      .from(decisions)
      .where(and(eq(decisions.channelId, channelId), eq(decisions.status, 'proposed')))
    return row?.n ?? 0
  }

  async vote(tx: Tx, decisionId: string, voterId: string): Promise<VoteRow | undefined> {
    const { decisionVotes: t } = this.db.t
    const [row] = await tx.q
      .select()
      .from(t)
      .where(and(eq(t.decisionId, decisionId), eq(t.voterId, voterId)))
    return row
  }

  async putVote(tx: Tx, row: VoteRow, known: boolean): Promise<void> {
    const { decisionVotes: t } = this.db.t
    if (!known) return tx.insert(t, row)
    const { voter, vote, reason, votedAt } = row
    await tx.q
      .update(t)
      .set({ voter, vote, reason, votedAt })
      .where(and(eq(t.decisionId, row.decisionId), eq(t.voterId, row.voterId)))
  }

  async tally(tx: Tx, decisionId: string): Promise<Record<DecisionVote, number>> {
    const { decisionVotes: t } = this.db.t
    const rows = await tx.q
      .select({ vote: t.vote, n: count() })
      .from(t)
      .where(eq(t.decisionId, decisionId))
      .groupBy(t.vote)
    const of = (vote: DecisionVote): number => rows.find((row) => row.vote === vote)?.n ?? 0
    return { approve: of('approve'), reject: of('reject'), abstain: of('abstain') }
  }

  /** Oldest first. A voter is in the list once, so two votes of one moment are told apart by who cast them. */
  async votes(
    decisionId: string,
    after: { votedAt: number; voterId: string } | undefined,
    limit: number,
  ): Promise<VoteRow[]> {
    const { decisionVotes: t } = this.db.t
    return this.db.q
      .select()
      .from(t)
      .where(
        and(
          eq(t.decisionId, decisionId),
          after && or(gt(t.votedAt, after.votedAt), and(eq(t.votedAt, after.votedAt), gt(t.voterId, after.voterId))),
        ),
      )
      .orderBy(asc(t.votedAt), asc(t.voterId))
      .limit(limit)
  }
}
