import type { Actor, AttachmentBrief, Mention, MessageKind } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import { newId } from '@shared/ids'
import type { Core } from '../core'
import type { OutboundPolicy, Tx } from '../db/database'
import type { Channel } from '../directory/directory'
import type { SearchService } from '../search/service'
import { ThreadBook } from '../threads/book'
import { findGroups, findMentions } from './mentions'
import { type SystemFact, systemText } from './notices'
import { messageDoc } from './searching'
import { type Called, MessageStore } from './store'
import { type MessageRow, messageView } from './view'

/** People whom one message calls with `@channel` or `@here`. */
const MAX_CALLED = 1000

export interface NewMessage {
  channel: Channel
  threadId: string | null
  sender: Actor
  content: string
  kind?: MessageKind | undefined
  runId?: string | undefined
  requestId?: string | undefined
  /** Its text is then in the channel's language, as far as there are words for it. */
  system?: SystemFact | undefined
  outbound?: OutboundPolicy | undefined
  metadata?: Record<string, unknown> | undefined
  attachments?: AttachmentBrief[] | undefined
}

/** What became of whom a message calls when it was changed. */
export interface Recalled {
  row: MessageRow
  /** Called now and not before. */
  added: Called[]
  /** Called before and not any more. */
  removed: Called[]
}

/** Puts messages into a channel: the row, its mentions, the reply count of its thread, the event. Who may do so is decided before. */
export class MessageWriter {
  readonly #store: MessageStore
  readonly #threads: ThreadBook

  constructor(
    private readonly core: Core,
    private readonly search: SearchService,
  ) {
    this.#store = new MessageStore(core.db)
    this.#threads = new ThreadBook(core)
  }

  /** See `ThreadBook.tellWith`. */
  tellWith(...teller: Parameters<ThreadBook['tellWith']>): void {
    this.#threads.tellWith(...teller)
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
      content: input.system ? (systemText(channel.language, input.system) ?? input.content) : input.content,
      mentions: input.system ? [] : this.#mentions(channel, sender, input.content),
      system: input.system ?? null,
      runId: input.runId ?? null,
      requestId: input.requestId ?? null,
      replyCount: 0,
      lastReplyAt: null,
      attachments: input.attachments ?? [],
      reactions: [],
      pinned: null,
      metadata: input.metadata ?? null,
      editedAt: null,
      deletedAt: null,
      createdAt: Date.now(),
    }
    await this.#store.insert(tx, row)
    const called = row.mentions.length ? this.#called(row) : []
    if (called.length) await this.#store.insertMentions(tx, row, called)
    if (!row.system) await this.search.add(tx, messageDoc(row))
    this.emit(tx, row, 'created', sender, input.outbound)
    if (row.threadId) {
      const root = await this.#store.countReply(tx, row.threadId, row.createdAt)
      if (root) this.emit(tx, root, 'updated', sender)
      await this.#threads.written(tx, row, root, called)
    } else if (called.length) await this.#threads.written(tx, row, undefined, called)
    return row
  }

  /** Lets a message say something else. Whoever it still calls is not called again. */
  async revise(tx: Tx, row: MessageRow, channel: Channel, content: string, by: Actor): Promise<Recalled> {
    const mentions = this.#mentions(channel, by, content)
    const next: MessageRow = { ...row, content, mentions, editedAt: Date.now() }
    const was = this.#called(row)
    const now = this.#called(next)
    // Who is here changes all the time: a group that is still called is the one that was called first.
    const added = mentions.some(isGroup) && row.mentions.some(isGroup) ? without(named(next), was) : without(now, was)
    const removed = mentions.some(isGroup) ? [] : without(was, now)
    const { editedAt } = next
    await this.#store.update(tx, row.id, { content, mentions, editedAt })
    await this.#store.deleteMentions(tx, row, [...removed, ...added])
    await this.#store.insertMentions(tx, next, added)
    await this.#threads.uncalled(tx, row, removed)
    await this.#threads.called(tx, next, added)
    await this.search.put(tx, messageDoc(next))
    this.emit(tx, next, 'updated', by)
    return { row: next, added, removed }
  }

  /** Takes everything out of a message but its place. */
  async erase(tx: Tx, row: MessageRow, by: Actor): Promise<MessageRow> {
    const set = {
      content: '',
      mentions: [],
      attachments: [],
      reactions: [],
      pinned: null,
      metadata: null,
      system: null,
      deletedAt: Date.now(),
    } satisfies Partial<MessageRow>
    const next: MessageRow = { ...row, ...set }
    await this.#store.update(tx, row.id, set)
    await this.#store.deleteMentions(tx, row, this.#called(row, true))
    await this.#threads.uncalled(tx, row, 'everybody')
    await this.#store.deleteEdits(tx, row.id)
    if (row.pinned) await this.#store.deletePin(tx, row)
    await this.search.remove(tx, 'message', row.id)
    this.emit(tx, next, 'deleted', by)
    return next
  }

  /** The id of the last message that a run's agent wrote by itself in a channel. */
  lastOfRun(tx: Tx, runId: string, channelId: string): Promise<string | null> {
    return this.#store.lastOfRun(tx, runId, channelId)
  }

  /** Only people call groups: an agent that did would start a conversation with everybody. */
  #mentions(channel: Channel, sender: Actor, content: string): Mention[] {
    const { directory } = this.core
    const groups =
      sender.kind === 'human' && channel.kind === 'channel' ? findGroups(content, channel.id, directory) : []
    return [...findMentions(content, directory), ...groups]
  }

  /** @param anybody everybody whom a group could have called, whoever was here then */
  #called(row: MessageRow, anybody = false): Called[] {
    const groups = row.mentions.filter(isGroup)
    if (!groups.length) return named(row)
    const { directory, hub } = this.core
    const all = anybody || groups.some((m) => m.name === 'channel')
    const people = directory.members(row.channelId).flatMap(({ kind, memberId: id }) => {
      const isCalled = kind === 'human' && id !== row.senderId && (all || hub.isHere(id))
      return isCalled ? [{ kind, id }] : []
    })
    if (people.length > MAX_CALLED && !anybody) throw tooMany(people.length)
    return [...named(row), ...without(people, named(row))]
  }

  emit(
    tx: Tx,
    row: MessageRow,
    operation: 'created' | 'updated' | 'deleted',
    actor: Actor,
    outbound?: OutboundPolicy,
  ): void {
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

const isGroup = (m: Mention): boolean => m.kind === 'channel'

const named = (row: MessageRow): Called[] =>
  row.mentions.flatMap(({ kind, id }) => (kind === 'channel' ? [] : [{ kind, id }]))

const without = (some: readonly Called[], others: readonly Called[]): Called[] => {
  const known = new Set(others.map((one) => one.id))
  return some.filter((one) => !known.has(one.id))
}

const tooMany = (count: number): NekodeError =>
  new NekodeError('precondition', `This would call ${count} people; one message calls at most ${MAX_CALLED}.`, {
    code: 'too_many_mentioned',
    next: 'Mention those whom it concerns, or use @here.',
  })
