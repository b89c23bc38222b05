import { MAX_EMOJI, MAX_PINS, MAX_REACTIONS, type Message, type Reaction } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import { type AgentPrincipal, type Principal, type UserPrincipal, actorOf } from '../access/principal'
import type { Core } from '../core'
import type { Tx } from '../db/database'
import { notDeleted } from './editing'
import { MessageStore } from './store'
import { type MessageRow, messageView } from './view'
import type { MessageWriter } from './writer'

type Participant = UserPrincipal | AgentPrincipal

/** What is put on messages by others: reactions and pins. Setting what is set already changes nothing. */
export class MessageMarks {
  readonly #store: MessageStore

  constructor(
    private readonly core: Core,
    private readonly writer: MessageWriter,
  ) {
    this.#store = new MessageStore(core.db)
  }

  /** Throws `too_many_reactions`, `message_deleted`. */
  react(p: Participant, id: string, emoji: string): Promise<Message> {
    return this.#change(p, id, async (tx, row) => {
      const reactions = withReaction(notDeleted(row).reactions, emoji, whoOf(p))
      if (reactions === row.reactions) return row
      await this.#store.update(tx, id, { reactions })
      return { ...row, reactions }
    })
  }

  unreact(p: Participant, id: string, emoji: string): Promise<Message> {
    return this.#change(p, id, async (tx, row) => {
      const me = whoOf(p)
      if (!row.reactions.some((r) => r.emoji === emoji && r.by.some((one) => one.id === me.id))) return row
      const reactions = row.reactions
        .map((r) => (r.emoji === emoji ? { ...r, by: r.by.filter((one) => one.id !== me.id) } : r))
        .filter((r) => r.by.length > 0)
      await this.#store.update(tx, id, { reactions })
      return { ...row, reactions }
    })
  }

  /** Throws `too_many_pins`, `message_deleted`. */
  pin(p: Participant, id: string): Promise<Message> {
    return this.#change(p, id, async (tx, row) => {
      if (notDeleted(row).pinned) return row
      if ((await this.#store.pins(row.channelId, tx.q)).length >= MAX_PINS)
        throw new NekodeError('precondition', `${row.target} has ${MAX_PINS} pinned messages already.`, {
          code: 'too_many_pins',
          next: 'Unpin one that is not needed any more.',
        })
      const pinned = { by: actorOf(p), at: Date.now() }
      await this.#store.insertPin(tx, { channelId: row.channelId, messageId: id, createdAt: pinned.at })
      await this.#store.update(tx, id, { pinned })
      return { ...row, pinned }
    })
  }

  unpin(p: Participant, id: string): Promise<Message> {
    return this.#change(p, id, async (tx, row) => {
      if (!row.pinned) return row
      await this.#store.deletePin(tx, row)
      await this.#store.update(tx, id, { pinned: null })
      return { ...row, pinned: null }
    })
  }

  /** A channel's pinned messages, the latest pinned first. */
  async pins(p: Principal, target: string): Promise<{ items: Message[] }> {
    const channel = this.core.access.channel(p, 'read', target)
    const ids = await this.#store.pins(channel.id)
    const rows = new Map((await this.#store.named(ids)).map((row) => [row.id, row]))
    return { items: ids.flatMap((id) => rows.get(id) ?? []).map(messageView) }
  }

  async #change(
    p: Participant,
    id: string,
    change: (tx: Tx, row: MessageRow) => Promise<MessageRow>,
  ): Promise<Message> {
    const seen = await this.#store.get(id)
    if (!seen) throw new NekodeError('not_found', 'There is no such message.')
    this.core.access.channelById(p, 'write', seen.channelId)
    return this.core.db.tx(async (tx) => {
      const row = (await this.#store.get(id, tx.q)) ?? seen
      const next = await change(tx, row)
      if (next !== row) this.writer.emit(tx, next, 'updated', actorOf(p))
      return messageView(next)
    })
  }
}

type Who = Reaction['by'][number]

const whoOf = (p: Participant): Who => ({ kind: p.kind === 'user' ? 'human' : 'agent', id: p.id })

/** @returns the same list when nothing changes */
function withReaction(reactions: Reaction[], emoji: string, who: Who): Reaction[] {
  const known = reactions.find((r) => r.emoji === emoji)
  if (known?.by.some((one) => one.id === who.id)) return reactions
  const count = reactions.reduce((sum, r) => sum + r.by.length, 0)
  if ((!known && reactions.length >= MAX_EMOJI) || count >= MAX_REACTIONS)
    throw new NekodeError('precondition', 'This message has as many reactions as it can take.', {
      code: 'too_many_reactions',
      next: known ? 'Say it in its thread.' : 'Use an emoji that is there already.',
    })
  if (!known) return [...reactions, { emoji, by: [who] }]
  return reactions.map((r) => (r === known ? { ...r, by: [...r.by, who] } : r))
}
