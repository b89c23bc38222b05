import type { Core } from '../core'
import { MessageStore } from './store'
import type { MessageRow } from './view'

/** Enough to know what a conversation is about; an agent reads further back with its tools. */
const MAX_MESSAGES = 20
const MAX_CHARACTERS = 8_000
/** A digest is all that an agent is told about what it was not asked about. */
const MAX_DIGEST = { messages: 100, characters: 24_000 }

/** Messages for those who have been given access already: what an agent is told about the conversation that it is asked in. */
export class MessageHistory {
  readonly #store: MessageStore

  constructor(core: Core) {
    this.#store = new MessageStore(core.db)
  }

  get(id: string): Promise<MessageRow | undefined> {
    return this.#store.get(id)
  }

  /** What others said in a channel, threads included, after one message and before another, as far as it fits. Oldest first. */
  async between(sinceId: string, message: MessageRow, agentId: string): Promise<MessageRow[]> {
    const rows = await this.#store.between(message.channelId, sinceId, message.id, MAX_DIGEST.messages)
    let room = MAX_DIGEST.characters - message.content.length
    const said = rows.filter((m) => m.senderKind !== 'system' && m.senderId !== agentId && m.deletedAt === null)
    return said.filter((m) => (room -= m.content.length) > 0).toReversed()
  }

  /** What was said in a message's thread, or in its direct conversation, since an agent last spoke there. Oldest first. */
  async sinceAgentSpoke(message: MessageRow, agentId: string): Promise<MessageRow[]> {
    const page = await this.#store.page({
      channelId: message.channelId,
      threadId: message.threadId,
      limit: MAX_MESSAGES,
      before: message.id,
    })
    const root = message.threadId && page.length < MAX_MESSAGES ? await this.#store.get(message.threadId) : undefined
    const spoke = page.findIndex((m) => m.senderId === agentId)
    const since = spoke < 0 ? [...page, ...(root ? [root] : [])] : page.slice(0, spoke)
    let room = MAX_CHARACTERS
    const fits = since.filter(
      (m) => m.senderKind !== 'system' && m.deletedAt === null && (room -= m.content.length) > 0,
    )
    return fits.toReversed()
  }
}
