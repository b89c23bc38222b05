import type { Actor, MessageKind } from '@shared/contract'
import { newId } from '@shared/ids'
import type { Core } from '../core'
import type { OutboundPolicy, Tx } from '../db/database'
import type { Channel } from '../directory/directory'
import type { SearchService } from '../search/service'
import { findMentions } from './mentions'
import { messageDoc } from './searching'
import { MessageStore } from './store'
import { type MessageRow, messageView } from './view'

export interface NewMessage {
  channel: Channel
  threadId: string | null
  sender: Actor
  content: string
  kind?: MessageKind | undefined
  runId?: string | undefined
  requestId?: string | undefined
  system?: { type: string; data: Record<string, unknown> } | undefined
  outbound?: OutboundPolicy | undefined
}

/** Puts messages into a channel: the row, its mentions, the reply count of its thread, the event. Who may do so is decided before. */
export class MessageWriter {
  readonly #store: MessageStore

  constructor(
    private readonly core: Core,
    private readonly search: SearchService,
  ) {
    this.#store = new MessageStore(core.db)
  }

  async write(tx: Tx, input: NewMessage): Promise<MessageRow> {
    const { channel, sender } = input
    const row: MessageRow = {
      id: newId('msg'),
      channelId: channel.id,
      target: channel.target,
      threadId: input.threadId ?? '',
      kind: input.kind ?? 'note',
      senderKind: sender.kind,
      senderId: sender.id,
      senderName: sender.name,
      senderDisplayName: sender.displayName,
      content: input.content,
      mentions: input.system ? [] : findMentions(input.content, this.core.directory),
      system: input.system ?? null,
      runId: input.runId ?? null,
      requestId: input.requestId ?? null,
      replyCount: 0,
      lastReplyAt: null,
      createdAt: Date.now(),
    }
    await this.#store.insert(tx, row)
    if (row.mentions.length) await this.#store.insertMentions(tx, row)
    if (!row.system) await this.search.add(tx, messageDoc(row))
    this.#emit(tx, row, 'created', sender, input.outbound)
    if (row.threadId) {
      const root = await this.#store.countReply(tx, row.threadId, row.createdAt)
      if (root) this.#emit(tx, root, 'updated', sender)
    }
    return row
  }

  /** The id of the last message that a run's agent wrote by itself in a channel. */
  lastOfRun(tx: Tx, runId: string, channelId: string): Promise<string | null> {
    return this.#store.lastOfRun(tx, runId, channelId)
  }

  #emit(tx: Tx, row: MessageRow, operation: 'created' | 'updated', actor: Actor, outbound?: OutboundPolicy): void {
    tx.emit({
      kind: 'message',
      operation,
      aggregateId: row.id,
      audience: `channel:${row.channelId}`,
      target: row.target,
      actor,
      payload: messageView(row),
      outbound,
    })
  }
}
