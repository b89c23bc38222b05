import type { Message } from '@shared/contract'
import type { Core } from '../core'
import type { MessageService } from '../messages/service'
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
    await this.book.find(p, 'write', ref)
    const { threadId, target } = await this.core.db.tx(async (tx) => {
      const { row, channel } = await this.book.find(p, 'write', ref, tx.q)
      return { threadId: (await this.desk.thread(tx, row, channel)).threadId, target: channel.target }
    })
    return (await this.messages.post(p, { target, content, threadId, requestId })).message
  }

  /** The thread of a task, for older clients, which take the task's own id for it. */
  async threadOf(taskId: string): Promise<string | undefined> {
    return (await this.book.peek(taskId))?.threadId ?? undefined
  }
}
