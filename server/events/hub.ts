import { NekodeError } from '@shared/errors'
import { PRESENCE, STREAM } from '@shared/limits'
import { and, asc, desc, eq, gt, inArray, lte, min } from 'drizzle-orm'
import type { Access } from '../access/access'
import type { Principal } from '../access/principal'
import type { Database, LogEvent } from '../db/database'

export interface Reader {
  /** Resolves with the next events for this reader, in order, at least one unless there are notes; rejects when the reader is closed. */
  next(): Promise<LogEvent[]>
  /** The notes that came since, as JSON: only where they were asked for. */
  takeNotes(): string[]
  /** Everything up to this sequence was handed over, or was not for this reader. */
  readonly position: number
  /** Called once with the reason when the reader is closed, at once when it is already. */
  whenClosed(then: (reason: unknown) => void): void
  close(reason?: unknown): void
}

export interface ReaderOptions {
  principal: Principal
  /** Where to start: events after this sequence. */
  after: number
  /** Only this target. */
  target?: string
  /** Besides events also what is in no log: who is here, who is writing. */
  notes?: boolean
  /** Ends the reader: the request is over, or the credential was revoked. */
  signal?: AbortSignal
}

/** Hands the log to its readers: live from memory, and from the table for whoever is behind. */
export class EventHub {
  #recent: LogEvent[] = []
  #recentBytes = 0
  #head = 0
  #floor = 0
  readonly #readers = new Set<LiveReader>()
  #onNoteReader: (userId: string, by: 1 | -1) => void = () => {}
  readonly #stopping = new AbortController()

  constructor(
    readonly db: Database,
    private readonly access: Access,
    readonly serverId: string,
  ) {
    db.onCommit((events) => this.publish(events))
  }

  async start(): Promise<void> {
    this.#head = await this.db.head()
    await this.findFloor()
  }

  /** Finds out how far back the log still reaches. */
  async findFloor(): Promise<void> {
    const { events } = this.db.t
    const [row] = await this.db.q.select({ first: min(events.sequence) }).from(events)
    this.#floor = row?.first == null ? this.#head : row.first - 1
  }

  get head(): number {
    return this.#head
  }

  get readers(): number {
    return this.#readers.size
  }

