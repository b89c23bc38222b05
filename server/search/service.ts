import type { Actor, SearchHit, SearchKind, SearchSort } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import type { Principal } from '../access/principal'
import type { Core } from '../core'
import type { Tx } from '../db/database'
import { ApartIndex } from './apart'
import { type DocRow, type Lookup, SearchEngine, type Terms } from './engine'
import { type Clause, type Has, type SearchQuery, parseQuery } from './query'
import { plainText } from './plain'
import { match, snippetOf } from './rank'
import { characters, tokenise } from './tokens'

/** Something that can be found. Who reads its channel may find it. */
export interface SearchDoc {
  kind: SearchKind
  refId: string
  channelId: string
  /** Empty at the top level. */
  threadId: string
  senderId: string
  text: string
  has: readonly Has[]
  /** What `kind:` asks for, such as a message's kind. */
  label: string
  createdAt: number
}

/** What is shown of something that was found. */
export interface Shown {
  title: string
  text: string
  sender: Actor | null
  /** The message that carries it. */
  messageId?: string | null
}

/** A feature whose things can be found. */
export interface SearchSource {
  readonly kind: SearchKind
  /** What there is of these now. What is gone is left out. */
  load(refIds: string[]): Promise<Map<string, Shown>>
  /** Everything after an id, in order of id and so of time, for building the index anew. */
  after(refId: string, limit: number): Promise<SearchDoc[]>
}

export interface SearchRequest {
  q: string
  target?: string | undefined
  /** In addition to what the text says. */
  senderId?: string | undefined
  kinds?: readonly SearchKind[] | undefined
  has?: readonly Has[] | undefined
  sort?: SearchSort | undefined
  limit?: number | undefined
  cursor?: string | undefined
}

/** A page of matches, and what was looked for. */
export interface Found {
  docs: Omit<DocRow, 'terms'>[]
  clauses: readonly Clause[]
  nextCursor?: string
}

const PAGE = 50
/** As many of the newest matches are put in order of fit. */
const RANKED = 300
/**
 * Few of the server's channels are marks in the index, which finds exactly what is in them. Most of them, or very many, are compared
 * match by match from the newest on, because nearly each match fits then and marks would cost more.
 */
const MARKED_CHANNELS = 256
const MOST = 0.75
const KINDS: readonly SearchKind[] = ['message', 'task', 'attachment']
/** The way that words are cut; another one needs the index built anew. */
const VERSION = '1'
const SETTING = 'search.version'
const BATCH = 200

/** The index over everything that people and agents write. A document enters it in the transaction that writes it. */
export class SearchService {
  readonly #engine: SearchEngine
  readonly #sources = new Map<SearchKind, SearchSource>()
  #buildApart = async (): Promise<void> => {}

  constructor(private readonly core: Core) {
    this.#engine = new SearchEngine(core.db)
  }

  addSource(source: SearchSource): void {
    this.#sources.set(source.kind, source)
  }

