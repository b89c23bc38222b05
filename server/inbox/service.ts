import type { Approval, InboxItem, InboxKind, InboxState, Message, Task } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import { newId } from '@shared/ids'
import { z } from 'zod'
import type { UserPrincipal } from '../access/principal'
import type { ApprovalService } from '../approvals/service'
import type { Core } from '../core'
import type { Tx } from '../db/database'
import type { MessageService } from '../messages/service'
import { InboxBook } from './book'
import { DONE, type InboxRow, InboxStore, READ, UNREAD } from './store'
import { inboxView, stateNumber } from './view'

export interface InboxQuery {
  kind?: InboxKind | undefined
  target?: string | undefined
  unread?: boolean | undefined
  limit?: number | undefined
  cursor?: string | undefined
}

export interface InboxPage {
  items: InboxItem[]
  messages: Message[]
  approvals: Approval[]
  tasks: Task[]
  unreadCount: number
  nextCursor?: string
}

const PAGE = 50
/** Permissions that wait, of which no more are shown at once. */
const APPROVALS = 200
/** Rows that a request looks through, most of which may be of conversations that its reader has left. */
const SCANNED = 2000
/** What is unread is counted up to this. */
const COUNTED = 1000
/** Rows that are marked at once. */
const MARKED = 5000

/** Unread first, then the latest, then by id: what an inbox is sorted by. */
type Place = Pick<InboxRow, 'state' | 'at' | 'id'>
const Place = z.tuple([z.number().int(), z.number().int(), z.string().max(64)])

const isAfter = (row: Place, place: Place): boolean =>
  row.state !== place.state ? row.state < place.state : row.at !== place.at ? row.at < place.at : row.id < place.id

const inOrder = (a: Place, b: Place): number => (isAfter(a, b) ? 1 : -1)

/**
 * What waits for a person's look. Threads, mentions and tasks are rows; permissions are asked for when the inbox is read, so that one that
 * is decided is gone for everybody. What stands in a conversation that the reader has left is not shown.
 */
export class InboxService {
  readonly #store: InboxStore
  readonly #book: InboxBook

  constructor(
    private readonly core: Core,
    private readonly services: {
      approvals: ApprovalService
      messages: MessageService
      /** Tasks by id, as everybody sees them. */
      tasks(ids: string[]): Promise<Task[]>
      /** The id of a task that the caller may see. Throws `not_found`. */
      taskId(p: UserPrincipal, ref: string): Promise<string>
    },
  ) {
    this.#store = new InboxStore(core.db)
    this.#book = new InboxBook(core)
  }

