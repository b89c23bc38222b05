import { type SQL, and, desc, eq, gte, inArray, lt, max, sql } from 'drizzle-orm'
import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import type { Database, Tx } from '../db/database'
import type { Row } from '../db/tables'
import type { Clause } from './query'

export type DocRow = Row<'searchDocs'>
type Doc = Omit<DocRow, 'id' | 'terms'>

/** The words of a document: those of its text in order, and marks such as `in_<channel>`, which no text contains. */
export interface Terms {
  words: string[]
  marks: string[]
}

/** What is looked for: all of `all`, none of `none`, and one of each group of marks. */
export interface Lookup {
  all: readonly Clause[]
  none: readonly Clause[]
  marks: readonly (readonly string[])[]
  /** Only in these channels, when there are too many for marks. */
  channelIds?: readonly string[] | undefined
  createdBefore: number | null
  createdAfter: number | null
  /** Only documents before this one. */
  before: number | null
  limit: number
}

/** Nothing else is a mark of any document. */
const MARK = /^\w{1,100}$/
/** PostgreSQL counts a word's place no further. */
const MAX_POSITION = 16_383
/** Rows of one statement. */
const REMOVED = 200
/** Servers may differ in the order of documents by this much. */
const DISORDER_MS = 60_000

/** SQLite's full-text table. It keeps no text: only which document has which word where. */
const searchTerms = sqliteTable('search_terms', {
  rowid: integer('rowid').primaryKey(),
  terms: text('terms').notNull(),
})

/** Words in the full-text index of the database at hand, which all three have, each with a language of its own. */
export class SearchEngine {
  #last: number | undefined

  constructor(private readonly db: Database) {}

  /** Adds a document that is not there yet. */
  async add(tx: Tx, doc: Doc, terms: Terms): Promise<void> {
    const id = await this.#nextId(tx)
    if (this.db.dialect !== 'sqlite')
      return tx.insert(this.db.t.searchDocs, { id, ...doc, terms: this.#written(terms) })
    await tx.insert(this.db.t.searchDocs, { id, ...doc, terms: '' })
    await tx.insert(searchTerms, { rowid: id, terms: plain(terms) })
  }

  /** Adds a document, or takes in its new text. */
  async put(tx: Tx, doc: Doc, terms: Terms): Promise<void> {
    const { searchDocs } = this.db.t
    const id = await this.#idOf(tx, doc.kind, doc.refId)
    if (id === undefined) return this.add(tx, doc, terms)
    const written = this.db.dialect === 'sqlite' ? '' : this.#written(terms)
    await tx.q
      .update(searchDocs)
      .set({ ...doc, terms: written })
      .where(eq(searchDocs.id, id))
    if (this.db.dialect !== 'sqlite') return
    await tx.q.delete(searchTerms).where(eq(searchTerms.rowid, id))
    await tx.insert(searchTerms, { rowid: id, terms: plain(terms) })
  }

  /** Only one process writes to an SQLite file, so the last number need not be asked for again; a gap does not matter. */
  async #nextId(tx: Tx): Promise<number> {
    if (this.db.dialect !== 'sqlite') return (await this.#lastId(tx)) + 1
    this.#last ??= await this.#lastId(tx)
    return ++this.#last
  }

  async #lastId(tx: Tx): Promise<number> {
    const [last] = await tx.q.select({ id: max(this.db.t.searchDocs.id) }).from(this.db.t.searchDocs)
    return Number(last?.id ?? 0)
  }

  async remove(tx: Tx, kind: DocRow['kind'], refId: string): Promise<void> {
    const { searchDocs } = this.db.t
    const id = await this.#idOf(tx, kind, refId)
    if (id === undefined) return
    await tx.q.delete(searchDocs).where(eq(searchDocs.id, id))
    if (this.db.dialect === 'sqlite') await tx.q.delete(searchTerms).where(eq(searchTerms.rowid, id))
  }

  /** Removes all of a kind whose names are this and a number. */
  async removeAll(tx: Tx, kind: DocRow['kind'], prefix: string): Promise<void> {
    const { searchDocs: docs } = this.db.t
    const where = and(eq(docs.kind, kind), gte(docs.refId, prefix), lt(docs.refId, `${prefix}~`))
    for (;;) {
      const rows = await tx.q.select({ id: docs.id }).from(docs).where(where).limit(REMOVED)
      const ids = rows.map(({ id }) => id)
      if (!ids.length) return
      await tx.q.delete(docs).where(inArray(docs.id, ids))
      if (this.db.dialect === 'sqlite') await tx.q.delete(searchTerms).where(inArray(searchTerms.rowid, ids))
    }
  }

  /** Forgets everything. */
  async clear(tx: Tx): Promise<void> {
    this.#last = undefined
    await tx.q.delete(this.db.t.searchDocs)
    if (this.db.dialect === 'sqlite') await tx.q.delete(searchTerms)
  }

  /** The newest documents that fit, newest first. */
  async find(asked: Lookup): Promise<Omit<DocRow, 'terms'>[]> {
    const { searchDocs: docs } = this.db.t
    // What a caller named may be in a mark, and would otherwise be part of the index's own language.
    const lookup = { ...asked, marks: asked.marks.map((group) => group.filter((mark) => MARK.test(mark))) }
    if (lookup.marks.some((group) => group.length === 0)) return []
    const { id, kind, refId, channelId, threadId, senderId, createdAt } = docs
    const columns = { id, kind, refId, channelId, threadId, senderId, createdAt }
    const bound = await this.#bound(lookup)
    const fits = and(
      lookup.channelIds ? inArray(docs.channelId, [...lookup.channelIds]) : undefined,
      lookup.createdBefore === null ? undefined : lt(docs.createdAt, lookup.createdBefore),
      lookup.createdAfter === null ? undefined : gte(docs.createdAt, lookup.createdAfter),
      ...this.#between(bound),
    )
    const words = this.#words(lookup)
    if (this.db.dialect !== 'sqlite')
      return this.db.q.select(columns).from(docs).where(and(fits, words)).orderBy(desc(docs.id)).limit(lookup.limit)
    if (!words) return this.db.q.select(columns).from(docs).where(fits).orderBy(desc(docs.id)).limit(lookup.limit)
    return this.db.q
      .select(columns)
      .from(searchTerms)
      .innerJoin(docs, eq(docs.id, searchTerms.rowid))
      .where(and(words, fits))
      .orderBy(desc(searchTerms.rowid))
      .limit(lookup.limit)
  }

  #between({ from, to }: { from: number | null; to: number | null }): (SQL | undefined)[] {
    const id = this.db.dialect === 'sqlite' ? searchTerms.rowid : this.db.t.searchDocs.id
    return [to === null ? undefined : lt(id, to), from === null ? undefined : gte(id, from)]
  }

