import { newId } from '@shared/ids'
import { SYSTEM } from '../access/principal'
import type { Core } from '../core'
import type { Tx } from '../db/database'
import type { MessageRow } from '../messages/view'
import { DONE, type InboxRow, InboxStore, READ, UNREAD } from './store'
import { inboxView } from './view'

/** More changes at once than this are told as one: what is in the inbox has to be loaded again. */
const TOLD_EACH = 50
/** Unread rows of one reader that a mark looks through. */
const LOOKED_AT = 1000

/** What happened to a task. */
export interface TaskNews {
  task: { id: string; channelId: string; threadId: string | null }
  reason: Exclude<InboxRow['reason'], ''>
  /** What was said, if it was that. */
  messageId?: string | undefined
  at: number
}

/** Puts things into people's inboxes and takes them out, as part of what made them. Who may see what is decided before. */
export class InboxBook {
  readonly #store: InboxStore

  constructor(private readonly core: Core) {
    this.#store = new InboxStore(core.db)
  }

  /** A message mentions these people. */
  async mentioned(tx: Tx, message: MessageRow, userIds: readonly string[]): Promise<void> {
    const rows = userIds.map((userId) => newRow(userId, 'mention', message.id, message))
    await this.#store.insert(tx, rows)
    for (const row of rows) this.#emit(tx, row, 'created')
  }

