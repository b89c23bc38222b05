import { MAX_TOPICS, type Topic } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import { type AgentPrincipal, type Principal, type UserPrincipal, actorOf } from '../access/principal'
import type { Core } from '../core'
import type { Tx } from '../db/database'
import type { Channel } from '../directory/directory'
import { type Once, always } from '../idempotency/service'
import type { Posted } from '../messages/parts'
import { type Listed, TopicStore } from './store'

const PAGE = 50

type Author = UserPrincipal | AgentPrincipal

/** Where a topic is written. */
export interface Conversation {
  postIn(
    tx: Tx,
    p: Author,
    channel: Channel,
    post: { content: string; kind: 'note'; threadId: string | null },
  ): Promise<Posted>
  get(p: Principal, id: string): Promise<{ message: { id: string; target: string; threadId: string | null } }>
}

/** Named threads of a channel. */
export class TopicService {
  readonly #store: TopicStore

  constructor(
    private readonly core: Core,
    private readonly messages: Conversation,
  ) {
    this.#store = new TopicStore(core.db)
  }

  async list(
    p: Principal,
    target: string,
    query: { closed?: boolean | undefined; limit?: number | undefined; cursor?: string | undefined },
  ): Promise<{ items: Topic[]; nextCursor?: string }> {
    const channel = this.core.access.channel(p, 'read', target)
    const limit = query.limit ?? PAGE
    const before = numberOf(query.cursor)
    const rows = await this.#store.list({ channelId: channel.id, closed: query.closed, before, limit: limit + 1 })
    const items = rows.slice(0, limit).map((row) => view(row, channel))
    const last = items.at(-1)
    return { items, ...(rows.length > limit && last ? { nextCursor: String(last.number) } : {}) }
  }

  async get(p: Principal, target: string, number: number): Promise<Topic> {
    const channel = this.core.access.channel(p, 'read', target)
    return view(await this.#known(channel, number), channel)
  }

  /** Begins a topic: with a message of the caller that bears its title, or as the name of a thread that is there. */
  async create(
    p: Author,
    target: string,
    input: { title: string; content?: string | undefined; threadId?: string | undefined },
    once: Once = always,
  ): Promise<Topic> {
    const channel = this.core.access.channel(p, 'write', target)
    const { title, content } = input
    const known = input.threadId === undefined ? undefined : await this.#thread(p, channel, input.threadId)
    if (known !== undefined && content)
      throw new NekodeError('invalid', 'A thread that is there has its first message already.', {
        code: 'invalid_request',
        next: 'Leave out “content”, or “threadId”.',
      })
    return this.core.db.tx((tx) =>
      once(tx, async () => {
        const number = (await this.#store.last(tx, channel.id)) + 1
        if (number > MAX_TOPICS)
          throw new NekodeError('precondition', `${channel.target} has ${MAX_TOPICS} topics.`, {
            code: 'too_many_topics',
            next: 'Go on in one of them, or in another channel.',
          })
        const threadId = known ?? (await this.#write(tx, p, channel, title, content))
        const now = Date.now()
        const topic = {
          threadId,
          channelId: channel.id,
          number,
          title,
          creatorId: p.id,
          createdBy: actorOf(p),
          createdAt: now,
          updatedAt: now,
          closedAt: null,
        }
        const named = await this.#store.ofThread(tx, threadId)
        if (named)
          throw new NekodeError('conflict', `This thread is topic ${named.number} already, “${named.title}”.`, {
            code: 'topic_exists',
          })
        await this.#store.insert(tx, topic)
        return this.#emit(tx, channel, number, 'created', p)
      }),
    )
  }

  async update(
    p: Author,
    target: string,
    number: number,
    set: { title?: string | undefined; closed?: boolean | undefined },
  ): Promise<Topic> {
    const channel = this.core.access.channel(p, 'write', target)
    return this.core.db.tx(async (tx) => {
      const row = await this.#store.get(channel.id, number, tx.q)
      if (!row) throw unknown(channel, number)
      const { topic } = row
      if (topic.creatorId !== p.id && !this.core.access.can(p, 'manage', channel))
        throw new NekodeError('forbidden', `This topic was begun by @${topic.createdBy.name}.`, {
          next: 'Ask them, or an admin of the channel.',
        })
      const now = Date.now()
      const closedAt = set.closed === undefined ? topic.closedAt : set.closed ? (topic.closedAt ?? now) : null
      await this.#store.update(tx, topic.threadId, { title: set.title ?? topic.title, closedAt, updatedAt: now })
      return this.#emit(tx, channel, number, 'updated', p)
    })
  }

  async #write(tx: Tx, p: Author, channel: Channel, title: string, content = ''): Promise<string> {
    const text = content ? `**${title}**\n\n${content}` : `**${title}**`
    const { message } = await this.messages.postIn(tx, p, channel, { content: text, kind: 'note', threadId: null })
    return message.id
  }

  /** The first message of the thread that a message is in. */
  async #thread(p: Author, channel: Channel, messageId: string): Promise<string> {
    const { message } = await this.messages.get(p, messageId)
    if (this.core.directory.channelAt(message.target)?.id !== channel.id)
      throw new NekodeError('not_found', `There is no such thread in ${channel.target}.`)
    return message.threadId ?? message.id
  }

  async #known(channel: Channel, number: number): Promise<Listed> {
    const row = await this.#store.get(channel.id, number)
    if (row) return row
    throw unknown(channel, number)
  }

  async #emit(tx: Tx, channel: Channel, number: number, operation: 'created' | 'updated', p: Author): Promise<Topic> {
    const row = await this.#store.get(channel.id, number, tx.q)
    if (!row) throw unknown(channel, number)
    const payload = view(row, channel)
    tx.emit({
      kind: 'topic',
      operation,
      aggregateId: payload.threadId,
      audience: `channel:${channel.id}`,
      target: channel.target,
      actor: actorOf(p),
      payload,
    })
    return payload
  }
}

const view = ({ topic, replyCount, lastReplyAt }: Listed, channel: Channel): Topic => ({
  target: channel.target,
  number: topic.number,
  threadId: topic.threadId,
  title: topic.title,
  replyCount: replyCount ?? 0,
  lastReplyAt,
  createdBy: topic.createdBy,
  createdAt: topic.createdAt,
  updatedAt: topic.updatedAt,
  closedAt: topic.closedAt,
})

const unknown = (channel: Channel, number: number): NekodeError =>
  new NekodeError('not_found', `There is no topic ${number} in ${channel.target}.`)

function numberOf(cursor: string | undefined): number | undefined {
  if (cursor === undefined) return undefined
  if (/^\d{1,6}$/.test(cursor)) return Number(cursor)
  throw new NekodeError('invalid', 'This cursor is none of ours.', { code: 'invalid_cursor' })
}