  /** What is in the same index and found by a search of its own only. `build` takes in all of it when the index is built anew. */
  apart(build: (index: ApartIndex) => Promise<void>): ApartIndex {
    const index = new ApartIndex(this.core, this.#engine)
    this.#buildApart = () => build(index)
    return index
  }

  /** Takes in something that was just made. */
  add(tx: Tx, doc: SearchDoc): Promise<void> {
    return this.#engine.add(tx, rowOf(doc), termsOf(doc))
  }

  /** Takes in what became of something, known or not. */
  put(tx: Tx, doc: SearchDoc): Promise<void> {
    return this.#engine.put(tx, rowOf(doc), termsOf(doc))
  }

  async remove(tx: Tx, kind: SearchKind, refId: string): Promise<void> {
    await this.#engine.remove(tx, kind, refId)
  }

  /**
   * Finds what the caller may see: who may read a channel is part of the query itself. Throws `invalid` with code `invalid_search`
   * for what cannot be looked for, `not_found` for a channel that the caller cannot see.
   */
  async find(p: Principal, request: SearchRequest): Promise<Found> {
    const query = parseQuery(request.q)
    const lookup = this.#lookup(p, query, request)
    const limit = request.limit ?? PAGE
    if (!lookup) return { docs: [], clauses: query.all }
    if (request.sort === 'relevance') return this.#ranked(query, lookup, limit, request.cursor)
    const docs = await this.#engine.find({ ...lookup, before: place(request.cursor), limit: limit + 1 })
    const last = docs[limit - 1]
    return {
      docs: docs.slice(0, limit),
      clauses: query.all,
      ...(docs.length > limit && last ? { nextCursor: String(last.id) } : {}),
    }
  }

  /** As `find`, as it is shown. */
  async search(p: Principal, request: SearchRequest): Promise<{ items: SearchHit[]; nextCursor?: string }> {
    const { docs, clauses, nextCursor } = await this.find(p, { sort: 'relevance', ...request })
    const shown = await this.#load(docs)
    const items = docs.flatMap((doc) => {
      const one = shown.get(doc.id)
      const target = this.core.directory.channel(doc.channelId)?.target
      const kind = KINDS.find((known) => known === doc.kind)
      return one && kind && target !== undefined ? [hitOf({ ...doc, kind }, target, one, clauses)] : []
    })
    return { items, ...(nextCursor === undefined ? {} : { nextCursor }) }
  }

  async #ranked(query: SearchQuery, lookup: Lookup, limit: number, cursor: string | undefined): Promise<Found> {
    const docs = await this.#engine.find({ ...lookup, before: null, limit: RANKED })
    const shown = await this.#load(docs)
    const now = Date.now()
    const scored = docs.map((doc) => {
      const one = shown.get(doc.id)
      return { doc, score: one ? match(`${one.title}\n${one.text}`, query.all, now - doc.createdAt).score : 0 }
    })
    scored.sort((a, b) => b.score - a.score || b.doc.id - a.doc.id)
    const from = place(cursor) ?? 0
    const page = scored.slice(from, from + limit).map(({ doc }) => doc)
    return {
      docs: page,
      clauses: query.all,
      ...(from + limit < scored.length ? { nextCursor: String(from + limit) } : {}),
    }
  }

  async #load(docs: readonly Omit<DocRow, 'terms'>[]): Promise<Map<number, Shown>> {
    const found = new Map<number, Shown>()
    for (const [kind, source] of this.#sources) {
      const ours = docs.filter((doc) => doc.kind === kind)
      if (!ours.length) continue
      const shown = await source.load(ours.map((doc) => doc.refId))
      for (const doc of ours) {
        const one = shown.get(doc.refId)
        if (one) found.set(doc.id, one)
      }
    }
    return found
  }

  /** @returns undefined when nothing can be found */
  #lookup(p: Principal, query: SearchQuery, request: SearchRequest): Lookup | undefined {
    const { access } = this.core
    const named = [...query.in, ...(request.target === undefined ? [] : [request.target])]
    const channelIds = named.length
      ? [...new Set(named.map((target) => access.channel(p, 'read', target).id))]
      : access.visibleChannels(p)
    const senders = query.from.map((name) => this.#sender(p, name))
    if (!channelIds.length) return undefined
    const isMarked =
      channelIds.length <= MARKED_CHANNELS && channelIds.length < this.core.directory.channels().length * MOST
    // An index finds nothing by what is not there alone.
    const kinds = request.kinds ?? (query.all.length ? undefined : KINDS)
    const marks: string[][] = [
      ...(isMarked ? [channelIds.map((id) => `in_${id}`)] : []),
      ...(senders.length ? [senders.map((id) => `from_${id}`)] : []),
      ...(request.senderId === undefined ? [] : [[`from_${request.senderId}`]]),
      ...(kinds ? [kinds.map((kind) => `is_${kind}`)] : []),
      ...[...query.has, ...(request.has ?? [])].map((has) => [`has_${has}`]),
      ...(query.kind.length ? [query.kind.map((kind) => `kind_${kind.replace(/[^a-z_]/g, '')}`)] : []),
    ]
    return {
      all: query.all,
      none: query.none,
      marks,
      channelIds: isMarked ? undefined : channelIds,
      createdBefore: query.before,
      createdAfter: query.after,
      before: null,
      limit: 0,
    }
  }

  #sender(p: Principal, name: string): string {
    if (name.toLowerCase() === 'me' && (p.kind === 'user' || p.kind === 'agent')) return p.id
    const known = this.core.directory.byHandle(name)
    if (known) return known.id
    throw new NekodeError('invalid', `There is nobody called @${name}.`, {
      code: 'invalid_search',
      next: 'Use the name that stands behind the @ in their messages, or from:me.',
    })
  }

  /** Builds the index anew when it was made by another way of cutting words, or is not there: after a restore. */
  async ensure(): Promise<void> {
    const { settings, db, log } = this.core
    if ((await settings.get(SETTING)) === VERSION) return
    await db.tx((tx) => this.#engine.clear(tx))
    const count = await this.#build()
    await this.#buildApart()
    await db.tx((tx) => settings.put(tx, SETTING, VERSION))
    if (count > 0) log.info('the search index was built', { documents: count })
  }

  /** Everything from all sources in order of time, because a document's number is its place in time. */
  async #build(): Promise<number> {
    const readers = [...this.#sources.values()].map((source) => new Reader(source))
    let count = 0
    for (;;) {
      const batch: SearchDoc[] = []
      while (batch.length < BATCH) {
        for (const reader of readers) await reader.fill()
        const next = readers.reduce<Reader | undefined>(
          (first, one) => ((one.head?.createdAt ?? Infinity) < (first?.head?.createdAt ?? Infinity) ? one : first),
          undefined,
        )
        const doc = next?.take()
        if (!doc) break
        batch.push(doc)
      }
      if (!batch.length) return count
      await this.core.db.tx(async (tx) => {
        for (const doc of batch) await this.add(tx, doc)
      })
      count += batch.length
    }
  }
}

