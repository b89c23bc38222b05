import type { Principal } from '../access/principal'
import type { Core } from '../core'
import type { Tx } from '../db/database'
import { type ApartIndex, ranked } from '../search/apart'
import type { SearchService } from '../search/service'
import type { ArchiveStore } from './store'
import type { ArchiveEventRow, ArchiveRow } from './view'

/** Events of one run that can be found: a run that never ends must not crowd out all others. */
const MAX_FOUND = 2000
/** Characters of one event that are looked at. */
const MAX_TEXT = 8000
/** What is nested deeper is not looked at: a tool may answer with anything, and must not end the report of a whole computer. */
const MAX_DEPTH = 100
/** Runs and events that are taken in at a time when the index is built anew. */
const BATCH = 200
const MS_IN_NS = 1_000_000n
/** A name in the index has 64 characters at most; ours are shorter, those of an older daemon’s direct messages as well. */
const MAX_RUN_ID = 56

export interface ArchiveQuery {
  q: string
  agentId?: string | undefined
  computerId?: string | undefined
  limit: number
}

export interface ArchiveHit {
  archive: ArchiveRow
  event: ArchiveEventRow
  /** The text around the first match, on one line. */
  highlight: string
}

/** Events of archives as something that can be found: by whoever may read the run's channel, and by the computer that sent them. */
export class ArchiveSearch {
  readonly #index: ApartIndex

  constructor(
    private readonly core: Core,
    private readonly store: ArchiveStore,
    search: SearchService,
  ) {
    this.#index = search.apart((index) => this.#build(index))
  }

  /** Takes in an event. */
  async add(tx: Tx, archive: ArchiveRow, event: ArchiveEventRow): Promise<void> {
    await this.#add(this.#index, tx, archive, event)
  }

  /** The best of the newest matches. @throws NekodeError `invalid_search` */
  async find(p: Principal, query: ArchiveQuery): Promise<ArchiveHit[]> {
    if (p.kind === 'computer' && query.computerId !== undefined && query.computerId !== p.id) return []
    const computerId = p.kind === 'computer' ? p.id : query.computerId
    const { refIds, clauses } = await this.#index.find({
      q: query.q,
      within: p.kind === 'computer' ? undefined : p,
      marks: [
        ...(computerId === undefined ? [] : [`on_${mark(computerId)}`]),
        ...(query.agentId === undefined ? [] : [`by_${mark(query.agentId)}`]),
      ],
      limit: query.limit,
    })
    const events = await this.store.at(refIds.map(placeOf))
    const archives = await this.store.named([...new Set(events.map(({ runId }) => runId))])
    const now = Date.now()
    const found = events.flatMap((event) => {
      const archive = archives.get(event.runId)
      const age = now - Number(BigInt(event.atNs) / MS_IN_NS)
      return archive ? [{ item: { archive, event }, text: textOf(event), age }] : []
    })
    return ranked(found, clauses, query.limit).map(({ item, highlight }) => ({ ...item, highlight }))
  }

  async #add(
    index: ApartIndex,
    tx: Tx,
    { agentId, computerId, channelId }: ArchiveRow,
    event: ArchiveEventRow,
  ): Promise<void> {
    const text = textOf(event)
    if (!text.trim() || event.position >= MAX_FOUND || event.runId.length > MAX_RUN_ID) return
    await index.add(tx, {
      refId: `${event.runId}:${event.position}`,
      channelId,
      text,
      marks: [`on_${mark(computerId)}`, `by_${mark(agentId)}`],
      // Its place in the index is its place in time: the computer's own clock may be any.
      createdAt: Date.now(),
    })
  }

  /** Takes in everything, the run that began first at first. */
  async #build(index: ApartIndex): Promise<void> {
    let after: { startedAt: number; runId: string } | undefined
    for (;;) {
      const archives = await this.store.oldest(after, BATCH)
      for (const archive of archives)
        for (let from = 0; from < Math.min(archive.eventCount, MAX_FOUND); from += BATCH) {
          const events = await this.store.between(archive.runId, from, from + BATCH)
          await this.core.db.tx(async (tx) => {
            for (const event of events) await this.#add(index, tx, archive, event)
          })
        }
      after = archives.at(-1)
      if (archives.length < BATCH) return
    }
  }
}

/** Marks are words: an id that a caller names is one of those or it is none. */
const mark = (id: string): string => id.replace(/[^0-9A-Za-z_]/g, '').slice(0, 64)

function placeOf(refId: string): { runId: string; position: number } {
  const colon = refId.lastIndexOf(':')
  return { runId: refId.slice(0, colon), position: Number(refId.slice(colon + 1)) }
}

/** What is looked at: what the event says of itself, and all names and texts in what it carries. */
function textOf({ summary, payload, error }: ArchiveEventRow): string {
  const parts = [summary, error]
  let left = MAX_TEXT
  const take = (value: unknown, depth = 0): void => {
    if (left <= 0 || depth > MAX_DEPTH) return
    if (typeof value === 'string' || typeof value === 'number') {
      const text = String(value).slice(0, left)
      left -= text.length
      parts.push(text)
    } else if (Array.isArray(value)) for (const item of value) take(item, depth + 1)
    else if (typeof value === 'object' && value !== null)
      for (const [name, item] of Object.entries(value)) {
        take(name)
        take(item, depth + 1)
      }
  }
  take(parsed(payload))
  return parts.filter(Boolean).join('\n')
}

function parsed(payload: string): unknown {
  if (!payload) return undefined
  try {
    return JSON.parse(payload)
  } catch {
    // Without what was taken out of it as a credential it may be no JSON any more; it is text all the same.
    return payload
  }
}
