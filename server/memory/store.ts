import type { MemoryScope } from '@shared/contract'
import { type SQL, and, count, desc, eq, inArray, like, lt, ne, or, sql, sum } from 'drizzle-orm'
import type { Database, Query, Tx } from '../db/database'
import type { MemoryRow } from './view'

export interface MemoryFilter {
  agentId: string
  /** Whether the reader may see the agent's own notes too. */
  own: boolean
  /** The conversations whose notes the reader may see; undefined for all. */
  channelIds: readonly string[] | undefined
  scope?: MemoryScope | undefined
  path?: string | undefined
  /** In lower case. */
  text?: string | undefined
  before?: { updatedAt: number; id: string } | undefined
  limit: number
}

/** Without `LIKE`'s wildcards. */
const literal = (text: string): string => text.replace(/[\\%_]/g, (c) => `\\${c}`)

export class MemoryStore {
  constructor(private readonly db: Database) {}

  insert(tx: Tx, row: MemoryRow): Promise<void> {
    return tx.insert(this.db.t.memories, row)
  }

  async update(tx: Tx, id: string, set: Partial<MemoryRow>): Promise<void> {
    const { memories: t } = this.db.t
    await tx.q.update(t).set(set).where(eq(t.id, id))
  }

  async delete(tx: Tx, id: string): Promise<void> {
    const { memories: t } = this.db.t
    await tx.q.delete(t).where(eq(t.id, id))
  }

  async deleteOf(tx: Tx, agentId: string): Promise<void> {
    const { memories: t } = this.db.t
    await tx.q.delete(t).where(eq(t.agentId, agentId))
  }

  async get(id: string, q: Query = this.db.q): Promise<MemoryRow | undefined> {
    const { memories: t } = this.db.t
    const [row] = await q.select().from(t).where(eq(t.id, id))
    return row
  }

  async at(
    tx: Tx,
    agentId: string,
    scope: MemoryScope,
    channelId: string,
    path: string,
  ): Promise<MemoryRow | undefined> {
    const { memories: t } = this.db.t
    const [row] = await tx.q
      .select()
      .from(t)
      .where(and(eq(t.agentId, agentId), eq(t.scope, scope), eq(t.channelId, channelId), eq(t.path, path)))
    return row
  }

  /** How much an agent has, without one note. */
  async size(tx: Tx, agentId: string, without: string): Promise<{ notes: number; bytes: number }> {
    const { memories: t } = this.db.t
    const [row] = await tx.q
      .select({ notes: count(), bytes: sum(sql`case when ${t.localOnly} then 0 else ${t.sizeBytes} end`) })
      .from(t)
      .where(and(eq(t.agentId, agentId), ne(t.id, without)))
    return { notes: row?.notes ?? 0, bytes: Number(row?.bytes ?? 0) }
  }

  /** Latest change first. An agent's notes are bounded, so a search reads through them. */
  async list(f: MemoryFilter): Promise<MemoryRow[]> {
    const { memories: t } = this.db.t
    const seen: (SQL | undefined)[] = []
    if (f.own) seen.push(eq(t.channelId, ''))
    if (f.channelIds === undefined) seen.push(ne(t.channelId, ''))
    else if (f.channelIds.length) seen.push(inArray(t.channelId, [...f.channelIds]))
    if (!seen.length) return []
    const { before } = f
    return this.db.q
      .select()
      .from(t)
      .where(
        and(
          eq(t.agentId, f.agentId),
          or(...seen),
          f.scope === undefined ? undefined : eq(t.scope, f.scope),
          f.path === undefined ? undefined : eq(t.path, f.path),
          f.text === undefined ? undefined : this.#contains(f.text),
          before && or(lt(t.updatedAt, before.updatedAt), and(eq(t.updatedAt, before.updatedAt), lt(t.id, before.id))),
        ),
      )
      .orderBy(desc(t.updatedAt), desc(t.id))
      .limit(f.limit)
  }

  #contains(text: string): SQL | undefined {
    const { memories: t } = this.db.t
    const pattern = `%${literal(text)}%`
    // MySQL escapes by a backslash anyway, and would take one in the statement for the escape of the quote.
    const has = (column: SQL): SQL =>
      this.db.dialect === 'mysql' ? like(column, pattern) : sql`${column} like ${pattern} escape '\\'`
    return or(
      ...[t.path, t.title, t.content].map((column) => has(sql`lower(${column})`)),
      // Tags are JSON, in which a quote or a backslash of the text is escaped; what is asked for has none in practice.
      has(sql`lower(${t.tags})`),
    )
  }
}
