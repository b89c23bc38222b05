import type { Core } from '../core'
import { MessageStore } from './store'
import type { MessageRow } from './view'

/** Enough to know what a conversation is about; an agent reads further back with its tools. */
const MAX_MESSAGES = 20
const MAX_CHARACTERS = 8_000

/** Messages for those who have been given access already: what an agent is told about the conversation that it is asked in. */
export class MessageHistory {
  readonly #store: MessageStore

  constructor(core: Core) {
    this.#store = new MessageStore(core.db)
  }

  get(id: string): Promise<MessageRow | undefined> {
    return this.#store.get(id)
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
    const fits = since.filter((m) => m.senderKind !== 'system' && (room -= m.content.length) > 0)
    return fits.toReversed()
  }
}
