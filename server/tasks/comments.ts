import type { Message } from '@shared/contract'
import type { Core } from '../core'
import type { Tx } from '../db/database'
import type { MessageService } from '../messages/service'
import type { MessageRow } from '../messages/view'
import type { TaskBook, Worker } from './book'
import type { TaskDesk } from './desk'

const PAGE = 50

/** What is said about tasks: messages in their threads, so that everything that holds for messages holds for them. */
export class TaskComments {
  constructor(
    private readonly core: Core,
    private readonly book: TaskBook,
    private readonly desk: TaskDesk,
    private readonly messages: MessageService,
  ) {}

  /** Oldest first. */
  async list(
    p: Worker,
    ref: string,
    query: { limit?: number | undefined; cursor?: string | undefined },
  ): Promise<{ items: Message[]; nextCursor?: string }> {
    const { row, channel } = await this.book.find(p, 'read', ref)
    if (row.threadId === null) return { items: [] }
    const after = query.cursor ?? row.threadId
    const { target } = channel
    const { items, nextCursor } = await this.messages.list(p, {
      target,
      threadId: row.threadId,
      after,
      limit: query.limit ?? PAGE,
    })
    return { items, ...(nextCursor === undefined ? {} : { nextCursor }) }
  }

  async add(p: Worker, ref: string, content: string, requestId?: string): Promise<Message> {
    const { channel } = await this.book.find(p, 'write', ref)
    const threadId = await this.begin(p, ref)
    return (await this.messages.post(p, { target: channel.target, content, threadId, requestId })).message
  }

  /** A reply was written in some thread. If a task's, the people whose task it is are told. Returns whom the thread need not tell. */
  async said(tx: Tx, reply: MessageRow, root: MessageRow, silent: ReadonlySet<string>): Promise<string[]> {
    const row = root.system?.type === 'task.thread' ? await this.book.byThread(tx, root.id) : undefined
    return row ? this.book.notices.commented(tx, row, reply, silent) : []
  }

  /** The thread of a task, begun when there is none. */
  async begin(p: Worker, ref: string): Promise<string> {
    await this.book.find(p, 'write', ref)
    return this.core.db.tx(async (tx) => {
      const { row, channel } = await this.book.find(p, 'write', ref, tx.q)
      return (await this.desk.thread(tx, row, channel)).threadId
    })
  }

  /** The thread of a task that has one. Whoever reads it is checked by what they read it with. */
  async threadOf(taskId: string): Promise<string | undefined> {
    return (await this.book.peek(taskId))?.threadId ?? undefined
  }
}
