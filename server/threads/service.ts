import type { Thread } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import { type AgentPrincipal, type UserPrincipal, actorOf } from '../access/principal'
import type { Core } from '../core'
import type { InboxService } from '../inbox/service'
import type { MessageService } from '../messages/service'
import { ThreadBook } from './book'
import { type Follower, type ThreadRow, ThreadStore } from './store'

type Participant = UserPrincipal | AgentPrincipal

export interface ThreadQuery {
  target?: string | undefined
  followed?: boolean | undefined
  limit?: number | undefined
  cursor?: string | undefined
}

const PAGE = 50
/** Threads that a request looks through, most of which may be none of its caller's business. */
const SCANNED = 2000

/** Threads as a whole, and who follows them. */
export class ThreadService {
  readonly #store: ThreadStore
  readonly #book: ThreadBook

  constructor(
    private readonly core: Core,
    private readonly services: { messages: MessageService; inbox: InboxService },
  ) {
    this.#store = new ThreadStore(core.db)
    this.#book = new ThreadBook(core)
  }

  /** The most recently moved first. */
  list(p: Participant, query: ThreadQuery): Promise<{ items: Thread[]; nextCursor?: string }> {
    return this.listFor([p], query)
  }

  /** As `list`: what any of these may read, as the first of them sees it. */
  async listFor(
    readers: readonly Participant[],
    query: ThreadQuery,
  ): Promise<{ items: Thread[]; nextCursor?: string }> {
    const [p] = readers
    if (!p) return { items: [] }
    const { access, directory } = this.core
    const channelId = query.target === undefined ? undefined : access.channel(p, 'read', query.target).id
    const limit = query.limit ?? PAGE
    const sees = ({ channelId: id }: ThreadRow): boolean => {
      const channel = directory.channel(id)
      return (
        channel !== undefined &&
        (channelId !== undefined || channel.archivedAt === null) &&
        readers.some((reader) => access.can(reader, 'read', channel))
      )
    }
    const found: ThreadRow[] = []
    let before = placeOf(query.cursor)
    let more = true
    for (let scanned = 0; more && found.length <= limit && scanned < SCANNED;) {
      const of = { channelId, before, limit: limit + 1 }
      const rows = query.followed ? await this.#store.followedPage(whoOf(p), of) : await this.#store.page(of)
      found.push(...rows.filter(sees))
      scanned += rows.length
      before = rows.at(-1)?.lastMessageId
      more = rows.length > limit
    }
    const page = found.slice(0, limit)
    const next = found.length > limit ? page.at(-1)?.lastMessageId : more ? before : undefined
    return {
      items: await this.#views(
        p,
        page.map(({ id }) => id),
      ),
      ...(next === undefined ? {} : { nextCursor: next }),
    }
  }

  /** @param id of any message of the thread; one without replies is a thread that may come */
  async get(p: Participant, id: string): Promise<Thread> {
    const { root } = await this.#root(p, id)
    const [view] = await this.#views(p, [root])
    if (!view) throw new NekodeError('not_found', 'There is no such thread.')
    return view
  }

  follow(p: Participant, id: string): Promise<Thread> {
    return this.#say(p, id, 'on')
  }

  unfollow(p: Participant, id: string): Promise<Thread> {
    return this.#say(p, id, 'off')
  }

  async #say(p: Participant, id: string, state: 'on' | 'off'): Promise<Thread> {
    const { root, channelId, target } = await this.#root(p, id)
    const row = { threadId: root, ...whoOf(p), channelId, state }
    await this.core.db.tx((tx) => this.#book.follow(tx, row, actorOf(p), target))
    return this.get(p, root)
  }

  async #root(p: Participant, id: string): Promise<{ root: string; channelId: string; target: string }> {
    const { message } = await this.services.messages.get(p, id)
    const channel = this.core.access.channel(p, 'read', message.target)
    return { root: message.threadId ?? message.id, channelId: channel.id, target: channel.target }
  }

  async #views(p: Participant, ids: string[]): Promise<Thread[]> {
    const followed = await this.#store.followed(whoOf(p), ids)
    const unread = p.kind === 'user' ? await this.services.inbox.unreadInThreads(p.id, ids) : new Map<string, number>()
    const roots = new Map((await this.services.messages.shown(ids)).map((m) => [m.id, m]))
    return ids.flatMap((id) => {
      const root = roots.get(id)
      if (!root) return []
      const { target, replyCount, lastReplyAt } = root
      return [
        { id, target, root, replyCount, lastReplyAt, followed: followed.has(id), unreadCount: unread.get(id) ?? 0 },
      ]
    })
  }
}

const whoOf = (p: Participant): Follower => ({ kind: p.kind === 'user' ? 'human' : 'agent', memberId: p.id })

function placeOf(cursor: string | undefined): string | undefined {
  if (cursor === undefined || /^msg_[0-9a-f]{1,64}$/.test(cursor)) return cursor
  throw new NekodeError('invalid', 'This cursor is not one of a list of threads.', {
    code: 'invalid_cursor',
    next: 'Leave it out to start at the first page.',
  })
}
