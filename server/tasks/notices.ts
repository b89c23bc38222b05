import type { Actor } from '@shared/contract'
import { NOTICE_ID } from '@shared/contract/notice'
import type { Core } from '../core'
import type { Tx } from '../db/database'
import { InboxBook } from '../inbox/book'
import type { MessageRow } from '../messages/view'
import { type TaskRow, isAgent, isClosed } from './view'

/** Tells people, through their inboxes, what concerns them of tasks. Whoever does something is not told of it. */
export class TaskNotices {
  readonly #inbox: InboxBook

  constructor(private readonly core: Core) {
    this.#inbox = new InboxBook(core)
  }

  /** A task was made, or is not what it was. */
  async changed(tx: Tx, before: TaskRow | undefined, row: TaskRow, actor: Actor): Promise<void> {
    const handed = row.assigneeId !== (before?.assigneeId ?? null)
    if (handed && before && isPerson(before.assigneeId))
      await this.#inbox.taskSettled(tx, row.id, ['assigned'], [before.assigneeId])
    if (handed && !isClosed(row.state)) await this.#tell(tx, row, actor, [row.assigneeId], 'assigned')
    const asked = before?.state === 'in_review' ? before.reviewerIds : []
    const asks = row.state === 'in_review' ? row.reviewerIds : []
    const unasked = asked.filter((id) => !asks.includes(id) && isPerson(id))
    if (unasked.length) await this.#inbox.taskSettled(tx, row.id, ['review'], unasked)
    const fresh = asks.filter((id) => !asked.includes(id))
    await this.#tell(tx, row, actor, fresh, 'review')
    if (before && isClosed(row.state) && !isClosed(before.state))
      await this.#inbox.taskSettled(tx, row.id, ['assigned', 'review'])
  }

  /** Somebody has said what they think of the work: they are not asked any more. */
  reviewed(tx: Tx, row: TaskRow, reviewerId: string): Promise<void> {
    return this.#inbox.taskSettled(tx, row.id, ['review'], [reviewerId])
  }

  /**
   * Something was said in a task's thread. Whose task it is hears of it as a task's comment, unless they want to hear nothing of the thread.
   * @returns whom the thread itself needs not tell
   */
  async commented(tx: Tx, row: TaskRow, message: MessageRow, silent: ReadonlySet<string>): Promise<string[]> {
    const people = concerned(row).filter((id) => !silent.has(id) && this.#reads(row, id))
    if (message.system || message.senderId === NOTICE_ID) return people
    if (people.includes(message.senderId)) await this.#inbox.taskRead(tx, message.senderId, row.id)
    const told = people.filter((id) => id !== message.senderId)
    const { id: messageId, createdAt: at } = message
    if (told.length) await this.#inbox.task(tx, told, { task: row, reason: 'comment', messageId, at })
    return told
  }

  async #tell(
    tx: Tx,
    row: TaskRow,
    actor: Actor,
    ids: readonly (string | null)[],
    reason: 'assigned' | 'review',
  ): Promise<void> {
    const people = ids.filter((id) => isPerson(id)).filter((id) => id !== actor.id && this.#reads(row, id))
    if (people.length) await this.#inbox.task(tx, people, { task: row, reason, at: Date.now() })
  }

  /** Whoever has left the channel hears no more of it. */
  #reads(row: TaskRow, userId: string): boolean {
    const { directory } = this.core
    const user = directory.user(userId)
    if (!user || user.disabledAt !== null) return false
    return (
      directory.channel(row.channelId)?.visibility === 'public' ||
      directory.member(row.channelId, 'human', userId) !== undefined
    )
  }
}

const isPerson = (id: string | null): id is string => id !== null && id.startsWith('usr_') && !isAgent(id)

/** The people whose task it is: who does it and who wants it done. */
const concerned = (row: TaskRow): string[] => [
  ...new Set([row.assigneeId, row.createdById].filter((id) => isPerson(id))),
]
