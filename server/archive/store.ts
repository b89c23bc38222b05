import { and, asc, count, desc, eq, gt, gte, inArray, like, lt, or } from 'drizzle-orm'
import type { Database, Query, Tx } from '../db/database'
import type { ArchiveEventRow, ArchiveRow } from './view'

export interface ArchiveFilter {
  computerId?: string | undefined
  agentId?: string | undefined
  /** Archives of runs in these channels. */
  channelIds?: string[] | undefined
  /** Those that started before this one, or at the same time with a smaller id. */
  before?: { startedAt: number; runId: string } | undefined
  limit: number
}

export class ArchiveStore {
  constructor(private readonly db: Database) {}

  async get(runId: string, q: Query = this.db.q): Promise<ArchiveRow | undefined> {
    const { archives } = this.db.t
    const [row] = await q.select().from(archives).where(eq(archives.runId, runId))
    return row
  }

  insert(tx: Tx, row: ArchiveRow): Promise<void> {
    return tx.insert(this.db.t.archives, row)
  }

  async update(tx: Tx, row: ArchiveRow): Promise<void> {
    const { archives } = this.db.t
    const { runId, ...set } = row
    await tx.q.update(archives).set(set).where(eq(archives.runId, runId))
  }

  append(tx: Tx, row: ArchiveEventRow): Promise<void> {
    return tx.insert(this.db.t.archiveEvents, row)
  }

  /** Where the newest events are and how large, newest first. */
  async places(runId: string, limit: number): Promise<{ position: number; size: number }[]> {
    const { archiveEvents: t } = this.db.t
    return this.db.q
      .select({ position: t.position, size: t.size })
      .from(t)
      .where(eq(t.runId, runId))
      .orderBy(desc(t.position))
      .limit(limit)
  }

  /** Those from a position on, in order of time. */
  async events(runId: string, from: number): Promise<ArchiveEventRow[]> {
    const { archiveEvents: t } = this.db.t
    return this.db.q
      .select()
      .from(t)
      .where(and(eq(t.runId, runId), gte(t.position, from)))
      .orderBy(asc(t.position))
  }

  /** As many as there are of these events. */
  async at(places: readonly { runId: string; position: number }[]): Promise<ArchiveEventRow[]> {
    const { archiveEvents: t } = this.db.t
    if (!places.length) return []
    const ofRun = Map.groupBy(places, ({ runId }) => runId)
    const any = [...ofRun].map(([runId, some]) =>
      and(
        eq(t.runId, runId),
        inArray(
          t.position,
          some.map(({ position }) => position),
        ),
      ),
    )
    return this.db.q
      .select()
      .from(t)
      .where(or(...any))
  }

  async named(runIds: string[]): Promise<Map<string, ArchiveRow>> {
    const { archives } = this.db.t
    if (!runIds.length) return new Map()
    const rows = await this.db.q.select().from(archives).where(inArray(archives.runId, runIds))
    return new Map(rows.map((row) => [row.runId, row]))
  }

  /** Positions and sizes of a run's events from a position on. */
  async sizes(runId: string, from: number, limit: number): Promise<{ position: number; size: number }[]> {
    const { archiveEvents: t } = this.db.t
    return this.db.q
      .select({ position: t.position, size: t.size })
      .from(t)
      .where(and(eq(t.runId, runId), gte(t.position, from)))
      .orderBy(asc(t.position))
      .limit(limit)
  }

  /** Events of a run from a position on and before another one. */
  async between(runId: string, from: number, to: number): Promise<ArchiveEventRow[]> {
    const { archiveEvents: t } = this.db.t
    return this.db.q
      .select()
      .from(t)
      .where(and(eq(t.runId, runId), gte(t.position, from), lt(t.position, to)))
      .orderBy(asc(t.position))
  }

  /** In the order in which they began. */
  async oldest(after: { startedAt: number; runId: string } | undefined, limit: number): Promise<ArchiveRow[]> {
    const { archives: t } = this.db.t
    const later =
      after && or(gt(t.startedAt, after.startedAt), and(eq(t.startedAt, after.startedAt), gt(t.runId, after.runId)))
    return this.db.q.select().from(t).where(later).orderBy(asc(t.startedAt), asc(t.runId)).limit(limit)
  }

  /** Where a run is; empty for one that this server does not have. */
  async channelOf(tx: Tx, runId: string): Promise<string> {
    const { runs } = this.db.t
    const [run] = await tx.q.select({ channelId: runs.channelId }).from(runs).where(eq(runs.id, runId))
    return run?.channelId ?? ''
  }

  /** A computer's archives of direct messages. */
  async countDirect(tx: Tx, computerId: string): Promise<number> {
    const { archives } = this.db.t
    const [row] = await tx.q
      .select({ n: count() })
      .from(archives)
      .where(and(eq(archives.computerId, computerId), like(archives.runId, 'direct-%')))
    return Number(row?.n ?? 0)
  }

  /** Newest first. */
  async list({ computerId, agentId, channelIds, before, limit }: ArchiveFilter): Promise<ArchiveRow[]> {
    const { archives } = this.db.t
    if (channelIds?.length === 0) return []
    return this.db.q
      .select()
      .from(archives)
      .where(
        and(
          computerId === undefined ? undefined : eq(archives.computerId, computerId),
          agentId === undefined ? undefined : eq(archives.agentId, agentId),
          channelIds && inArray(archives.channelId, channelIds),
          before &&
            or(
              lt(archives.startedAt, before.startedAt),
              and(eq(archives.startedAt, before.startedAt), lt(archives.runId, before.runId)),
            ),
        ),
      )
      .orderBy(desc(archives.startedAt), desc(archives.runId))
      .limit(limit)
  }
}