  /** `<server id>:<sequence>`. */
  cursor = (sequence = this.#head): string => `${this.serverId}:${sequence}`

  /** The sequence of a cursor. Throws `cursor_gone` when another server made it, or when this log does not reach it (any more). */
  parseCursor(cursor: string): number {
    const match = /^(?:(srv_[0-9a-f]+):)?(\d{1,15})$/.exec(cursor.trim())
    const sequence = Number(match?.[2] ?? Number.NaN)
    if (
      !match ||
      (match[1] !== undefined && match[1] !== this.serverId) ||
      sequence > this.#head ||
      sequence < this.#floor
    )
      throw new NekodeError('gone', 'This cursor does not belong to this server’s log.', {
        code: 'cursor_gone',
        next: 'Load GET /api/snapshot and follow from its cursor.',
      })
    return sequence
  }

  publish(events: LogEvent[]): void {
    const first = events[0]
    if (!first) return
    // Another replica appended in between: readers fill the gap from the table.
    if (this.#recent.length && first.sequence !== this.#head + 1) this.#remember([])
    for (const event of events) {
      if (event.kind === 'message' && event.operation === 'deleted') this.#erase(event)
      this.#recent.push(event)
      this.#recentBytes += event.payload.length
    }
    if (this.#recent.length > STREAM.recentEvents * 2 || this.#recentBytes > STREAM.recentBytes * 2)
      this.#remember(latest(this.#recent))
    this.#head = events.at(-1)?.sequence ?? this.#head
    for (const reader of this.#readers) reader.wake()
  }

  /** What is remembered of a deleted message says no more than the table does. */
  #erase({ aggregateId, payload }: LogEvent): void {
    this.#recent = this.#recent.map((e) =>
      e.kind === 'message' && e.aggregateId === aggregateId ? { ...e, payload } : e,
    )
  }

  /** Whether a person follows what happens just now, at this server. */
  isHere(userId: string): boolean {
    for (const { principal } of this.#readers) if (principal.kind === 'user' && principal.id === userId) return true
    return false
  }

  /** Another replica says that the log reaches `sequence`. */
  announce(sequence: number): void {
    if (sequence <= this.#head) return
    this.#remember([])
    this.#head = sequence
    for (const reader of this.#readers) reader.wake()
  }

  #remember(events: LogEvent[]): void {
    this.#recent = events
    this.#recentBytes = events.reduce((sum, event) => sum + event.payload.length, 0)
  }

  /** Calls `then` whenever a person's reader that takes notes is opened or closed. */
  onNoteReader(then: (userId: string, by: 1 | -1) => void): void {
    this.#onNoteReader = then
  }

  /** Pushes a note to those of its audience who take notes just now; it is kept nowhere. `audience` as in `NewEvent`. */
  whisper(audience: string, target: string | null, json: string): void {
    for (const reader of this.#readers)
      if (reader.takes(target) && this.access.sees(reader.principal, audience)) reader.note(json)
  }

  open(options: ReaderOptions): Reader {
    const { principal } = options
    const person = options.notes && principal.kind === 'user' ? principal.id : undefined
    const reader = new LiveReader(this, options, () => {
      if (this.#readers.delete(reader) && person) this.#onNoteReader(person, -1)
    })
    this.#readers.add(reader)
    if (person) this.#onNoteReader(person, 1)
    if (options.signal?.aborted) reader.close(options.signal.reason)
    if (this.stopping.aborted) reader.close(this.stopping.reason)
    return reader
  }

  /** Aborted when the server stops: for streams that read no events. */
  get stopping(): AbortSignal {
    return this.#stopping.signal
  }

  /** Ends every reader, and each that is opened from now on: the server stops. */
  close(): void {
    this.#stopping.abort(new NekodeError('unavailable', 'The server stops.'))
    for (const reader of this.#readers) reader.close(this.stopping.reason)
  }

  sees(p: Principal, event: LogEvent): boolean {
    return this.access.sees(p, event.audience)
  }

  /** Events after `sequence`, from memory when they are all there. At most a page; `complete` when it reaches the head. */
  async after(sequence: number): Promise<{ events: LogEvent[]; complete: boolean }> {
    const { pageEvents } = STREAM
    const oldest = this.#recent[0]
    if (oldest && oldest.sequence <= sequence + 1) {
      const events = this.#recent.slice(sequence + 1 - oldest.sequence, sequence + 1 - oldest.sequence + pageEvents)
      return { events, complete: (events.at(-1)?.sequence ?? sequence) >= this.#head }
    }
    const { q, t } = this.db
    const rows = await q
      .select()
      .from(t.events)
      .where(and(gt(t.events.sequence, sequence), lte(t.events.sequence, this.#head)))
      .orderBy(asc(t.events.sequence))
      .limit(pageEvents)
    const events = fitting(rows)
    return { events, complete: events.length < pageEvents && events.length === rows.length }
  }

  /** The last sequence among the events of one audience that these ids name; 0 when none is after `after`. */
  async lastOf(audience: string, ids: string[], after: number): Promise<number> {
    const { q, t } = this.db
    if (!ids.length) return 0
    const [row] = await q
      .select({ sequence: t.events.sequence })
      .from(t.events)
      .where(and(eq(t.events.audience, audience), gt(t.events.sequence, after), inArray(t.events.id, ids)))
      .orderBy(desc(t.events.sequence))
      .limit(1)
    return row?.sequence ?? 0
  }

  /** Past events of one audience, for readers such as a daemon that want nothing else. */
  async ofAudience(
    audience: string,
    after: number,
    limit: number,
    only: { kinds?: readonly string[]; id?: string } = {},
  ): Promise<LogEvent[]> {
    const { q, t } = this.db
    return q
      .select()
      .from(t.events)
      .where(
        and(
          eq(t.events.audience, audience),
          gt(t.events.sequence, after),
          only.kinds && inArray(t.events.kind, [...only.kinds]),
          only.id === undefined ? undefined : eq(t.events.aggregateId, only.id),
        ),
      )
      .orderBy(asc(t.events.sequence))
      .limit(limit)
  }
}

/** The last of these that are kept for readers that are nearly there. */
function latest(events: LogEvent[]): LogEvent[] {
  let bytes = 0
  let start = events.length
  while (start > Math.max(0, events.length - STREAM.recentEvents)) {
    bytes += events[start - 1]?.payload.length ?? 0
    if (bytes > STREAM.recentBytes) break
    start--
  }
  return events.slice(start)
}

/** The first of these that a slow reader may hold on to; the rest is read again when it has taken them. */
function fitting(events: LogEvent[]): LogEvent[] {
  let bytes = 0
  const end = events.findIndex((event) => (bytes += event.payload.length) > STREAM.pageBytes)
  return end < 0 ? events : events.slice(0, Math.max(1, end))
}

class LiveReader implements Reader {
  #position: number
  #waiting: { resolve: () => void } | undefined
  #notes: string[] = []
  #closed: { reason: unknown } | undefined
  readonly #whenClosed: ((reason: unknown) => void)[] = []
  readonly #onAbort = (): void => this.close(this.options.signal?.reason)

  constructor(
    private readonly hub: EventHub,
    private readonly options: ReaderOptions,
    private readonly forget: () => void,
  ) {
    this.#position = options.after
    options.signal?.addEventListener('abort', this.#onAbort)
  }

  get position(): number {
    return this.#position
  }

  get principal(): Principal {
    return this.options.principal
  }

  /** Whether it takes notes about a target, or about no target in particular. */
  takes(target: string | null): boolean {
    return this.options.notes === true && (this.options.target === undefined || this.options.target === target)
  }

  note(json: string): void {
    if (this.#closed) return
    this.#notes.push(json)
    if (this.#notes.length > PRESENCE.waiting) this.#notes.shift()
    this.wake()
  }

  takeNotes(): string[] {
    return this.#notes.splice(0)
  }

  wake(): void {
    this.#waiting?.resolve()
    this.#waiting = undefined
  }

  async next(): Promise<LogEvent[]> {
    for (;;) {
      if (this.#closed) throw this.#closed.reason
      const found = await this.#read()
      if (found.length || this.#notes.length) return found
      if (this.#closed) continue
      if (this.#position < this.hub.head) {
        // A log of which this reader may see nothing is long, and SQLite answers at once: let the others in between pages.
        await new Promise<void>((resolve) => setImmediate(resolve))
        continue
      }
      await new Promise<void>((resolve) => {
        this.#waiting = { resolve }
      })
    }
  }

  /** The next page of the log, less what is not for this reader. */
  async #read(): Promise<LogEvent[]> {
    if (this.#position >= this.hub.head) return []
    const { events, complete } = await this.hub.after(this.#position)
    // Rows of a gap can be invisible only by being deleted (retention): skip to the head then.
    this.#position = events.at(-1)?.sequence ?? (complete ? this.hub.head : this.#position)
    const { principal, target } = this.options
    return events.filter((e) => (target === undefined || e.target === target) && this.hub.sees(principal, e))
  }

  whenClosed(then: (reason: unknown) => void): void {
    if (this.#closed) then(this.#closed.reason)
    else this.#whenClosed.push(then)
  }

  close(reason: unknown = new NekodeError('unavailable', 'The stream was closed.')): void {
    if (this.#closed) return
    this.#closed = { reason }
    this.options.signal?.removeEventListener('abort', this.#onAbort)
    this.forget()
    this.wake()
    for (const then of this.#whenClosed.splice(0)) then(reason)
  }
}
