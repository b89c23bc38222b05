import type { CoordinationKind } from '@shared/contract'
import { and, desc, eq, inArray, lt, lte } from 'drizzle-orm'
import type { Database, Query, Tx } from '../db/database'
import type { CoordinationRow } from './view'

export interface CoordinationFilter {
  channelIds: readonly string[]
  kind?: CoordinationKind | undefined
  taskId?: string | undefined
  subjectId?: string | undefined
  actorId?: string | undefined
  current?: boolean | undefined
  before?: string | undefined
  limit: number
}

export class CoordinationStore {
  constructor(private readonly db: Database) {}

  /** Adds a record; the one before it about the same subject is not the latest any more, and nothing waits for it. */
  async append(tx: Tx, row: CoordinationRow): Promise<void> {
    const { coordination: t } = this.db.t
    await tx.q
      .update(t)
      .set({ current: false, expiresAt: null })
      .where(and(eq(t.subjectId, row.subjectId), eq(t.current, true)))
    await tx.insert(t, row)
  }

  async get(id: string, q: Query = this.db.q): Promise<CoordinationRow | undefined> {
    const { coordination: t } = this.db.t
    const [row] = await q.select().from(t).where(eq(t.id, id))
    return row
  }

  async latest(subjectId: string, q: Query = this.db.q): Promise<CoordinationRow | undefined> {
    const { coordination: t } = this.db.t
    const [row] = await q.select().from(t).where(eq(t.subjectId, subjectId)).orderBy(desc(t.id)).limit(1)
    return row
  }

  /** The latest records of one kind about a task in a channel. */
  async ofTask(tx: Tx, channelId: string, taskId: string, kind: CoordinationKind): Promise<CoordinationRow[]> {
    const { coordination: t } = this.db.t
    return tx.q
      .select()
      .from(t)
      .where(and(eq(t.taskId, taskId), eq(t.channelId, channelId), eq(t.kind, kind), eq(t.current, true)))
      .orderBy(desc(t.id))
      .limit(100)
  }

  async list(f: CoordinationFilter): Promise<CoordinationRow[]> {
    const { coordination: t } = this.db.t
    if (!f.channelIds.length) return []
    return this.db.q
      .select()
      .from(t)
      .where(
        and(
          inArray(t.channelId, [...f.channelIds]),
          f.kind === undefined ? undefined : eq(t.kind, f.kind),
          f.taskId === undefined ? undefined : eq(t.taskId, f.taskId),
          f.subjectId === undefined ? undefined : eq(t.subjectId, f.subjectId),
          f.actorId === undefined ? undefined : eq(t.actorId, f.actorId),
          f.current === undefined ? undefined : eq(t.current, f.current),
          f.before === undefined ? undefined : lt(t.id, f.before),
        ),
      )
      .orderBy(desc(t.id))
      .limit(f.limit)
  }

  /** Subjects of open negotiations whose time is over. */
  async expired(now: number, limit: number): Promise<string[]> {
    const { coordination: t } = this.db.t
    const rows = await this.db.q.select({ id: t.subjectId }).from(t).where(lte(t.expiresAt, now)).limit(limit)
    return rows.map(({ id }) => id)
  }
}
