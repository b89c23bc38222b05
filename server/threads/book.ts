import type { Actor } from '@shared/contract'
import { NOTICE_ID } from '@shared/contract/notice'
import { levelOf } from '../channels/levels'
import type { Core } from '../core'
import type { Tx } from '../db/database'
import { InboxBook } from '../inbox/book'
import type { MessageRow } from '../messages/view'
import { type FollowRow, ThreadStore } from './store'

/** Somebody whom a message calls by name. */
interface Called {
  kind: 'human' | 'agent'
  id: string
}

/** Tells people of a reply in a way of its own, but for those who want to hear nothing of the thread. Returns whom it told. */
type Teller = (tx: Tx, reply: MessageRow, root: MessageRow, silent: ReadonlySet<string>) => Promise<readonly string[]>

/**
 * What a message means for those who follow its thread and for those whom it mentions. Agents follow only what they are told to: one
 * that followed by itself would answer whatever is said after it.
 */
export class ThreadBook {
  readonly #store: ThreadStore
  readonly #inbox: InboxBook
  #tellOthers: Teller | undefined

  constructor(private readonly core: Core) {
    this.#store = new ThreadStore(core.db)
    this.#inbox = new InboxBook(core)
  }

  /** Some threads are about something that people are told of in other words. There is one teller at most. */
  tellWith(teller: Teller): void {
    this.#tellOthers = teller
  }

  /**
   * A message was written.
   * @param root the first message of its thread, with the reply counted
   * @param called everybody whom it calls, `@channel` included
   */
  async written(tx: Tx, row: MessageRow, root: MessageRow | undefined, called: readonly Called[]): Promise<void> {
    if (root) {
      if (root.replyCount === 1)
        await this.#store.insert(tx, { id: root.id, channelId: row.channelId, lastMessageId: row.id })
      else await this.#store.move(tx, root.id, row.id)
      if (row.senderId !== NOTICE_ID) await this.#tellFollowers(tx, row, root)
    }
    await this.called(tx, row, called)
  }

  /** A message calls people, as it was written or since it was edited. */
  async called(tx: Tx, row: MessageRow, called: readonly Called[]): Promise<void> {
    const people = called.flatMap((one) => (one.kind === 'human' && one.id !== row.senderId ? one.id : []))
    const readers = people.filter((id) => this.#reads(row.channelId, id) && !this.#isMuted(row.channelId, id))
    if (readers.length) await this.#inbox.mentioned(tx, row, readers)
  }

  /** A message does not call these any more, or is gone: then nobody. */
  async uncalled(tx: Tx, row: MessageRow, called: readonly Called[] | 'everybody'): Promise<void> {
    const people = called === 'everybody' ? undefined : called.flatMap((one) => (one.kind === 'human' ? one.id : []))
    if (people?.length !== 0) await this.#inbox.unmentioned(tx, row, people)
  }

  /** Which agents were told to follow a thread, and which not to. */
  async agents(tx: Tx, threadId: string): Promise<{ on: string[]; off: string[] }> {
    const rows = (await this.#store.follows(threadId, tx.q)).filter((row) => row.kind === 'agent')
    const ids = (state: FollowRow['state']): string[] =>
      rows.flatMap((row) => (row.state === state ? row.memberId : []))
    return { on: ids('on'), off: ids('off') }
  }

  /** Says whether somebody follows a thread. */
  async follow(tx: Tx, row: FollowRow, by: Actor, target: string): Promise<void> {
    const was = await this.#store.setFollow(tx, row)
    if (was === row.state) return
    const { kind, memberId, threadId } = row
    const followed = row.state !== 'off'
    // Nobody looks at what an agent follows: it asks when it wants to know.
    if (kind === 'agent') return
    if (!followed) await this.#inbox.setAside(tx, memberId, threadId)
    tx.emit({
      kind: 'follow',
      operation: 'updated',
      aggregateId: threadId,
      audience: `user:${memberId}`,
      target,
      actor: by,
      payload: { threadId, followed },
    })
  }

  async #tellFollowers(tx: Tx, row: MessageRow, root: MessageRow): Promise<void> {
    const follows = await this.#store.follows(root.id, tx.q)
    const known = new Set(follows.flatMap((f) => (f.kind === 'human' ? f.memberId : [])))
    const joining = new Set(
      [
        ...(root.senderKind === 'human' ? [root.senderId] : []),
        ...root.mentions.flatMap((m) => (m.kind === 'human' ? m.id : [])),
        ...(row.senderKind === 'human' ? [row.senderId] : []),
        ...row.mentions.flatMap((m) => (m.kind === 'human' ? m.id : [])),
      ].filter((id) => !known.has(id) && this.#reads(row.channelId, id)),
    )
    const rows = [...joining].map((memberId): FollowRow => ({
      threadId: root.id,
      kind: 'human',
      memberId,
      channelId: row.channelId,
      state: 'auto',
    }))
    if (rows.length) await this.#store.insertFollows(tx, rows)
    const followers = [...follows, ...rows].flatMap((f) =>
      f.kind === 'human' && this.#isTold(f, row) ? f.memberId : [],
    )
    const silent = new Set(follows.flatMap((f) => (f.kind === 'human' && f.state === 'off' ? f.memberId : [])))
    const told = (await this.#tellOthers?.(tx, row, root, silent)) ?? []
    await this.#inbox.moved(
      tx,
      row,
      followers.filter((id) => !told.includes(id)),
    )
  }

  /** Of a channel that is muted only the threads are heard that somebody asked for; one's own reply marks what one has read. */
  #isTold({ state, memberId }: FollowRow, { channelId, senderId }: MessageRow): boolean {
    if (state === 'off' || !this.#reads(channelId, memberId)) return false
    return state === 'on' || memberId === senderId || !this.#isMuted(channelId, memberId)
  }

  #isMuted(channelId: string, userId: string): boolean {
    return levelOf(this.core.directory, channelId, userId) === 'nothing'
  }

  /** Whoever has left hears no more of it. */
  #reads(channelId: string, userId: string): boolean {
    const { directory } = this.core
    const user = directory.user(userId)
    if (!user || user.disabledAt !== null) return false
    return (
      directory.channel(channelId)?.visibility === 'public' ||
      directory.member(channelId, 'human', userId) !== undefined
    )
  }
}
