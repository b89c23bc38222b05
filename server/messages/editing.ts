import { type Delivery, MAX_EDITS, type Message, type MessageVersion } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import { type Principal, type UserPrincipal, actorOf } from '../access/principal'
import type { Core } from '../core'
import type { Tx } from '../db/database'
import { deliveryView } from '../deliveries/view'
import type { Channel } from '../directory/directory'
import { contentOf } from './content'
import { Forgetting } from './forgetting'
import type { Author, MessageServices, Posted } from './parts'
import { MessageStore } from './store'
import { type MessageRow, messageView } from './view'

/** What happens around an edit that is decided where messages are written. */
export interface Surroundings {
  /** Brings a writer and the agents that a text mentions into a public channel. */
  bringIn(p: UserPrincipal, channel: Channel, content: string): Promise<void>
  /** Says that agents that are not in the channel do not see a message. */
  tellOfStrangers(tx: Tx, channel: Channel, message: MessageRow, agentIds: readonly string[]): Promise<void>
}

/**
 * Changing what was said. An edit by a person gives each agent that it mentions for the first time a delivery; an agent that had the
 * message before is not asked again, and an agent's own edits ask nobody. What is mentioned no more is not called back.
 */
export class MessageEditing {
  readonly #store: MessageStore
  readonly #forgetting: Forgetting

  constructor(
    private readonly core: Core,
    private readonly services: MessageServices,
    private readonly around: Surroundings,
  ) {
    this.#store = new MessageStore(core.db)
    this.#forgetting = new Forgetting(core.db)
  }

  /** Throws `not_author` for anybody else's message, `message_deleted`, `too_many_edits`. */
  async edit(p: Author, id: string, text: string): Promise<Posted> {
    const { row: seen, channel } = await this.#found(p, id)
    if (!wrote(p, seen))
      throw new NekodeError('forbidden', 'Only whoever wrote a message edits it.', { code: 'not_author' })
    const content = contentOf(text)
    if (content.trim() === '')
      throw new NekodeError('invalid', 'A message needs some text.', {
        code: 'invalid_request',
        next: 'To take it back, delete it.',
      })
    if (p.kind === 'user') await this.around.bringIn(p, channel, content)
    const { posted, concerned } = await this.core.db.tx((tx) => this.#revise(tx, p, id, channel, content))
    await this.services.channels.tellCounts(channel, concerned)
    return posted
  }

  async #revise(
    tx: Tx,
    p: Author,
    id: string,
    channel: Channel,
    content: string,
  ): Promise<{ posted: Posted; concerned: string[] }> {
    const row = await this.#current(tx, id)
    if (row.content === content) return { posted: { message: messageView(row), deliveries: [] }, concerned: [] }
    const version = (await this.#store.edits(id, tx.q)).length
    if (version >= MAX_EDITS)
      throw new NekodeError('precondition', `This message was edited ${MAX_EDITS} times; it stays as it is.`, {
        code: 'too_many_edits',
        next: 'Write a new message.',
      })
    const writtenAt = row.editedAt ?? row.createdAt
    const { writer, router } = this.services
    const sender = actorOf(p)
    const { row: next, added, removed } = await writer.revise(tx, row, channel, content, sender)
    const replacedAt = next.editedAt ?? Date.now()
    await this.#store.insertEdit(tx, { messageId: id, version, content: row.content, writtenAt, replacedAt })
    const agents = added.flatMap((one) => (one.kind === 'agent' ? one.id : []))
    const concerned = [...added, ...removed].flatMap((one) => (one.kind === 'human' ? one.id : []))
    let deliveries: Delivery[] = []
    if (p.kind === 'user' && agents.length) {
      await this.around.tellOfStrangers(tx, channel, next, agents)
      const rows = await router.routeAdded(tx, { channel, message: next, sender, hops: 0 }, agents)
      deliveries = rows.map(deliveryView)
    }
    return { posted: { message: messageView(next), deliveries }, concerned }
  }

  /** Deletes for good what a message said. Deleting twice is no error. */
  async delete(p: Author, id: string): Promise<Message> {
    const { row: seen, channel } = await this.#found(p, id)
    if (!wrote(p, seen) && !this.core.access.can(p, 'manage', channel))
      throw new NekodeError('forbidden', 'Only whoever wrote a message deletes it, or an admin of the channel.', {
        code: 'not_author',
      })
    const by = actorOf(p)
    const concerned: string[] = []
    const erased = await this.core.db.tx(async (tx) => {
      const row = (await this.#store.get(id, tx.q)) ?? seen
      if (row.deletedAt !== null) return row
      const texts = [row.content, ...(await this.#store.edits(id, tx.q)).map((edit) => edit.content)]
      const next = await this.services.writer.erase(tx, row, by)
      await this.#forgetting.forget(tx, row, next, texts)
      await this.services.attachments.release(tx, id)
      const failure = { reason: 'killed', message: `@${by.name} deleted the message.` } as const
      await this.services.cleanup.unasked(tx, id, failure, by)
      concerned.splice(0, Infinity, ...row.mentions.flatMap((m) => (m.kind === 'human' ? m.id : [])))
      return next
    })
    await this.services.channels.tellCounts(channel, concerned)
    return messageView(erased)
  }

  /** What a message said until each of its edits, for whoever may read it. */
  async versions(p: Principal, id: string): Promise<{ items: MessageVersion[] }> {
    const row = await this.#store.get(id)
    if (!row) throw gone()
    this.core.access.channelById(p, 'read', row.channelId)
    const items = await this.#store.edits(id)
    return { items: items.map(({ content, writtenAt, replacedAt }) => ({ content, writtenAt, replacedAt })) }
  }

  /** A message that somebody writes in the channel of. */
  async #found(p: Principal, id: string): Promise<{ row: MessageRow; channel: Channel }> {
    const row = await this.#store.get(id)
    if (!row) throw gone()
    return { row, channel: this.core.access.channelById(p, 'write', row.channelId) }
  }

  async #current(tx: Tx, id: string): Promise<MessageRow> {
    const row = await this.#store.get(id, tx.q)
    if (!row) throw gone()
    return notDeleted(row)
  }
}

const gone = (): NekodeError => new NekodeError('not_found', 'There is no such message.')

/** Throws `message_deleted` for what is only a place any more. */
export function notDeleted(row: MessageRow): MessageRow {
  if (row.deletedAt === null) return row
  throw new NekodeError('precondition', 'This message was deleted.', { code: 'message_deleted' })
}

/** What the server says in somebody's name is not theirs. */
const wrote = (p: Author, row: MessageRow): boolean =>
  row.senderKind === actorOf(p).kind && row.senderId === p.id && row.system === null
