import { and, desc, eq, inArray, isNotNull, lt, sql } from 'drizzle-orm'
import type { Database, Query, Tx } from '../db/database'
import type { RunRow, RunState } from './view'

export const ACTIVE: RunState[] = ['queued', 'starting', 'running', 'waiting_approval']

/** Attempts at the messages of one page. */
const MAX_ATTEMPTS_SHOWN = 1000

export interface RunFilter {
  channelIds?: string[] | undefined
  computerId?: string | undefined
  target?: string | undefined
  agentId?: string | undefined
  state?: RunState | undefined
  /** Only those that are not over. */
  active?: boolean | undefined
  before?: string | undefined
  limit: number
}

export class RunStore {
  constructor(private readonly db: Database) {}

  insert(tx: Tx, row: RunRow): Promise<void> {
    return tx.insert(this.db.t.runs, row)
  }

  async update(tx: Tx, id: string, set: Partial<RunRow>): Promise<void> {
    const { runs } = this.db.t
    await tx.q.update(runs).set(set).where(eq(runs.id, id))
  }

  async get(id: string, q: Query = this.db.q): Promise<RunRow | undefined> {
    const { runs } = this.db.t
    const [row] = await q.select().from(runs).where(eq(runs.id, id))
    return row
  }

  async named(ids: string[]): Promise<RunRow[]> {
    const { runs } = this.db.t
    if (!ids.length) return []
    return this.db.q.select().from(runs).where(inArray(runs.id, ids))
  }

  /** The latest attempts at messages, oldest first. A message can be tried again without end, and nobody reads all of them. */
  async ofMessages(messageIds: string[]): Promise<RunRow[]> {
    const { runs } = this.db.t
    if (!messageIds.length) return []
    const rows = await this.db.q
      .select()
      .from(runs)
      .where(inArray(runs.inputMessageId, messageIds))
      .orderBy(desc(runs.id))
      .limit(MAX_ATTEMPTS_SHOWN)
    return rows.toReversed()
  }

  async list(f: RunFilter): Promise<RunRow[]> {
    const { runs } = this.db.t
    if (f.channelIds && !f.channelIds.length) return []
    return (
      this.db.q
        .select()
        .from(runs)
        .where(
          and(
            f.channelIds ? inArray(runs.channelId, f.channelIds) : undefined,
            f.computerId === undefined ? undefined : eq(runs.computerId, f.computerId),
            f.target === undefined ? undefined : eq(runs.target, f.target),
            f.agentId === undefined ? undefined : eq(runs.agentId, f.agentId),
            f.state === undefined ? undefined : eq(runs.state, f.state),
            f.active ? inArray(runs.state, ACTIVE) : undefined,
            f.before === undefined ? undefined : lt(runs.id, f.before),
          ),
        )
        // As in `active`: those that are not over are few among all.
        .orderBy(f.state !== undefined && ACTIVE.includes(f.state) ? sql`coalesce(${runs.id}, '') desc` : desc(runs.id))
        .limit(f.limit)
    )
  }

  /** Runs that are not over, oldest first: of one computer, of one agent, or in one channel. */
  async active(
    of: { computerId?: string; agentId?: string; channelId?: string },
    q: Query = this.db.q,
    limit = 1000,
  ): Promise<RunRow[]> {
    const { runs } = this.db.t
    return (
      q
        .select()
        .from(runs)
        .where(
          and(
            inArray(runs.state, ACTIVE),
            of.computerId === undefined ? undefined : eq(runs.computerId, of.computerId),
            of.agentId === undefined ? undefined : eq(runs.agentId, of.agentId),
            of.channelId === undefined ? undefined : eq(runs.channelId, of.channelId),
          ),
        )
        // Not by the column itself: for the sake of that order SQLite would go through all runs there ever were.
        .orderBy(sql`coalesce(${runs.id}, '')`)
        .limit(limit)
    )
  }

  /** Runs that have a message to answer and have not been taken up. */
  async queuedFor(tx: Tx, messageId: string): Promise<RunRow[]> {
    const { runs } = this.db.t
    return tx.q
      .select()
      .from(runs)
      .where(and(eq(runs.inputMessageId, messageId), eq(runs.state, 'queued')))
  }

  async expired(now: number): Promise<RunRow[]> {
    const { runs } = this.db.t
    return this.db.q
      .select()
      .from(runs)
      .where(
        and(
          inArray(runs.state, ['starting', 'running', 'waiting_approval']),
          isNotNull(runs.leaseExpiresAt),
          lt(runs.leaseExpiresAt, now),
        ),
      )
      .limit(200)
  }
}
