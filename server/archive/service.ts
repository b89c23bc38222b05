import type { ArchivePhase } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import { redactText } from '@shared/redact'
import type { ComputerPrincipal, Principal } from '../access/principal'
import type { Core } from '../core'
import type { Tx } from '../db/database'
import { fitting } from '../http/fitting'
import type { RunService } from '../runs/service'
import type { SearchService } from '../search/service'
import { type ArchiveHit, type ArchiveQuery, ArchiveSearch } from './searching'
import { ArchiveStore } from './store'
import type { ArchiveEventRow, ArchiveRow } from './view'

export interface ArchiveEvent {
  runId: string
  agentId: string
  phase: ArchivePhase
  /** Nanoseconds since 1970 in UTC; 0 for now. */
  atNs: bigint
  summary: string
  /** A JSON object, or empty. */
  payload: string
  exitCode: number
  error: string
}

/** More events than that of one run are left out; its steps have the whole story. */
const MAX_EVENTS = 20_000
/** And more bytes than that. */
const MAX_BYTES = 64 << 20
/** Archives of one computer that belong to no run of this server: those of older daemons' direct messages. */
const MAX_DIRECT = 10_000
/** Events of one answer, and their bytes: it has to fit into one message. */
const SHOWN = { events: 1000, bytes: 3 << 20 }
const PAGE = 100
const MS_IN_NS = 1_000_000n

/** What agents did, event by event, as their daemons saw it. */
export class ArchiveService {
  readonly #store: ArchiveStore
  readonly #search: ArchiveSearch

  constructor(
    private readonly core: Core,
    private readonly runs: RunService,
    search: SearchService,
  ) {
    this.#store = new ArchiveStore(core.db)
    this.#search = new ArchiveSearch(core, this.#store, search)
  }

  /**
   * Keeps an event of a run of the computer's own. Returns false for one that makes no sense: before its run's start, or of a run that
   * nobody knows.
   * @throws NekodeError `forbidden` for another computer's run or agent
   */
  async record(p: ComputerPrincipal, event: ArchiveEvent): Promise<boolean> {
    const agentId = await this.#agentOf(p, event)
    if (agentId === undefined) return false
    return this.core.db.tx(async (tx) => {
      const known = await this.#store.get(event.runId, tx.q)
      if (known && known.computerId !== p.id) throw foreign('run')
      if (!known && event.phase !== 'start') return false
      if (known && isFull(known) && event.phase !== 'end') return false
      if (!known && isDirect(event.runId) && (await this.#store.countDirect(tx, p.id)) >= MAX_DIRECT) return false
      const at = event.atNs > 0n ? event.atNs : BigInt(Date.now()) * MS_IN_NS
      const row = await this.#opened(tx, known, { ...event, agentId, computerId: p.id, atNs: at })
      const [summary, payload, error] = [event.summary, event.payload, event.error].map(redactText)
      const texts = { summary: summary ?? '', payload: payload ?? '', error: error ?? '' }
      const size = Buffer.byteLength(texts.summary + texts.payload + texts.error)
      const added: ArchiveEventRow = {
        runId: row.runId,
        position: row.eventCount,
        phase: event.phase,
        atNs: String(at),
        ...texts,
        exitCode: event.exitCode,
        size,
      }
      await this.#store.append(tx, added)
      await this.#search.add(tx, row, added)
      await this.#store.update(tx, { ...after(row, event, at), size: row.size + size, updatedAt: Date.now() })
      return true
    })
  }

  async #opened(
    tx: Tx,
    known: ArchiveRow | undefined,
    event: ArchiveEvent & { agentId: string; computerId: string },
  ): Promise<ArchiveRow> {
    if (known) return known
    const row: ArchiveRow = {
      runId: event.runId,
      agentId: event.agentId,
      computerId: event.computerId,
      channelId: await this.#store.channelOf(tx, event.runId),
      startedAt: Number(event.atNs / MS_IN_NS),
      endedAt: null,
      exitCode: 0,
      summary: '',
      error: '',
      eventCount: 0,
      size: 0,
      updatedAt: Date.now(),
    }
    await this.#store.insert(tx, row)
    return row
  }

  /** Whose run it is. Older daemons name a run of a direct message after the message, and its agent after the conversation. */
  async #agentOf(p: ComputerPrincipal, { runId, agentId }: ArchiveEvent): Promise<string | undefined> {
    const named = this.core.directory.agent(agentId.replace(/^dm:/, ''))
    if (named && named.computerId !== p.id) throw foreign('agent')
    if (isDirect(runId)) return named?.id
    const run = (await this.runs.ofComputer(p, [runId])).get(runId)
    if (run) return run.agentId
    if (await this.runs.exists(runId)) throw foreign('run')
    return undefined
  }