  async list(p: UserPrincipal, query: InboxQuery): Promise<InboxPage> {
    const channelId = query.target === undefined ? undefined : this.core.access.channel(p, 'read', query.target).id
    const limit = query.limit ?? PAGE
    const after = query.cursor === undefined ? undefined : placeOf(query.cursor)
    const approvals = await this.#approvals(p)
    const isWanted = (row: InboxRow): boolean =>
      (query.kind === undefined || row.kind === query.kind) &&
      (channelId === undefined || row.channelId === channelId) &&
      this.#sees(p, row)
    const waiting = approvals.rows.filter(
      (row) => row.state !== DONE && (!query.unread || row.state === UNREAD) && (!after || isAfter(row, after)),
    )
    const states = query.unread ? [UNREAD] : [UNREAD, READ]
    const { rows, scannedTo } = await this.#rows(p, states, after, isWanted, limit + 1)
    const all = [...rows, ...waiting.filter(isWanted)].toSorted(inOrder)
    // A scan that was cut short knows nothing of what comes after it.
    const known = scannedTo ? all.filter((row) => !isAfter(row, scannedTo)) : all
    const page = known.slice(0, limit)
    const last = known.length > limit ? page.at(-1) : scannedTo
    return {
      items: page.map((row) => this.#view(row)),
      messages: await this.services.messages.shown([...new Set(page.flatMap(messagesOf))]),
      approvals: page.flatMap((row) => approvals.byId.get(row.subjectId) ?? []),
      tasks: await this.services.tasks(page.flatMap((row) => (row.kind === 'task' ? row.subjectId : []))),
      unreadCount: await this.#unreadCount(p, approvals.rows),
      ...(last ? { nextCursor: cursorOf(last) } : {}),
    }
  }

  async mark(p: UserPrincipal, id: string, state: InboxState): Promise<InboxItem> {
    const seen = id.startsWith('apr_') ? await this.#approvalRow(p, id) : await this.#store.get(id)
    if (!seen || seen.userId !== p.id || !this.#sees(p, seen)) throw gone()
    const row = await this.core.db.tx(async (tx) => {
      const stored = (await this.#store.of(p.id, seen.kind, [seen.subjectId], tx.q))[0]
      // A mention may have been taken back meanwhile; a permission has no row until it is marked.
      if (!stored && seen.kind !== 'approval') throw gone()
      if (!stored) await this.#store.insert(tx, [seen])
      const current = stored ?? seen
      return (await this.#book.change(tx, [current], stateNumber(state)))[0] ?? current
    })
    return this.#view(row)
  }

  /** Marks everything of a kind or a conversation. Permissions are not done until they are decided. */
  async markAll(
    p: UserPrincipal,
    { state, kind, target }: { state: 'read' | 'done'; kind?: InboxKind | undefined; target?: string | undefined },
  ): Promise<number> {
    const channelId = target === undefined ? undefined : this.core.access.channel(p, 'read', target).id
    const kinds = (['thread', 'mention', 'task'] as const).filter((one) => kind === undefined || one === kind)
    if (!kinds.length) return 0
    const number = stateNumber(state)
    return this.core.db.tx(async (tx) => {
      const ids = await this.#store.above(tx, { userId: p.id, state: number, kinds, channelId }, MARKED)
      await this.#store.update(tx, ids, { state: number, unread: 0 })
      if (ids.length) this.#book.tellAll(tx, p.id)
      return ids.length
    })
  }

  /** Marks a thread as read, with the mentions in it. Throws `not_found` for one that the caller cannot read. */
  async threadRead(p: UserPrincipal, threadId: string): Promise<void> {
    const { message } = await this.services.messages.get(p, threadId)
    const root = message.threadId ?? message.id
    await this.core.db.tx((tx) => this.#book.threadRead(tx, p.id, root))
  }

  /** Marks what there is of a task as read. Throws `not_found` for one that the caller cannot see. */
  async taskRead(p: UserPrincipal, ref: string): Promise<void> {
    const id = await this.services.taskId(p, ref)
    await this.core.db.tx((tx) => this.#book.taskRead(tx, p.id, id))
  }

  /** How much one reader has not read in each of these threads. */
  async unreadInThreads(userId: string, threadIds: readonly string[]): Promise<Map<string, number>> {
    return new Map((await this.#store.of(userId, 'thread', threadIds)).map((row) => [row.subjectId, row.unread]))
  }

  /** A channel was read up to a message, in the same transaction. */
  channelRead(tx: Tx, userId: string, channelId: string, upTo: string): Promise<void> {
    return this.#book.channelRead(tx, userId, channelId, upTo)
  }

  /** The next rows that are wanted, and where the scan gave up when it did. */
  async #rows(
    p: UserPrincipal,
    states: readonly number[],
    after: Place | undefined,
    isWanted: (row: InboxRow) => boolean,
    limit: number,
  ): Promise<{ rows: InboxRow[]; scannedTo?: Place }> {
    const rows: InboxRow[] = []
    let scanned = 0
    for (const state of states) {
      if (after && state > after.state) continue
      let place = after?.state === state ? after : undefined
      for (;;) {
        const batch = await this.#store.page(p.id, state, place, Math.max(limit, PAGE))
        rows.push(...batch.filter((row) => row.kind !== 'approval' && isWanted(row)))
        scanned += batch.length
        if (rows.length >= limit) return { rows }
        if (batch.length < Math.max(limit, PAGE)) break
        place = batch.at(-1)
        if (place && scanned >= SCANNED) return { rows, scannedTo: { ...place, state } }
      }
    }
    return { rows }
  }

  /** Permissions that the reader could decide, as rows. */
  async #approvals(p: UserPrincipal): Promise<{ rows: InboxRow[]; byId: Map<string, Approval> }> {
    const { items } = await this.services.approvals.list(p, { state: 'pending', limit: APPROVALS })
    const { directory, access } = this.core
    const theirs = items.flatMap((approval) => {
      const channel = directory.channelAt(approval.target)
      return channel && access.can(p, 'write', channel) ? [{ approval, channelId: channel.id }] : []
    })
    const ids = theirs.map(({ approval }) => approval.id)
    const marked = new Map((await this.#store.of(p.id, 'approval', ids)).map((row) => [row.subjectId, row]))
    const rows = theirs.map(({ approval, channelId }): InboxRow => {
      const state = marked.get(approval.id)?.state ?? UNREAD
      return approvalRow(p.id, approval, channelId, state)
    })
    return { rows, byId: new Map(theirs.map(({ approval }) => [approval.id, approval])) }
  }

  async #approvalRow(p: UserPrincipal, id: string): Promise<InboxRow | undefined> {
    const approval = await this.services.approvals.get(p, id)
    const channel = this.core.directory.channelAt(approval.target)
    if (approval.state !== 'pending' || !channel || !this.core.access.can(p, 'write', channel)) return undefined
    return { ...approvalRow(p.id, approval, channel.id, UNREAD), id: newId('inb') }
  }

  async #unreadCount(p: UserPrincipal, approvals: readonly InboxRow[]): Promise<number> {
    const rows = await this.#store.unread(p.id, COUNTED)
    const count = rows.filter((row) => row.kind !== 'approval' && this.#sees(p, row)).length
    return Math.min(COUNTED, count + approvals.filter((row) => row.state === UNREAD).length)
  }

  #sees(p: UserPrincipal, row: InboxRow): boolean {
    const channel = this.core.directory.channel(row.channelId)
    return channel !== undefined && this.core.access.can(p, 'read', channel)
  }

  #view(row: InboxRow): InboxItem {
    return inboxView(row, this.core.directory.channel(row.channelId)?.target ?? '')
  }
}

const approvalRow = (
  userId: string,
  { id, threadId, createdAt }: Approval,
  channelId: string,
  state: number,
): InboxRow => ({
  id,
  userId,
  kind: 'approval',
  reason: '',
  subjectId: id,
  channelId,
  threadId: threadId ?? '',
  messageId: '',
  state,
  unread: state === UNREAD ? 1 : 0,
  at: createdAt,
})

const messagesOf = ({ messageId, threadId }: InboxRow): string[] => [messageId, threadId].filter((id) => id !== '')

const gone = (): NekodeError => new NekodeError('not_found', 'There is no such item in your inbox.')

const cursorOf = ({ state, at, id }: Place): string =>
  Buffer.from(JSON.stringify([state, at, id])).toString('base64url')

function placeOf(cursor: string): Place {
  try {
    const [state, at, id] = Place.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()))
    return { state, at, id }
  } catch (cause) {
    throw new NekodeError('invalid', 'This cursor is not one of an inbox.', {
      code: 'invalid_cursor',
      next: 'Leave it out to start at the first page.',
      cause,
    })
  }
}