/** Reads a source from its beginning to its end. */
class Reader {
  #waiting: SearchDoc[] = []
  #at = ''
  #ended = false

  constructor(private readonly source: SearchSource) {}

  get head(): SearchDoc | undefined {
    return this.#waiting[0]
  }

  async fill(): Promise<void> {
    if (this.#waiting.length || this.#ended) return
    this.#waiting = await this.source.after(this.#at, BATCH)
    this.#at = this.#waiting.at(-1)?.refId ?? this.#at
    this.#ended = this.#waiting.length < BATCH
  }

  take(): SearchDoc | undefined {
    return this.#waiting.shift()
  }
}

const rowOf = ({ kind, refId, channelId, threadId, senderId, createdAt }: SearchDoc) => ({
  kind,
  refId,
  channelId,
  threadId,
  senderId,
  createdAt,
})

function termsOf(doc: SearchDoc): Terms {
  const { kind, channelId, senderId, has, label, text } = doc
  return {
    words: [...tokenise(text).map((token) => token.text), ...characters(text)],
    marks: [
      `is_${kind}`,
      `in_${channelId}`,
      `from_${senderId}`,
      ...(label ? [`kind_${label}`] : []),
      ...has.map((one) => `has_${one}`),
    ],
  }
}

/** What people write is Markdown, and is shown as it reads; but where only its signs match, such as the address of a link, as it is. */
function readable(kind: SearchKind, text: string, clauses: readonly Clause[]): ReturnType<typeof snippetOf> {
  const plain = kind === 'attachment' ? text : plainText(text)
  const found = match(plain, clauses, 0).ranges
  if (found.length || plain === text) return snippetOf(plain, found)
  const { ranges } = match(text, clauses, 0)
  return ranges.length ? snippetOf(text, ranges) : snippetOf(plain, [])
}

function hitOf(
  doc: Omit<DocRow, 'terms' | 'kind'> & { kind: SearchKind },
  target: string,
  shown: Shown,
  clauses: readonly Clause[],
): SearchHit {
  const { kind, refId, threadId, createdAt } = doc
  const snippet = readable(kind, shown.text, clauses)
  return {
    kind,
    id: refId,
    target,
    threadId: threadId || null,
    messageId: kind === 'message' ? refId : (shown.messageId ?? null),
    sender: shown.sender,
    title: shown.title,
    snippet: snippet.text,
    highlights: snippet.ranges,
    createdAt,
  }
}

function place(cursor: string | undefined): number | null {
  if (cursor === undefined) return null
  if (/^\d{1,15}$/.test(cursor)) return Number(cursor)
  throw new NekodeError('invalid', 'This cursor is not one of a search.', {
    code: 'invalid_cursor',
    next: 'Leave it out to start at the first page.',
  })
}