  /** Ids grow with time, so a time is a place in the index, which saves looking at all that is on its other side. */
  async #bound(lookup: Lookup): Promise<{ from: number | null; to: number | null }> {
    const { createdBefore, createdAfter, before } = lookup
    const until = createdBefore === null ? null : await this.#firstSince(createdBefore + DISORDER_MS)
    const from = createdAfter === null ? null : await this.#firstSince(createdAfter - DISORDER_MS)
    const to = before === null ? until : Math.min(before, until ?? before)
    return { from: createdAfter === null ? null : (from ?? Number.MAX_SAFE_INTEGER), to }
  }

  async #firstSince(time: number): Promise<number | null> {
    const { searchDocs: docs } = this.db.t
    const [row] = await this.db.q
      .select({ id: docs.id })
      .from(docs)
      .where(gte(docs.createdAt, time))
      .orderBy(docs.createdAt, docs.id)
      .limit(1)
    return row?.id ?? null
  }

  async #idOf(tx: Tx, kind: DocRow['kind'], refId: string): Promise<number | undefined> {
    const { searchDocs: docs } = this.db.t
    const where = and(eq(docs.kind, kind), eq(docs.refId, refId))
    const [row] = await tx.q.select({ id: docs.id }).from(docs).where(where)
    return row?.id
  }

  #words(lookup: Lookup): SQL | undefined {
    if (lookup.all.length + lookup.marks.length === 0) return undefined
    const { terms } = this.db.t.searchDocs
    switch (this.db.dialect) {
      case 'sqlite':
        return sql`${sql.identifier('search_terms')} match ${fts5(lookup)}`
      case 'postgres':
        return sql`${terms} @@ ${tsquery(lookup)}::tsquery`
      case 'mysql':
        return sql`match(${terms}) against(${boolean(lookup)} in boolean mode)`
    }
  }

  #written(terms: Terms): string {
    if (this.db.dialect === 'mysql') return [...terms.marks, ...terms.words].map(mysqlWord).join(' ')
    const places = new Map<string, number[]>()
    for (const [at, word] of terms.words.entries()) {
      const known = places.get(word) ?? []
      if (known.push(Math.min(at + 1, MAX_POSITION)) === 1) places.set(word, known)
    }
    const words = [...places].map(([word, at]) => `'${word}':${at.slice(0, 255).join(',')}`)
    return [...words, ...terms.marks.map((mark) => `'${mark}'`)].join(' ')
  }
}

const plain = ({ words, marks }: Terms): string => [...marks, ...words].join(' ')

// Words are letters, digits and marks only (see `tokenise`), and `find` lets no other marks through: nothing in them needs quoting in a quoted string.
function fts5({ all, none, marks }: Lookup): string {
  const one = ({ words, prefix }: Clause): string => `"${words.join(' ')}"${prefix ? '*' : ''}`
  const wanted = [...all.map(one), ...marks.map((group) => `(${group.map((mark) => `"${mark}"`).join(' OR ')})`)]
  return none.reduce((so, clause) => `(${so}) NOT ${one(clause)}`, wanted.join(' AND '))
}

function tsquery({ all, none, marks }: Lookup): string {
  const one = ({ words, prefix }: Clause): string =>
    `(${words.map((word) => `'${word}'`).join(' <-> ')}${prefix ? ':*' : ''})`
  return [
    ...all.map(one),
    ...marks.map((group) => `(${group.map((mark) => `'${mark}'`).join(' | ')})`),
    ...none.map((clause) => `!${one(clause)}`),
  ].join(' & ')
}

/** Its full-text index leaves out words of one or two letters and common English ones, which ours then are not any more. */
const mysqlWord = (word: string): string => `qz${word}`

function boolean({ all, none, marks }: Lookup): string {
  const one = ({ words, prefix }: Clause): string => {
    const [only = ''] = words
    return words.length > 1 ? `"${words.map(mysqlWord).join(' ')}"` : `${mysqlWord(only)}${prefix ? '*' : ''}`
  }
  return [
    ...all.map((clause) => `+${one(clause)}`),
    ...marks.map((group) => `+(${group.map(mysqlWord).join(' ')})`),
    ...none.map((clause) => `-${one(clause)}`),
  ].join(' ')
}