  /** @param userIds undefined: everybody whom it mentioned */
  async unmentioned(tx: Tx, message: MessageRow, userIds: readonly string[] | undefined): Promise<void> {
    const all = await this.#store.about('mention', message.id, tx.q)
    const rows = userIds ? all.filter((row) => userIds.includes(row.userId)) : all
    await this.#store.delete(
      tx,
      rows.map(({ id }) => id),
    )
    for (const row of rows) this.#emit(tx, { ...row, state: DONE, unread: 0 }, 'deleted')
  }

  /** A thread moved: it is unread for those who follow it, and read for whoever moved it. */
  async moved(tx: Tx, message: MessageRow, followers: readonly string[]): Promise<void> {
    const known = new Map((await this.#store.about('thread', message.threadId, tx.q)).map((row) => [row.userId, row]))
    const fresh: InboxRow[] = []
    const bumped: InboxRow[] = []
    for (const userId of followers) {
      const row = known.get(userId)
      const own = userId === message.senderId
      if (!row) {
        const made = newRow(userId, 'thread', message.threadId, message)
        fresh.push(own ? { ...made, state: DONE, unread: 0 } : made)
      } else if (!own) bumped.push(row)
      else if (row.state === UNREAD) await this.change(tx, [row], READ)
    }
    await this.#store.insert(tx, fresh)
    const moved = { messageId: message.id, at: message.createdAt }
    await this.#store.bump(
      tx,
      bumped.map(({ id }) => id),
      moved,
    )
    for (const row of fresh) if (row.state === UNREAD) this.#emit(tx, row, 'created')
    // What was unread stays so: the message itself tells that there is one more.
    for (const row of bumped)
      if (row.state !== UNREAD) this.#emit(tx, { ...row, ...moved, state: UNREAD, unread: row.unread + 1 }, 'updated')
  }

  /** A task concerns these people anew. Each has one item of it, whatever happens to it. */
  async task(tx: Tx, userIds: readonly string[], news: TaskNews): Promise<void> {
    const known = new Map((await this.#store.about('task', news.task.id, tx.q)).map((row) => [row.userId, row]))
    for (const userId of new Set(userIds)) {
      const row = known.get(userId)
      const next = taskRow(userId, row, news)
      if (row) await this.#store.update(tx, [row.id], next)
      else await this.#store.insert(tx, [next])
      this.#emit(tx, next, row ? 'updated' : 'created')
    }
  }

  /**
   * A task does not wait for a look any more, for one of these reasons.
   * @param userIds undefined: whoever was told
   */
  async taskSettled(
    tx: Tx,
    taskId: string,
    reasons: readonly InboxRow['reason'][],
    userIds?: readonly string[],
  ): Promise<void> {
    for (const row of await this.#store.about('task', taskId, tx.q)) {
      if (row.state === DONE || !reasons.includes(row.reason) || userIds?.includes(row.userId) === false) continue
      await this.change(tx, [row], DONE)
    }
  }

  /** Somebody has looked at a task. */
  async taskRead(tx: Tx, userId: string, taskId: string): Promise<void> {
    const rows = await this.#store.of(userId, 'task', [taskId], tx.q)
    await this.change(
      tx,
      rows.filter((row) => row.state === UNREAD),
      READ,
    )
  }

  /** Nobody asks any more to be told of a thread. */
  async setAside(tx: Tx, userId: string, threadId: string): Promise<void> {
    const rows = await this.#store.of(userId, 'thread', [threadId], tx.q)
    await this.change(
      tx,
      rows.filter((row) => row.state !== DONE),
      DONE,
    )
  }

  /** A reader has read a channel up to a message: with it the mentions that stand in it. */
  async channelRead(tx: Tx, userId: string, channelId: string, upTo: string): Promise<void> {
    const rows = await this.#store.unread(userId, LOOKED_AT, tx.q)
    const read = rows.filter(
      (row) => row.kind === 'mention' && row.channelId === channelId && row.threadId === '' && row.messageId <= upTo,
    )
    await this.change(tx, read, READ)
  }

  /** A reader has read a thread, with the mentions that stand in it. */
  async threadRead(tx: Tx, userId: string, threadId: string): Promise<void> {
    const rows = await this.#store.unread(userId, LOOKED_AT, tx.q)
    await this.change(
      tx,
      rows.filter((row) => row.threadId === threadId || (row.kind === 'mention' && row.messageId === threadId)),
      READ,
    )
  }

  /** Brings rows into a state, and tells their reader. */
  async change(tx: Tx, rows: readonly InboxRow[], state: number): Promise<InboxRow[]> {
    const next = rows.map((row) => ({ ...row, state, unread: state === UNREAD ? Math.max(1, row.unread) : 0 }))
    const [first] = next
    if (!first) return []
    await this.#store.update(
      tx,
      next.map(({ id }) => id),
      { state, unread: first.unread },
    )
    if (next.length > TOLD_EACH) this.tellAll(tx, first.userId)
    else for (const row of next) this.#emit(tx, row, 'updated')
    return next
  }

  /** So much changed that it has to be loaded again. */
  tellAll(tx: Tx, userId: string): void {
    tx.emit({
      kind: 'inbox',
      operation: 'updated',
      aggregateId: userId,
      audience: `user:${userId}`,
      actor: SYSTEM,
      payload: { item: null },
    })
  }

  #emit(tx: Tx, row: InboxRow, operation: 'created' | 'updated' | 'deleted'): void {
    const target = this.core.directory.channel(row.channelId)?.target ?? ''
    tx.emit({
      kind: 'inbox',
      operation,
      aggregateId: row.id,
      audience: `user:${row.userId}`,
      target,
      actor: SYSTEM,
      payload: { item: inboxView(row, target) },
    })
  }
}

/** That a task was given to somebody stays what there is to say until they have seen it. */
function taskRow(userId: string, row: InboxRow | undefined, { task, reason, messageId, at }: TaskNews): InboxRow {
  const waiting = row?.state === UNREAD
  return {
    id: row?.id ?? newId('inb'),
    userId,
    kind: 'task',
    reason: waiting && reason === 'comment' ? row.reason : reason,
    subjectId: task.id,
    channelId: task.channelId,
    threadId: task.threadId ?? '',
    messageId: messageId ?? row?.messageId ?? '',
    state: UNREAD,
    unread: waiting ? row.unread + 1 : 1,
    at,
  }
}

const newRow = (
  userId: string,
  kind: InboxRow['kind'],
  subjectId: string,
  { channelId, threadId, id, createdAt }: MessageRow,
): InboxRow => ({
  id: newId('inb'),
  userId,
  kind,
  reason: '',
  subjectId,
  channelId,
  threadId,
  messageId: id,
  state: UNREAD,
  unread: 1,
  at: createdAt,
})
