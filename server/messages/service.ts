import type { Message, MessageKind, MessagePage } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import { SYSTEM, type Principal, type UserPrincipal, actorOf } from '../access/principal'
import { briefView } from '../attachments/view'
import type { Core } from '../core'
import type { Tx } from '../db/database'
import { deliveryView } from '../deliveries/view'
import type { Channel } from '../directory/directory'
import type { SearchRequest } from '../search/service'
import { MessageEditing } from './editing'
import { MessageMarks } from './marks'
import type { Author, MessageServices, Post, Posted } from './parts'
import { MessageSource } from './searching'
import { MessageStore } from './store'
import { type MessageRow, messageView } from './view'
import { findMentions } from './mentions'

const PAGE = 50

export class MessageService {
  readonly editing: MessageEditing
  readonly marks: MessageMarks
  readonly #store: MessageStore
  readonly #source: MessageSource

  constructor(
    private readonly core: Core,
    private readonly services: MessageServices,
  ) {
    this.#store = new MessageStore(core.db)
    this.#source = new MessageSource(core.db)
    this.marks = new MessageMarks(core, services.writer)
    this.editing = new MessageEditing(core, services, {
      bringIn: (p, channel, content) => this.#bringIn(p, channel, content),
      tellOfStrangers: (tx, channel, message, ids) => this.#tellOfStrangers(tx, channel, message, ids),
    })
  }

  /** Writes a message; agents that it concerns get a delivery in the same transaction. */
  async post(p: Author, input: Post): Promise<Posted> {
    const channel = this.core.access.channel(p, 'write', input.target)
    if (input.content.trim() === '' && !input.attachmentIds?.length)
      throw new NekodeError('invalid', 'A message needs some text or a file.', { code: 'invalid_request' })
    const threadId = input.threadId === undefined ? null : await this.threadOf(channel, input.threadId)
    if (p.kind === 'user') await this.#bringIn(p, channel, input.content)
    return this.core.db.tx((tx) => {
      const perform = (): Promise<Posted> => this.#write(tx, p, channel, threadId, input)
      if (input.requestId === undefined) return perform()
      const { target, content, kind, metadata, attachmentIds = [] } = input
      const call = {
        principal: `${p.kind}:${p.id}`,
        method: 'message',
        key: input.requestId,
        request: {
          target,
          content,
          kind,
          threadId,
          ...(metadata === undefined ? {} : { metadata }),
          ...(attachmentIds.length ? { attachmentIds } : {}),
        },
      }
      return this.core.idempotency.once(tx, call, perform)
    })
  }

  /**
   * Writes a member's message as part of somebody else's transaction, when the caller has been found to be allowed to. Idempotency is
   * up to that transaction.
   */
  postIn(
    tx: Tx,
    p: Author,
    channel: Channel,
    { threadId, ...post }: { content: string; kind: MessageKind; threadId: string | null },
  ): Promise<Posted> {
    return this.#write(tx, p, channel, threadId, { ...post, target: channel.target })
  }

