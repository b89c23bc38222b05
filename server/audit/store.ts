import { and, asc, desc, eq, gt, gte, inArray, lt } from 'drizzle-orm'
import type { Database, Tx } from '../db/database'
import type { Row } from '../db/tables'

export interface AuditFilter {
  actor?: string | undefined
  /** Whole, or an area as `user.*`. */
  action?: string | undefined
  subject?: string | undefined
  since?: number | undefined
  until?: number | undefined
}

export class AuditStore {
  constructor(private readonly db: Database) {}

  insert(tx: Tx, row: Row<'audit'>): Promise<void> {
    return tx.insert(this.db.t.audit, row)
  }

  /** Rows before an id, newest first: ids sort by creation. */
  async before(filter: AuditFilter, id: string | undefined, limit: number): Promise<Row<'audit'>[]> {
    const { audit } = this.db.t
    const where = and(this.#matches(filter), id === undefined ? undefined : lt(audit.id, id))
    return this.db.q.select().from(audit).where(where).orderBy(desc(audit.id)).limit(limit)
  }

  /** Rows after an id, oldest first. */
  async after(filter: AuditFilter, id: string, limit: number): Promise<Row<'audit'>[]> {
    const { audit } = this.db.t
    const where = and(this.#matches(filter), gt(audit.id, id))
    return this.db.q.select().from(audit).where(where).orderBy(asc(audit.id)).limit(limit)
  }

  #matches({ actor, action, subject, since, until }: AuditFilter): ReturnType<typeof and> {
    const { audit } = this.db.t
    const area = action?.endsWith('.*') ? action.slice(0, -1) : undefined
    return and(
      actor === undefined ? undefined : eq(audit.actorId, actor),
      action === undefined || area !== undefined ? undefined : eq(audit.action, action),
      // `/` is what comes after `.`: a range that an index serves in each of the three databases.
      area === undefined ? undefined : and(gte(audit.action, area), lt(audit.action, `${area.slice(0, -1)}/`)),
      subject === undefined ? undefined : eq(audit.subject, subject),
      since === undefined ? undefined : gte(audit.id, idAt(since)),
      until === undefined ? undefined : lt(audit.id, idAt(until)),
    )
  }

  /** @returns how many of the oldest rows went, at most `limit` */
  async dropBefore(tx: Tx, time: number, limit: number): Promise<number> {
    const { audit } = this.db.t
    const old = await tx.q
      .select({ id: audit.id })
      .from(audit)
      .where(lt(audit.id, idAt(time)))
      .orderBy(asc(audit.id))
      .limit(limit)
    const ids = old.map((row) => row.id)
    if (ids.length) await tx.q.delete(audit).where(inArray(audit.id, ids))
    return ids.length
  }
}

/** What no id of that time or later sorts before: the first 12 digits of a UUIDv7 are its milliseconds. */
const idAt = (ms: number): string => `aud_${Math.min(ms, 0xffff_ffff_ffff).toString(16).padStart(12, '0')}`
