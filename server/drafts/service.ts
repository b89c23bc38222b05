import { type Draft, MAX_DRAFTS } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import { type UserPrincipal, actorOf } from '../access/principal'
import type { Core } from '../core'
import type { MessageService } from '../messages/service'
import { type DraftRow, DraftStore } from './store'

/** What people have written and not sent: one draft a conversation, the same on all of a person's devices, and nobody else's to see. */
export class DraftService {
  readonly #store: DraftStore

  constructor(
    private readonly core: Core,
    private readonly messages: MessageService,
  ) {
    this.#store = new DraftStore(core.db)
  }

  /** The latest first, without those of conversations that their writer has left. */
  async list(p: UserPrincipal): Promise<{ items: Draft[] }> {
    const rows = await this.#store.ofUser(p.id)
    const items = rows.flatMap((row) => {
      const channel = this.core.directory.channel(row.channelId)
      return channel && this.core.access.can(p, 'read', channel) ? [view(row, channel.target)] : []
    })
    return { items: items.toSorted((a, b) => b.updatedAt - a.updatedAt) }
  }

  /** The last device that writes wins. Empty content removes the draft. */
  async put(
    p: UserPrincipal,
    input: { target: string; threadId?: string | undefined; content: string },
  ): Promise<Draft> {
    const channel = this.core.access.channel(p, 'write', input.target)
    const threadId = input.threadId === undefined ? '' : await this.messages.threadOf(channel, input.threadId)
    const content = input.content.toWellFormed()
    const row: DraftRow = { userId: p.id, channelId: channel.id, threadId, content, updatedAt: Date.now() }
    const draft = view(row, channel.target)
    await this.core.db.tx(async (tx) => {
      const known = await this.#store.ofUser(p.id, tx.q)
      const before = known.find((one) => one.channelId === channel.id && one.threadId === threadId)
      if ((before?.content ?? '') === content) return
      if (!before && known.length >= MAX_DRAFTS)
        throw new NekodeError('precondition', `There are ${MAX_DRAFTS} drafts already.`, {
          code: 'too_many_drafts',
          next: 'Send or remove some first.',
        })
      if (before) await this.#store.delete(tx, before)
      if (content !== '') await this.#store.insert(tx, row)
      tx.emit({
        kind: 'draft',
        operation: content === '' ? 'deleted' : 'updated',
        aggregateId: threadId || channel.id,
        audience: `user:${p.id}`,
        target: channel.target,
        actor: actorOf(p),
        payload: draft,
      })
    })
    return draft
  }
}

const view = ({ threadId, content, updatedAt }: DraftRow, target: string): Draft => ({
  target,
  threadId: threadId || null,
  content,
  updatedAt,
})