  async #write(tx: Tx, p: Author, channel: Channel, threadId: string | null, input: Post): Promise<Posted> {
    const { writer, router, work, attachments } = this.services
    const sender = actorOf(p)
    const files = await attachments.claim(tx, p.id, channel.id, input.attachmentIds ?? [])
    const at = p.kind === 'agent' ? await work.current(tx, p.id, channel.id) : undefined
    const message = await writer.write(tx, {
      channel,
      threadId,
      sender,
      content: input.content,
      kind: input.kind,
      requestId: input.requestId,
      runId: at?.runId,
      outbound: input.outbound,
      metadata: input.metadata,
      attachments: files.map(briefView),
    })
    await attachments.bind(tx, files, message)
    const agents = message.mentions.flatMap((m) => (m.kind === 'agent' ? m.id : []))
    if (agents.length) await this.#tellOfStrangers(tx, channel, message, agents)
    if (!router.concernsAgents(channel, message.mentions, threadId))
      return { message: messageView(message), deliveries: [] }
    const hops = p.kind === 'agent' ? (at?.hops ?? 0) + 1 : 0
    const deliveries = await router.route(tx, { channel, message, sender, hops })
    return { message: messageView(message), deliveries: deliveries.map(deliveryView) }
  }

  /** Mentioning an agent in a public channel brings it in; into a private one its members have to add it. */
  async #bringIn(p: UserPrincipal, channel: Channel, content: string): Promise<void> {
    const { directory, db } = this.core
    const joining = this.core.access.membership(p, channel.id) === undefined
    const agents = findMentions(content, directory).flatMap((m) => {
      const agent = m.kind === 'agent' ? directory.agent(m.id) : undefined
      return agent && !directory.member(channel.id, 'agent', agent.id) ? [agent] : []
    })
    if (channel.visibility !== 'public' || (!joining && !agents.length)) return
    if (joining) await this.services.channels.join(p, channel.target)
    if (agents.length)
      await db.tx(async (tx) => {
        for (const agent of agents) await this.services.channels.admitAgent(tx, p, channel, agent)
      })
  }

  async #tellOfStrangers(tx: Tx, channel: Channel, message: MessageRow, agentIds: readonly string[]): Promise<void> {
    const strangers = message.mentions.filter(
      (m) => agentIds.includes(m.id) && !this.core.directory.member(channel.id, 'agent', m.id),
    )
    for (const m of strangers)
      await this.services.writer.write(tx, {
        channel,
        threadId: message.threadId || message.id,
        sender: SYSTEM,
        content: `@${m.name} is not a member of ${channel.target} and does not see this. Add it to the channel, then mention it again.`,
        kind: 'status',
        system: { type: 'agent.not_member', data: { agentId: m.id, agentName: m.name } },
      })
  }

  /** These messages, for those who have been found to be allowed to read them. */
  async shown(ids: readonly string[]): Promise<Message[]> {
    return (await this.#store.named(ids)).map(messageView)
  }

  /** The first message of a thread, whichever of its messages was named. Throws `thread_unknown`. */
  async threadOf(channel: Channel, id: string): Promise<string> {
    const message = await this.#store.get(id)
    if (!message || message.channelId !== channel.id)
      throw new NekodeError('not_found', `There is no such thread in ${channel.target}.`, {
        code: 'thread_unknown',
        next: 'Use the id of a message in that channel.',
      })
    return message.threadId || message.id
  }

  async list(
    p: Principal,
    query: {
      target: string
      threadId?: string | undefined
      limit?: number | undefined
      cursor?: string | undefined
      after?: string | undefined
      around?: string | undefined
    },
  ): Promise<MessagePage> {
    const channel = this.core.access.channel(p, 'read', query.target)
    const limit = query.limit ?? PAGE
    const scope = { channelId: channel.id, threadId: query.threadId ?? '' }
    const rows =
      query.around === undefined
        ? await this.#store.page({ ...scope, limit: limit + 1, before: query.cursor, after: query.after })
        : await this.#around(scope, query.around, limit)
    const more = query.around === undefined && rows.length > limit
    const items = more ? rows.slice(0, limit) : rows
    // A thread's page shows its first message too, at the end of the oldest page.
    const root =
      query.threadId !== undefined && !more && query.after === undefined
        ? await this.#store.get(query.threadId)
        : undefined
    if (root && root.channelId === channel.id) items.push(root)
    const last = items.at(-1)
    return { ...(await this.#with(items)), ...(more && last ? { nextCursor: last.id } : {}) }
  }

  async #around(scope: { channelId: string; threadId: string }, id: string, limit: number): Promise<MessageRow[]> {
    const half = Math.ceil(limit / 2)
    const newer = await this.#store.page({ ...scope, limit: half, after: id })
    const middle = await this.#store.get(id)
    const older = await this.#store.page({ ...scope, limit: half, before: id })
    const own = middle && middle.channelId === scope.channelId && middle.threadId === scope.threadId ? [middle] : []
    return [...newer.toReversed(), ...own, ...older]
  }

  async #with(rows: MessageRow[]): Promise<MessagePage> {
    const ids = rows.map((r) => r.id)
    return { items: rows.map(messageView), ...(await this.services.outcomes.ofMessages(ids)) }
  }

  async get(p: Principal, id: string): Promise<{ message: Message } & Pick<MessagePage, 'deliveries' | 'runs'>> {
    const row = await this.#store.get(id)
    if (!row) throw new NekodeError('not_found', 'There is no such message.')
    this.core.access.channelById(p, 'read', row.channelId)
    const { deliveries, runs } = await this.#with([row])
    return { message: messageView(row), deliveries, runs }
  }

  async search(
    p: Principal,
    query: Omit<SearchRequest, 'kinds' | 'has'> & { sender?: string | undefined; hasAttachment?: boolean | undefined },
  ): Promise<{ items: Message[]; nextCursor?: string }> {
    const { sender, hasAttachment, ...request } = query
    const q = sender === undefined ? request.q : `from:${sender} ${request.q}`
    const has = hasAttachment ? (['file'] as const) : undefined
    const { docs, nextCursor } = await this.services.search.find(p, { ...request, q, has, kinds: ['message'] })
    const rows = new Map((await this.#source.named(docs.map((doc) => doc.refId))).map((row) => [row.id, row]))
    const items = docs.flatMap((doc) => rows.get(doc.refId) ?? [])
    return { items: items.map(messageView), ...(nextCursor === undefined ? {} : { nextCursor }) }
  }
}