  /** Newest first. */
  async list(
    p: Principal,
    query: {
      agentId?: string | undefined
      computerId?: string | undefined
      limit: number
      cursor?: string | undefined
    },
  ): Promise<{ items: ArchiveRow[]; nextCursor?: string }> {
    const own = p.kind === 'computer' ? p.id : query.computerId
    const rows = await this.#store.list({
      agentId: query.agentId,
      computerId: own,
      channelIds: p.kind === 'computer' ? undefined : this.core.access.visibleChannels(p),
      before: position(query.cursor),
      limit: query.limit + 1,
    })
    const items = p.kind === 'computer' && query.computerId && query.computerId !== p.id ? [] : rows
    const page = items.slice(0, query.limit)
    const last = page.at(-1)
    return {
      items: page,
      ...(items.length > query.limit && last ? { nextCursor: `${last.startedAt}/${last.runId}` } : {}),
    }
  }

  /** An archive and, when asked for, the newest of its events that fit into one answer, in order of time. */
  async get(
    p: Principal,
    runId: string,
    withEvents: boolean,
  ): Promise<{ archive: ArchiveRow; events: ArchiveEventRow[] }> {
    const archive = await this.#store.get(runId)
    const seen = archive && (p.kind === 'computer' ? archive.computerId === p.id : await this.#canRead(p, runId))
    if (!archive || !seen)
      throw new NekodeError('not_found', 'There is no archive of such a run.', { code: 'run_unknown' })
    return { archive, events: withEvents ? await this.#newest(runId) : [] }
  }

  /** Events that have all the words, of archives that the caller may see. */
  search(p: Principal, query: ArchiveQuery): Promise<ArchiveHit[]> {
    return this.#search.find(p, query)
  }

  /** An archive's events in order, from the first on; a page has as many as fit. */
  async events(
    p: Principal,
    runId: string,
    query: { limit?: number | undefined; cursor?: string | undefined },
  ): Promise<{ items: ArchiveEventRow[]; nextCursor?: string }> {
    await this.get(p, runId, false)
    if (query.cursor !== undefined && !/^\d{1,9}$/.test(query.cursor))
      throw new NekodeError('invalid', 'This cursor is none of ours.', { code: 'invalid_request' })
    const from = Number(query.cursor ?? 0)
    const limit = query.limit ?? PAGE
    const places = await this.#store.sizes(runId, from, limit + 1)
    const page = fitting(places.slice(0, limit), ({ size }) => size, SHOWN.bytes)
    const next = places[page.length]
    const last = page.at(-1)
    return {
      items: last ? await this.#store.between(runId, from, last.position + 1) : [],
      ...(next ? { nextCursor: String(next.position) } : {}),
    }
  }

  async #newest(runId: string): Promise<ArchiveEventRow[]> {
    const places = await this.#store.places(runId, SHOWN.events)
    const last = fitting(places, ({ size }) => size, SHOWN.bytes).at(-1)
    return last ? this.#store.events(runId, last.position) : []
  }

  async #canRead(p: Principal, runId: string): Promise<boolean> {
    return (await this.runs.placesOf(p, [runId])).has(runId)
  }
}

const isDirect = (runId: string): boolean => /^direct-.+$/.test(runId)
const isFull = ({ eventCount, size }: ArchiveRow): boolean => eventCount >= MAX_EVENTS || size >= MAX_BYTES

/** A run that starts once more goes on in the same archive. */
function after(row: ArchiveRow, event: ArchiveEvent, atNs: bigint): ArchiveRow {
  const next = { ...row, eventCount: row.eventCount + 1 }
  if (event.phase === 'start') return { ...next, endedAt: null, exitCode: 0, error: '' }
  if (event.phase !== 'end') return next
  return {
    ...next,
    endedAt: Number(atNs / MS_IN_NS),
    exitCode: event.exitCode,
    summary: redactText(event.summary) || row.summary,
    error: redactText(event.error),
  }
}

function position(cursor: string | undefined): { startedAt: number; runId: string } | undefined {
  const match = /^(\d{1,15})\/(.+)$/.exec(cursor ?? '')
  return match?.[1] && match[2] ? { startedAt: Number(match[1]), runId: match[2] } : undefined
}

const foreign = (what: 'run' | 'agent'): NekodeError =>
  new NekodeError('forbidden', `This ${what} belongs to another computer.`, { code: `foreign_${what}` })
